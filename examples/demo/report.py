"""Reads a table back, and tells an HTTP API what is in it."""

import json
import os
import sys
import time
import urllib.request

import pyarrow.compute
import pyarrow.fs
import pyarrow.parquet

storage = pyarrow.fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
path = f"{os.environ['TABLES_BUCKET']}/{sys.argv[1]}"
while storage.get_file_info(path).type == pyarrow.fs.FileType.NotFound:
    print(path, "is not there yet")
    time.sleep(2)
table = pyarrow.parquet.read_table(path, filesystem=storage)

strongest = table.sort_by([("mag", "descending")]).slice(0, 1).select(["time", "mag", "place"]).to_pylist()[0]
report = {
    "object": path,
    "rows": table.num_rows,
    "mean_magnitude": round(pyarrow.compute.mean(table["mag"]).as_py(), 2),
    "strongest": strongest,
}
request = urllib.request.Request(
    os.environ["API_BASE_URL"] + "/reports",
    json.dumps(report, default=str).encode(),
    {"Authorization": "Bearer " + os.environ["API_TOKEN"], "Content-Type": "application/json"},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    print(answer.status, answer.read().decode())
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump({"rows": table.num_rows}, output)
