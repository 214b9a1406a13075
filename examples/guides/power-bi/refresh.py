"""Refreshes a dataset of Power BI, and waits for the end of it."""

import json
import os
import sys
import time

import requests
from azure.identity import DefaultAzureCredential

workspace, dataset = sys.argv[1:]
refreshes = f"https://api.powerbi.com/v1.0/myorg/groups/{workspace}/datasets/{dataset}/refreshes"
credential = DefaultAzureCredential()


def call(method: str, url: str, **body) -> requests.Response:
    # The credential keeps its token, and asks for another one when that ends.
    token = credential.get_token("https://analysis.windows.net/powerbi/api/.default").token
    answer = requests.request(method, url, headers={"Authorization": "Bearer " + token}, timeout=60, **body)
    if not answer.ok:
        sys.exit(f"Power BI answers {answer.status_code}: {answer.text}")
    return answer


started = call("POST", refreshes, json={"type": "full", "commitMode": "transactional", "retryCount": 1})
refresh = started.headers["Location"].rstrip("/").rsplit("/", 1)[-1]
print("refresh", refresh, "has begun")

status = "Unknown"
while status in ("Unknown", "NotStarted", "InProgress"):
    time.sleep(5)
    details = call("GET", f"{refreshes}/{refresh}").json()
    status = details["status"]
if status != "Completed":
    sys.exit(f"the refresh ended as {status}: {json.dumps(details.get('messages', details))}")

print("the dataset is up to date since", details["endTime"])
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump({"refresh": refresh, "status": status, "ended": details["endTime"]}, output)
