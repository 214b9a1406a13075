import json
import os
import urllib.request

request = urllib.request.Request(
    os.environ["CRM_BASE_URL"] + "/accounts",
    headers={"Authorization": "Bearer " + os.environ["CRM_TOKEN"]},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    accounts = json.load(answer)

# Stands in the resource's result.output, and so in the state.
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump({"accounts": len(accounts)}, output)
