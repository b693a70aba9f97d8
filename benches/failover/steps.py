"""The last steps alone: from the probe that makes a verdict, or a person's word, to the changed answer."""

import random
import socket
import threading
import time
import urllib.request

from ask import Client, question
from contestants import ZONE, put
from process import Process, free_port

PRIMARY, SPARE = "192.0.2.1", "192.0.2.2"


class Endpoint:
    """Answers probes as it is told, and knows when it first did so. Each connection has a thread."""

    def __init__(self):
        self.well, self.said, self.said_at = True, None, 0.0
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            threading.Thread(target=self.serve, args=(listener.accept()[0],), daemon=True).start()

    def serve(self, connection):
        with connection:
            if not connection.recv(4096):
                return
            status = b"200 OK" if (well := self.well) else b"500 Bad"
            if well != self.said:
                self.said, self.said_at = well, time.monotonic()
            connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def steps(bench, trials):
    """Seconds of each kind of step."""
    endpoint, folder = Endpoint(), bench.folder / "steps"
    port, admin = free_port(), free_port()
    put(folder / "zones/example.com.zone", ZONE)
    put(
        folder / "zones/pools.toml",
        '[monitors.web]\nhttp = {}\ninterval = "50ms"\ntimeout = "50ms"\nfall = 1\nrise = 1\n'
        f'[pools.main]\nmonitor = "web"\nendpoints = [{{ address = "{PRIMARY}", probe = "127.0.0.1:{endpoint.port}" }}]\n'
        f'[pools.calm]\nendpoints = ["{PRIMARY}"]\n[pools.spare]\nendpoints = ["{SPARE}"]\n',
    )
    put(folder / "zones/example.com.toml", 'www.failover = ["main", "spare"]\nset.failover = ["calm", "spare"]\n')
    put(
        folder / "steersman.toml",
        f'geoip = []\n[dns]\nlisten = ["127.0.0.1:{port}"]\nworkers = 1\n[admin]\nlisten = "127.0.0.1:{admin}"\n',
    )
    process = Process([bench.steersman, "serve"], folder)
    bench.running.append(process)
    client = Client(port)
    client.wait_for(question("www.example.com."), {PRIMARY}, 20)
    token = (folder / "state/admin.token").read_text().strip()
    found = {"verdict": [], "override": []}
    for number in range(2 * trials):
        time.sleep(random.uniform(0.1, 0.3))
        endpoint.well = not endpoint.well
        when = client.wait_for(question("www.example.com."), {PRIMARY if endpoint.well else SPARE}, 10)
        found["verdict"].append(when - endpoint.said_at)
        since = time.monotonic()
        thread = threading.Thread(target=say, args=(admin, token, number % 2 == 0))
        thread.start()
        when = client.wait_for(question("set.example.com."), {SPARE if number % 2 == 0 else PRIMARY}, 10)
        found["override"].append(when - since)
        thread.join()
    bench.stop(process)
    for name, took in found.items():
        bench.say(f"{name}: median {sorted(took)[trials] * 1000:.2f} ms, most {max(took) * 1000:.2f} ms")
    return found


def say(admin, token, drain):
    request = urllib.request.Request(
        f"http://127.0.0.1:{admin}/api/v1/overrides/pool/calm",
        method="PUT" if drain else "DELETE",
        data=b'{"state":"drain","reason":"measured"}' if drain else None,
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).read()
