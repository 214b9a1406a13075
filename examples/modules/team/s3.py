"""Puts an object into a bucket, with Python's standard library alone."""

import datetime
import hashlib
import hmac
import os
import urllib.parse
import urllib.request


def put(key: str, body: bytes) -> None:
    """Signs and sends one request, with AWS Signature Version 4."""
    endpoint, region = os.environ["LAKE_ENDPOINT_URL"], os.environ["LAKE_REGION"]
    host = urllib.parse.urlsplit(endpoint).netloc
    path = urllib.parse.quote(f"/{os.environ['LAKE_BUCKET']}/{key}")
    digest = hashlib.sha256(body).hexdigest()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
    names = ";".join(headers)
    request = "\n".join(["PUT", path, "", *(f"{k}:{v}" for k, v in headers.items()), "", names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(request.encode()).hexdigest()])
    secret = ("AWS4" + os.environ["LAKE_AWS_SECRET_ACCESS_KEY"]).encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={os.environ['LAKE_AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    urllib.request.urlopen(urllib.request.Request(endpoint + path, body, headers, method="PUT"), timeout=30).close()
