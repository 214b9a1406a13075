"""Stores the orders of one hour as Parquet. Without an argument it is the last full hour,
else the one that begins at the given time, such as 2026-05-01T13:00+00:00."""

import datetime
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pyarrow
import pyarrow.fs
import pyarrow.parquet


def get(path: str, query: dict) -> dict:
    """Asks the API, and waits where it says that there were too many requests."""
    request = urllib.request.Request(
        f"{os.environ['SHOP_BASE_URL']}/{path}?{urllib.parse.urlencode(query)}",
        headers={"Authorization": "Bearer " + os.environ["SHOP_TOKEN"]},
    )
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 429:
                raise
            time.sleep(int(error.headers.get("Retry-After", 10)))


def orders(begin: datetime.datetime, end: datetime.datetime):
    """Gives the orders of all pages."""
    query = {"updated_from": begin.isoformat(), "updated_to": end.isoformat(), "limit": 500}
    while True:
        page = get("orders", query)
        yield from page["orders"]
        if not page.get("next"):
            return
        query["cursor"] = page["next"]


hour = datetime.timedelta(hours=1)
if len(sys.argv) > 1:
    begin = datetime.datetime.fromisoformat(sys.argv[1])
else:
    begin = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0) - hour
rows = list(orders(begin, begin + hour))
done = {"hour": begin.isoformat(), "rows": len(rows)}
if rows:
    # The same hour always goes to the same object, so a second run repairs and never doubles.
    done["object"] = f"{os.environ['LAKE_BUCKET']}/orders/{begin:%Y/%m/%d/%H}.parquet"
    storage = pyarrow.fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), done["object"], filesystem=storage)

print(json.dumps(done))
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump(done, output)
