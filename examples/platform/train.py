"""Fits the law of Gutenberg and Richter: of one magnitude more there are ten times fewer earthquakes."""

import json
import os
import sys

import mlflow
import numpy
import pyarrow.fs
import pyarrow.parquet
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

table, experiment, name = sys.argv[1:]
storage = pyarrow.fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
frequencies = pyarrow.parquet.read_table(f"{os.environ['TABLES_BUCKET']}/{table}", filesystem=storage).to_pandas()

# Few events say little, and below the least magnitude of a catalogue some are missing.
few = 10
used = frequencies[frequencies["events"] >= few]
magnitudes, logarithms = used[["magnitude"]], numpy.log10(used["events"].astype(float))

mlflow.set_experiment(experiment)
with mlflow.start_run() as run:
    law = LinearRegression().fit(magnitudes, logarithms)
    mlflow.log_params({"table": table, "least_events": few})
    fitted = {
        "a_value": float(law.intercept_),
        "b_value": float(-law.coef_[0]),
        "r2": float(law.score(magnitudes, logarithms)),
        "events": int(frequencies["events"].max()),
    }
    mlflow.log_metrics(fitted)
    model = mlflow.sklearn.log_model(
        law, name="law", registered_model_name=name, signature=infer_signature(magnitudes, law.predict(magnitudes)),
        pip_requirements=["scikit-learn"],
    )  # fmt: skip
mlflow.MlflowClient().set_registered_model_alias(name, "champion", model.registered_model_version)

print(json.dumps({"run": run.info.run_id, "version": model.registered_model_version, **fitted}))
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump({"version": model.registered_model_version, **fitted}, output)
