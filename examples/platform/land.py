"""Fetches a CSV of earthquakes and stores it as it is."""

import json
import os
import sys
import urllib.request

import pyarrow.fs

source, name = sys.argv[1:]
with urllib.request.urlopen(source, timeout=30) as answer:
    table = answer.read()

# Endpoint, region and credentials are in the environment.
storage = pyarrow.fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
path = f"{os.environ['RAW_BUCKET']}/{name}"
with storage.open_output_stream(path) as output:
    output.write(table)

stored = {"object": path, "bytes": storage.get_file_info(path).size, "rows": table.count(b"\n") - 1}
print(json.dumps(stored))
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump(stored, output)
