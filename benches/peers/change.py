"""How change reaches answers: a reload under load, and one verdict among many steered names."""

import socket
import threading
import time

from ask import Client, question
from large import MILLION, POOLS, STEERED, ManySteered
from loads import Load, Questions, quantile
from servers import Steersman
from zone import address, host_address, owner

LOAD_SECONDS, CALM_SECONDS, AFTER_SECONDS = 20, 4, 1
RELOAD_PATIENCE_SECONDS = 60
CHANGES = 20
"""How often the endpoint fails and recovers."""


def reload(bench, rate):
    """Round trips before and during a reload of a million names, and answers lost."""
    found = []
    server = Steersman(bench, MILLION, "-reload")
    server.start()
    questions = Questions.of(bench.folder, MILLION, "static", "million")
    text = (server.folder / "zones/example.com.zone").read_text()
    client = Client(server.port)
    for number in range(bench.few):
        changed = f"192.0.2.{number + 100}"
        fresh = server.put("fresh", text.replace(f"\nhost0 A {host_address(0)}\n", f"\nhost0 A {changed}\n"))
        load = Load(bench, server, questions, LOAD_SECONDS, rate)
        time.sleep(CALM_SECONDS)
        began = time.monotonic()
        fresh.rename(server.folder / "zones/example.com.zone")
        limit = began + RELOAD_PATIENCE_SECONDS
        while (answer := client.ask(question("host0.example.com."))) is None or answer[1] != [changed]:
            if time.monotonic() > limit:
                raise SystemExit("the changed zone is not served")
            time.sleep(0.02)
        seconds = time.monotonic() - began
        if CALM_SECONDS + seconds + AFTER_SECONDS > LOAD_SECONDS:
            raise SystemExit(f"the reload took {seconds:.1f} s, longer than the load")
        answers = load.finish()
        since = (began - answers.began) * 1e6
        before, during = answers.between(1e6, since), answers.between(since, since + (seconds + AFTER_SECONDS) * 1e6)
        result = {
            "lost": answers.lost + answers.failures,
            "seconds": seconds,
            "before_p99_us": quantile(before, 0.99),
            "during_p99_us": quantile(during, 0.99),
        }
        found.append(result)
        bench.say(f"reload at {rate:.0f}/s: {result}")
    client.close()
    server.remove()
    return found


class Watched(ManySteered):
    """The first pool has an endpoint of its own; all others are probed by one question that is always well."""

    def __init__(self, bench, endpoint, *rest):
        self.endpoint = endpoint
        self.monitors = '[monitors.web]\nhttp = {}\ninterval = "50ms"\ntimeout = "50ms"\nfall = 1\nrise = 1\n'
        super().__init__(bench, *rest)

    def pool(self, n):
        path = self.endpoint.port if n == 0 else self.endpoint.well_port
        return (
            f'[pools.p{n}]\nmonitor = "web"\n'
            f'endpoints = [{{ address = "{address("us", n)}", probe = "127.0.0.1:{path}" }}]\n'
        )


class Endpoint:
    """Answers probes, on one port as it is told, on another always well."""

    def __init__(self):
        self.well, self.said_at = True, 0.0
        self.port, self.well_port = self.listen(lambda: self.well), self.listen(lambda: True)

    def listen(self, is_well):
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, args=(listener, is_well), daemon=True).start()
        return listener.getsockname()[1]

    def serve(self, listener, is_well):
        said = None
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                status = b"200 OK" if (well := is_well()) else b"500 Bad"
                if well != said and listener.getsockname()[1] == self.port:
                    said, self.said_at = well, time.monotonic()
                connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def verdict(bench):
    """Milliseconds from a probe's answer to the first answer that follows it."""
    endpoint, found = Endpoint(), []
    server = Watched(bench, endpoint, STEERED, POOLS, "-verdict")
    server.start()
    client = Client(server.port)
    steered, other = question(owner("failover", 0)), question(owner("failover", 1))
    first, second = ({address("us", n)} for n in (0, 1))
    client.wait_for(steered, first, 10)
    for number in range(CHANGES * 2):
        time.sleep(0.2)
        endpoint.well = not endpoint.well
        when = client.wait_for(steered, first if endpoint.well else second, 10)
        found.append((when - endpoint.said_at) * 1000)
        unrelated = client.ask(other)
        if unrelated != (0, list(second)):
            raise SystemExit(f"an unrelated name was touched: {unrelated}")
    bench.say(f"one verdict among {STEERED} names: {sorted(found)} ms")
    server.remove()
    return found
