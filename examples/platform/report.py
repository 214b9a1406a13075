"""Asks a model of the registry, and tells an HTTP API what it says."""

import json
import os
import sys
import urllib.request

import mlflow
import pandas

name = sys.argv[1]
version = mlflow.MlflowClient().get_model_version_by_alias(name, "champion")
run = mlflow.get_run(version.run_id)
law = mlflow.pyfunc.load_model(f"models:/{name}@champion")
strong = 10 ** float(law.predict(pandas.DataFrame({"magnitude": [4.0]}))[0])

report = {
    "model": name,
    "version": int(version.version),
    "rows": int(run.data.metrics["events"]),
    "b_value": round(run.data.metrics["b_value"], 3),
    "expected_at_least_4": round(strong, 3),
}
request = urllib.request.Request(
    os.environ["API_BASE_URL"] + "/reports",
    json.dumps(report).encode(),
    {"Authorization": "Bearer " + os.environ["API_TOKEN"], "Content-Type": "application/json"},
)
with urllib.request.urlopen(request, timeout=30) as answer:
    print(answer.status, answer.read().decode())
print(json.dumps(report))
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump(report, output)
