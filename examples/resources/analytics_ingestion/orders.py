import io
import os
import sys

import boto3
import pandas

rows = pandas.read_csv("https://orders.example.com/export.csv?since=" + sys.argv[-1])
parquet = io.BytesIO()
rows.to_parquet(parquet)
boto3.client("s3").put_object(Bucket=os.environ["RAW_BUCKET"], Key="orders.parquet", Body=parquet.getvalue())
print(len(rows), "orders")
