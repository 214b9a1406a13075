terraform import analytics_spark_job.daily data/daily
