"""A small HTTP API: a feed of earthquakes, and reports from those who have a token."""

import csv
import datetime
import hmac
import http.server
import io
import json
import os
import random
import signal
import sys

# The columns of the CSV feeds of the United States Geological Survey.
COLUMNS = (
    "time,latitude,longitude,depth,mag,magType,nst,gap,dmin,rms,net,id,updated,place,type,"
    "horizontalError,depthError,magError,magNst,status,locationSource,magSource"
).split(",")
PLACES = ["Ridgecrest, CA", "Pāhala, Hawaii", "Anchor Point, Alaska", "L'Aquila, Italy", "Tōkamachi, Japan"]


def feed(events: int) -> bytes:
    """Makes up earthquakes, always the same ones."""
    chance = random.Random(1906)
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number in range(events):
        at += datetime.timedelta(seconds=chance.expovariate(1 / 300))
        time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        network, stations = chance.choice(["ci", "hv", "ak", "us"]), chance.randint(4, 90)
        place = f"{chance.randint(1, 99)} km {chance.choice(['N', 'ESE', 'SW'])} of {chance.choice(PLACES)}"
        # Gutenberg and Richter: ten times fewer for each magnitude more.
        magnitude = min(9.5, 0.5 + chance.expovariate(2.3))
        writer.writerow([
            time, f"{chance.uniform(-60, 70):.4f}", f"{chance.uniform(-180, 180):.4f}", f"{chance.uniform(0, 120):.2f}",
            f"{magnitude:.2f}", "ml", stations, chance.randint(20, 300), "" if network == "ak" else f"{chance.random():.5f}",
            f"{chance.random():.2f}", network, f"{network}{70000000 + number}", time, place, "earthquake",
            f"{chance.uniform(0.1, 3):.2f}", f"{chance.uniform(0.1, 9):.2f}", f"{chance.uniform(0.01, 0.5):.3f}",
            stations, "reviewed", network, network,
        ])  # fmt: skip
    return table.getvalue().encode()


FEED = feed(2000)
REPORTS: list[dict] = []
TOKEN = os.environ["API_TOKEN"]


class Handler(http.server.BaseHTTPRequestHandler):
    def knows_token(self) -> bool:
        return hmac.compare_digest(self.headers.get("Authorization", ""), "Bearer " + TOKEN)

    def answer(self, status: int, body: bytes | dict | list, kind: str = "application/json") -> None:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        match self.path:
            case "/":
                self.answer(200, {"reports": len(REPORTS)})
            case "/earthquakes.csv":
                self.answer(200, FEED, "text/csv; charset=utf-8")
            case "/reports" if self.knows_token():
                self.answer(200, REPORTS)
            case "/reports":
                self.answer(401, {"error": "a bearer token is needed"})
            case _:
                self.answer(404, {"error": "there is nothing here"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/reports":
            self.answer(404, {"error": "there is nothing here"})
        elif not self.knows_token():
            self.answer(401, {"error": "a bearer token is needed"})
        else:
            REPORTS.append(json.loads(body))
            del REPORTS[:-10]
            self.answer(201, {"received": len(body)})


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
