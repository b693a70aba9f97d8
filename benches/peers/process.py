"""A server as a process: started on CPU 0, its CPU time and memory read, ended by its id."""

import os
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SERVER_CPU, LOAD_CPU = 0, 1
STOP_SECONDS = 20


def pin(cpu):
    return lambda: os.sched_setaffinity(0, {cpu})


def free_port():
    """A port of loopback that is free for UDP and TCP now."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass(frozen=True)
class CpuTime:
    """What all threads of a process and of its children have used."""

    nanoseconds: int
    user_ticks: int
    system_ticks: int

    def __sub__(self, earlier):
        return CpuTime(
            self.nanoseconds - earlier.nanoseconds,
            self.user_ticks - earlier.user_ticks,
            self.system_ticks - earlier.system_ticks,
        )

    @property
    def user_share(self):
        """By the clock's ticks, so only good over a second or more."""
        return self.user_ticks / max(1, self.user_ticks + self.system_ticks)


class Process:
    """A running server."""

    def __init__(self, command, folder, cpu=SERVER_CPU):
        self.log = open(folder / "log", "wb")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, preexec_fn=pin(cpu)
        )

    @property
    def pid(self):
        return self.process.pid

    def family(self):
        """The process and all its descendants."""
        found, to_look_at = [], [self.pid]
        while to_look_at:
            pid = to_look_at.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                to_look_at += map(int, children.read_text().split())
        return found

    def cpu_time(self):
        nanoseconds = user = system = 0
        for pid in self.family():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            user, system = user + int(fields[11]), system + int(fields[12])
            for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                nanoseconds += int(thread.read_text().split()[0])
        return CpuTime(nanoseconds, user, system)

    def memory_mb(self):
        """Resident memory, of what is shared each sharer's part."""
        kilobytes = 0
        for pid in self.family():
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
            kilobytes += int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1])
        return kilobytes * 1024 / 1e6

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
