import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

spark = SparkSession.builder.getOrCreate()
target = sys.argv[1]
length = F.udf(len, "int")  # runs Python on the executors

words = spark.createDataFrame([(word,) for word in "the quick brown fox jumps over the lazy dog".split()], "word string").repartition(2)
words.groupBy(length("word").alias("length")).count().write.mode("overwrite").parquet(target)
print(sorted(spark.read.parquet(target).collect()))
spark.stop()
