terraform import analytics_airflow.flow data/flow
