"""Makes Parquet of a CSV of earthquakes: for each magnitude, how many are at least so strong."""

import json
import os
import sys

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

source, target = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()

quakes = spark.read.csv(source, header=True).select(F.col("mag").cast("double").alias("magnitude")).where("magnitude is not null")
tenths = quakes.groupBy((F.floor(F.col("magnitude") * 10) / 10).alias("magnitude")).count()
stronger = Window.orderBy(F.desc("magnitude")).rowsBetween(Window.unboundedPreceding, Window.currentRow)
frequencies = tenths.select("magnitude", F.sum("count").over(stronger).alias("events"))
frequencies.coalesce(1).write.mode("overwrite").parquet(target)

counted = {"rows": quakes.count(), "magnitudes": spark.read.parquet(target).count(), "table": target}
print(json.dumps(counted))
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump(counted, output)
spark.stop()
