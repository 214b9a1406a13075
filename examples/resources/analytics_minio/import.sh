terraform import analytics_minio.lake data/lake
