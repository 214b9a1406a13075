"""Starts a job of Databricks, and waits for the end of it."""

import datetime
import json
import os
import sys

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import RunResultState

job, day = sys.argv[1:]
# Host and token are in the environment.
jobs = WorkspaceClient().jobs

# With the same idempotency token, a second try finds the run of the first one.
started = jobs.run_now(job_id=int(job), job_parameters={"day": day}, idempotency_token=f"{job}-{day}")
print("run", started.run_id, "has begun")
run = started.result(timeout=datetime.timedelta(hours=2))
if run.state.result_state != RunResultState.SUCCESS:
    sys.exit(f"the run ended as {run.state.result_state}: {run.state.state_message}. See {run.run_page_url}")

print("the run has succeeded:", run.run_page_url)
with open(os.environ["OUTPUT_FILE"], "w") as output:
    json.dump({"run": run.run_id, "state": run.state.result_state.value}, output)
