"""Loads on a server, from the other CPU: dnsperf for what an answer costs, our own `load` for saturation and latency."""

import re
import subprocess
import time
from array import array
from dataclasses import dataclass

from ask import question_of, write_questions
from process import LOAD_CPU, pin
from zone import SUBNET, draw, owner

OUTSTANDING = 200
"""Few enough for the smallest receive buffer among the servers."""
QUESTIONS = 100_000


class Questions:
    """Of one kind about one zone, in the form of each load."""

    def __init__(self, folder, name, asked, packets, options=()):
        self.text, self.wire, self.options = folder / f"{name}.txt", folder / f"{name}.wire", list(options)
        self.text.write_text("".join(f"{owner} A\n" for owner in asked))
        write_questions(self.wire, packets)

    @classmethod
    def of(cls, folder, zone, kind, name=None):
        numbers = draw(zone, kind, QUESTIONS)
        options = ["-E", f"8:{SUBNET.hex()}"] if kind == "geo-subnet" else []
        return cls(
            folder, name or kind, (owner(kind, n) for n in numbers), (question_of(kind, n) for n in numbers), options
        )


def cost(server, questions, seconds):
    """What an answer costs while dnsperf asks as fast as it can."""
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(server.port), "-d", questions.text, "-l", str(seconds)]
    command += ["-c", "8", "-q", str(OUTSTANDING), *questions.options]
    before, began = server.process.cpu_time(), time.monotonic()
    said = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=pin(LOAD_CPU)).stdout
    took, used = time.monotonic() - began, server.process.cpu_time() - before
    completed = int(re.search(r"Queries completed:\s+(\d+)", said)[1])
    microseconds = used.nanoseconds / 1000 / completed
    return {
        "us": microseconds,
        "user_us": microseconds * used.user_share,
        "per_second": float(re.search(r"Queries per second:\s+([\d.]+)", said)[1]),
        "busy": used.nanoseconds / 1e9 / took,
        "lost": int(re.search(r"Queries lost:\s+(\d+)", said)[1]),
    }


@dataclass
class Answers:
    """What came of a load."""

    began: float
    sent: int
    failures: int
    at_us: array
    trip_tenth_us: array

    @property
    def lost(self):
        return self.sent - len(self.at_us)

    def between(self, first_us, last_us):
        """Sorted round trips in microseconds of the answers that came in this time."""
        pairs = zip(self.at_us, self.trip_tenth_us)
        return sorted(trip / 10 for at, trip in pairs if first_us <= at < last_us)


class Load:
    """A running load."""

    def __init__(self, bench, server, questions, seconds, rate=0):
        self.out = bench.folder / "answers"
        command = [bench.tools / "load", str(server.port), questions.wire, str(seconds), str(rate), str(OUTSTANDING)]
        self.process = subprocess.Popen(
            [*command, self.out], stdout=subprocess.PIPE, text=True, preexec_fn=pin(LOAD_CPU)
        )

    def finish(self):
        said = self.process.communicate()[0]
        if self.process.returncode:
            raise SystemExit("the load failed")
        began, sent, _, failures = said.split()
        numbers = array("I", self.out.read_bytes())
        return Answers(float(began), int(sent), int(failures), numbers[::2], numbers[1::2])


def quantile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
