"""Faults at random moments, and how long each server takes to answer otherwise."""

import random
import select
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass

from ask import question, read_answer
from contestants import GDNSD_SHIPPED
from far import address

SECONDS_EACH = 1
"""The faults of a wave come within so many seconds for each, every one at a moment of its own."""
QUICK_SECONDS, PATIENT_SECONDS = 40, 400
TICK_SECONDS, SLOW_TICK_SECONDS = 0.002, 0.1


@dataclass(frozen=True)
class Fault:
    name: str
    breaks: tuple
    mends: tuple
    by_status_only: bool = True
    """Whether a check of the status sees it."""


FAULTS = [
    Fault("process gone", ("kill",), ("start",)),
    Fault("host gone", ("vanish",), ("appear",)),
    Fault("hangs", ("stop",), ("cont",)),
    Fault("answers 503", ("status",), ("well",)),
    Fault("wrong body", ("body",), ("well",), by_status_only=False),
]


class Sight:
    """What one server answers for the names of all endpoints."""

    def __init__(self, name, port, spare):
        self.name, self.spare = name, spare
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.waiting = {}
        """By endpoint: the address that is waited for, since when, and when it is asked for next."""

    def ask(self, now):
        for number, (wanted, since, due) in self.waiting.items():
            if now >= due:
                pause = TICK_SECONDS if now - since < QUICK_SECONDS / 2 else SLOW_TICK_SECONDS
                self.waiting[number] = (wanted, since, now + pause)
                with suppress(ConnectionRefusedError):  # It is about to start.
                    self.socket.send(question(f"e{number}.example.com.", ident=number))

    def hear(self):
        """Endpoints whose answer has come, and how long that took."""
        found = {}
        while True:
            try:
                reply = self.socket.recv(4096)
            except (BlockingIOError, ConnectionRefusedError):
                return found
            number = struct.unpack_from("!H", reply)[0]
            if number in self.waiting:
                wanted, since, _ = self.waiting[number]
                if read_answer(reply) == (0, [wanted]):
                    del self.waiting[number]
                    found[number] = time.monotonic() - since


def wave(far, sights, numbers, orders, is_broken, patience_seconds):
    """Gives an order for each endpoint; by server, how long each answer took to follow; none: not within patience."""
    begin, spread = time.monotonic() + 1, len(numbers) * SECONDS_EACH
    plan = sorted(((begin + random.uniform(0, spread), number) for number in numbers), reverse=True)
    took = {sight.name: {} for sight in sights}
    limit = begin + spread + patience_seconds
    while (plan or any(sight.waiting for sight in sights)) and time.monotonic() < limit:
        now = time.monotonic()
        while plan and plan[-1][0] <= now:
            number = plan.pop()[1]
            since = [far.order(order, number) for order in orders][-1]
            for sight in sights:
                wanted = sight.spare if is_broken else address(number)
                sight.waiting[number] = (wanted, since, since)
        for sight in sights:
            sight.ask(now)
        select.select([sight.socket for sight in sights], [], [], TICK_SECONDS)
        for sight in sights:
            took[sight.name] |= sight.hear()
    for sight in sights:
        took[sight.name] |= dict.fromkeys(sight.waiting)
        sight.waiting.clear()
    return {name: list(found.values()) for name, found in took.items()}


def settle(sights, numbers, seconds):
    """Waits until every server answers every name with its own endpoint."""
    now = time.monotonic()
    for sight in sights:
        sight.waiting = {number: (address(number), now, now) for number in numbers}
    while any(sight.waiting for sight in sights):
        if time.monotonic() > now + seconds:
            raise SystemExit(f"not settled: {[(sight.name, sorted(sight.waiting)) for sight in sights]}")
        for sight in sights:
            sight.ask(time.monotonic())
        time.sleep(0.05)
        for sight in sights:
            sight.hear()


def all_waves(bench, far, sights, trials, healthy):
    """By fault, by direction (`away`, `back`), by server: seconds."""
    found = {}
    everybody = range(trials + healthy)
    settle(sights, everybody, 60)
    for fault in FAULTS:
        # What takes minutes is measured once.
        patient = fault is FAULTS[0]
        watched = [sight for sight in sights if patient or sight.name != GDNSD_SHIPPED]
        watched = [sight for sight in watched if fault.by_status_only or "gdnsd" not in sight.name]
        seconds = PATIENT_SECONDS if patient else QUICK_SECONDS
        numbers = random.sample(everybody, trials)
        away = wave(far, watched, numbers, fault.breaks, True, seconds)
        bench.say(f"{fault.name}, away: {shown(away)}")
        back = wave(far, watched, numbers, fault.mends, False, seconds)
        bench.say(f"{fault.name}, back: {shown(back)}")
        settle(watched, everybody, 60)
        found[fault.name] = {"away": away, "back": back}
    return found


def shown(took):
    whole = {name: sorted(one if one is not None else 999.0 for one in found) for name, found in took.items()}
    return ", ".join(f"{name} {found[len(found) // 2]:.2f} s (most {found[-1]:.2f})" for name, found in whole.items())
