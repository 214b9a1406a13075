"""Fetches a CSV of earthquakes and stores it as Parquet."""

import io
import json
import os
import sys
import urllib.request

import pyarrow.csv
import pyarrow.fs
import pyarrow.parquet

source, name = sys.argv[1:]
with urllib.request.urlopen(source, timeout=30) as answer:
    table = pyarrow.csv.read_csv(io.BytesIO(answer.read()))

# Endpoint, region and credentials are in the environment. The object appears whole, when
# the last part of it was sent.
storage = pyarrow.fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
path = f"{os.environ['TABLES_BUCKET']}/{name}"
pyarrow.parquet.write_table(table, path, filesystem=storage)

stored = {"object": path, "bytes": storage.get_file_info(path).size, "rows": table.num_rows, "columns": table.num_columns}
print(json.dumps(stored))
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump(stored, output)
