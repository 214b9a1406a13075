"""Stands in for the APIs of vendors, under their own names and with their documented
paths. It takes only the credentials that its environment holds, and writes a line of
JSON for each request."""

import http.server
import json
import os
import ssl
import threading
import urllib.parse

LOGIN, POWER_BI, SHOP = "login.microsoftonline.com", "api.powerbi.com", "shop.example.com"
DATABRICKS = os.environ["DATABRICKS_NAME"]
TENANT, CLIENT = os.environ["TENANT"], os.environ["CLIENT"]
POWER_BI_TOKEN = "a-token-that-login-gave-out"
REFRESHES = f"/v1.0/myorg/groups/{os.environ['GROUP']}/datasets/{os.environ['DATASET']}/refreshes"
REFRESH = "1344a272-7893-4afa-a4b3-3fb87222fdac"
RUN = 455644833

lock = threading.Lock()
asked: dict[str, int] = {}


def times(what: str) -> int:
    """Counts what was asked before."""
    with lock:
        asked[what] = asked.get(what, 0) + 1
        return asked[what] - 1


def login(method: str, path: str, query: dict, body: bytes, bearer: str):
    base = f"https://{LOGIN}/{TENANT}"
    match method, path:
        case "GET", "/common/discovery/instance":
            names = {"preferred_network": LOGIN, "preferred_cache": LOGIN, "aliases": [LOGIN]}
            return 200, {"tenant_discovery_endpoint": base + "/v2.0/.well-known/openid-configuration", "metadata": [names]}
        case "GET", p if p == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            return 200, {
                "issuer": base + "/v2.0",
                "authorization_endpoint": base + "/oauth2/v2.0/authorize",
                "token_endpoint": base + "/oauth2/v2.0/token",
            }
        case "POST", p if p == f"/{TENANT}/oauth2/v2.0/token":
            form = dict(urllib.parse.parse_qsl(body.decode()))
            expected = {
                "grant_type": "client_credentials",
                "client_id": CLIENT,
                "client_secret": os.environ["CLIENT_SECRET"],
                "scope": "https://analysis.windows.net/powerbi/api/.default",
            }
            if any(form.get(name) != value for name, value in expected.items()):
                return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
            return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": POWER_BI_TOKEN}


def power_bi(method: str, path: str, query: dict, body: bytes, bearer: str):
    if bearer != POWER_BI_TOKEN:
        return 403, {"error": {"code": "PowerBINotAuthorizedException"}}
    match method, path:
        case "POST", p if p == REFRESHES:
            wanted = json.loads(body)
            if "notifyOption" in wanted or wanted.get("type") != "full":
                return 400, {"error": {"code": "BadRequest"}}
            return 202, None, {"Location": f"https://{POWER_BI}{REFRESHES}/{REFRESH}"}
        case "GET", p if p == f"{REFRESHES}/{REFRESH}":
            if times("refresh") == 0:
                return 202, {"startTime": "2026-05-01T04:30:00Z", "type": "Full", "status": "Unknown", "extendedStatus": "InProgress"}
            ended = {"startTime": "2026-05-01T04:30:00Z", "endTime": "2026-05-01T04:31:00Z"}
            return 200, ended | {"type": "Full", "status": "Completed", "extendedStatus": "Completed"}


def databricks(method: str, path: str, query: dict, body: bytes, bearer: str):
    if path.startswith("/.well-known/"):
        return 404, {"error_code": "NOT_FOUND"}
    if bearer != os.environ["DATABRICKS_TOKEN"]:
        return 403, {"error_code": "PERMISSION_DENIED", "message": "Invalid access token."}
    match method, path:
        case "POST", "/api/2.2/jobs/run-now":
            wanted = json.loads(body)
            if wanted != {"job_id": 11223344, "job_parameters": {"day": "2026-05-01"}, "idempotency_token": "11223344-2026-05-01"}:
                return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": json.dumps(wanted)}
            return 200, {"run_id": RUN, "number_in_job": RUN}
        case "GET", "/api/2.2/jobs/runs/get" if query.get("run_id") == str(RUN):
            state = {"life_cycle_state": "RUNNING", "state_message": "In run"}
            if times("run") > 0:
                state = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS", "state_message": ""}
            return 200, {"job_id": 11223344, "run_id": RUN, "state": state, "run_page_url": f"https://{DATABRICKS}/#job/11223344/run/{RUN}"}


def shop(method: str, path: str, query: dict, body: bytes, bearer: str):
    if bearer != os.environ["SHOP_TOKEN"]:
        return 401, {"error": "unauthorized"}
    if (method, path) != ("GET", "/api/v1/orders") or not {"updated_from", "updated_to"} <= query.keys():
        return None
    page = int(query.get("cursor", 0))
    if page == 1 and times("shop") == 0:
        return 429, {"error": "too many requests"}, {"Retry-After": "1"}
    rows = [{"id": 500 * page + n, "amount": n / 4, "updated": query["updated_from"]} for n in range(500 if page < 2 else 7)]
    return 200, {"orders": rows, "next": str(page + 1) if page < 2 else None}


VENDORS = {LOGIN: login, POWER_BI: power_bi, DATABRICKS: databricks, SHOP: shop}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        host = self.headers.get("Host", "").split(":")[0]
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        vendor = VENDORS.get(host, lambda *_: None)
        status, answer, *headers = vendor(self.command, url.path, dict(urllib.parse.parse_qsl(url.query)), body, bearer) or (404, {})
        print(json.dumps({"host": host, "request": f"{self.command} {url.path}", "status": status}), flush=True)
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers[0].items() if headers else ():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = respond

    def log_message(self, *args) -> None:
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
server = http.server.ThreadingHTTPServer(("", int(os.environ.get("PORT", 8443))), Handler)
# The handshake is each connection's own matter: done here, one that is slow holds up all.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
