"""A real daemon on loopback, with all that it has metrics of, and servers that can be broken under it."""

import http.server
import json
import os
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

TOKEN = "0123456789abcdef0123456789abcdef"
DAEMON = """
geoip = []
state = "state"
[dns]
listen = ["127.0.0.1:0"]
[dns.rate_limit]
responses_per_second = 5
exempt = []
[dns.tls]
certificate = "chain.pem"
key = "key.pem"
dot = ["127.0.0.1:0"]
doh = ["127.0.0.1:0"]
doq = ["127.0.0.1:0"]
[git]
remote = "repository"
every = "1s"
[webhooks.ops]
url = "http://{0}/told"
group = "1s"
[admin]
listen = "127.0.0.1:0"
token_file = "token"
[log]
format = "json"

[dnstap]
socket = "dnstap.sock"

[decision_log]
file = "decisions.jsonl"
"""
ZONE = """
$ORIGIN example.com.
$TTL 1h
@   SOA ns1 hostmaster 1 1h 15m 4w 5m
    NS  ns1
ns1 A   192.0.2.53
"""
NAMES = """
[www]
failover = ["main", "spare"]
failback = "10s"
[api]
weighted = { main = 1, spare = 1 }
"""
POOLS = """
[regions.east]
[regions.west]
[monitors.web]
http = {{ path = "/" }}
interval = "200ms"
timeout = "200ms"
fall = 2
rise = 1
[pools.main]
region = "east"
monitor = "web"
panic_below = "50%"
endpoints = [{{ address = "192.0.2.1", probe = "{0}" }}, {{ address = "2001:db8::1", probe = "{0}" }}]
[pools.spare]
region = "west"
monitor = "web"
endpoints = [{{ address = "198.51.100.1", probe = "{1}" }}]
"""


def until(what, holds, seconds=60):
    """Waits for what must come."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.1)
    return found


class Server:
    """An endpoint that answers every request with 200, or with 500 while it is broken."""

    def __init__(self):
        self.is_well, outer = True, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200 if outer.is_well else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.do_GET()

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.address = "127.0.0.1:{}".format(self.http.server_address[1])


class Daemon:
    """Steersman over two such servers; ends with the block."""

    def __init__(self, steersman, folder):
        self.steersman, self.folder = str(Path(steersman).absolute()), Path(folder)
        self.main, self.spare = Server(), Server()
        self.told = Server()
        self.write("repository/zones/example.com.zone", ZONE)
        self.write("repository/zones/example.com.toml", NAMES)
        self.write("repository/zones/pools.toml", POOLS.format(self.main.address, self.spare.address))
        self.git("init", "-q", "-b", "main")
        self.commit()
        self.write("steersman.toml", DAEMON.format(self.told.address))
        self.write("token", TOKEN)
        (self.folder / "token").chmod(0o600)
        made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        files = ["-keyout", self.folder / "key.pem", "-out", self.folder / "chain.pem"]
        subprocess.run([*made, "-subj", "/CN=ns1.example.com", *files], check=True, capture_output=True)
        (self.folder / "key.pem").chmod(0o600)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def git(self, *arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "-C", self.folder / "repository", *who, *arguments], check=True, capture_output=True)

    def commit(self):
        """Has the daemon find what was written."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")

    def __enter__(self):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [self.steersman, "serve"], cwd=self.folder, stdin=subprocess.DEVNULL, stderr=self.errors
        )
        serving = until("it serves", self.serving)
        self.dns, self.admin = serving["dns"], serving["admin"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def log(self):
        # Not by a seek, which would move the place where the daemon writes.
        return os.pread(self.errors.fileno(), 1 << 24, 0).decode()

    def serving(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the daemon has ended:\n{self.log()}")
        lines = [json.loads(line) for line in self.log().splitlines()]
        return next((line for line in lines if line["message"] == "serving"), None)

    def ask(self, name, *how):
        """What is said of a name."""
        asked = [self.steersman, "ask", name, "--server", self.dns, *how]
        return subprocess.run(asked, capture_output=True, text=True, timeout=30).stdout

    def call(self, method, path, body=None):
        """Status and text of a page of the admin endpoint."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://{self.admin}{path}", data, method=method)
        request.add_header("Authorization", f"Bearer {TOKEN}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
