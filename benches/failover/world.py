"""Two networks that nobody else sees: the servers and whoever asks them in one, the endpoints in the other."""

import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
INSIDE = "STEERSMAN_FAILOVER_INSIDE"
FRESH = ["unshare", "--net"]


def enter():
    """Begins this program again in a network of its own, which ends with it."""
    if INSIDE in os.environ:
        return subprocess.run("ip link set lo up".split(), check=True)
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    os.environ[INSIDE] = "1"
    os.execvp(FRESH[0], [*FRESH, *as_root, "--", sys.executable, *sys.argv])


class Far:
    """The endpoints."""

    def __init__(self, count):
        self.process = subprocess.Popen(
            [*FRESH, "--", sys.executable, HERE / "far.py", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ours, theirs = (Path(f"/proc/{pid}/ns/net") for pid in ("self", self.process.pid))
        while ours.readlink() == theirs.readlink():
            time.sleep(0.01)
        link = f"ip link add near type veth peer name far netns {self.process.pid}"
        for command in (link, "ip address add 198.18.0.1/15 dev near", "ip link set near up"):
            subprocess.run(command.split(), check=True)
        self.order("here")

    def order(self, *words):
        """Gives an order and waits until it is carried out. Returns when it was given."""
        when = time.monotonic()
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "ok\n":
            raise SystemExit(f"the endpoints ended at: {words}")
        return when

    def end(self):
        self.process.stdin.close()
        self.process.wait()
