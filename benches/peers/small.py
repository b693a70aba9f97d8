"""What answers cost, how many there are at most, and how long they take, from the small zone."""

import loads
from ask import check
from loads import Load, Questions
from peers import PEERS, Gdnsd
from servers import Floor, Steersman
from zone import KINDS, SMALL

WARM_UP_SECONDS = 0.2
LATENCY_TIMES_AS_LONG = 5
"""A 99th percentile of one second is the one moment in which the machine was elsewhere."""
CLOSE = [Floor, Gdnsd, Steersman]
"""They differ by less than rounds do, so each is measured three times in a round."""
LOST_US = 1e6


class Small:
    """All servers with the small zone, idle until asked."""

    def __init__(self, bench):
        self.bench, self.servers = bench, []
        self.questions = {kind: Questions.of(bench.folder, SMALL, kind) for kind in KINDS}
        for kind in [*CLOSE, *(peer for peer in PEERS if peer not in CLOSE)]:
            server = kind(bench, SMALL)
            server.start()
            self.servers.append(server)
            if kind is not Floor:
                check(server, SMALL, server.kinds)

    def stop(self):
        for server in self.servers:
            server.remove()

    def answers(self):
        """For each kind and server, what an answer cost in each round."""
        costs = {kind: {} for kind in KINDS}
        for number in range(self.bench.rounds):
            for kind in KINDS:
                for server in self.in_turn(number):
                    if kind not in server.kinds:
                        continue
                    cost = loads.cost(server, self.questions[kind], self.bench.seconds)
                    costs[kind].setdefault(server.name, []).append(cost)
                    self.bench.say(f"{kind}, {server.name}: {cost['us']:.2f} µs ({cost['user_us']:.2f} user)")
        return costs

    def saturation(self):
        """Answers per second, asked as fast as a cheap load can."""
        found = {}
        for number in range(self.bench.rounds):
            for server in self.in_turn(number):
                before = server.process.cpu_time()
                answers = Load(self.bench, server, self.questions["static"], self.bench.seconds).finish()
                used = server.process.cpu_time() - before
                expect_no_failures(server, answers)
                rate = len(answers.at_us) / self.bench.seconds
                busy = used.nanoseconds / 1e9 / self.bench.seconds
                found.setdefault(server.name, []).append({"per_second": rate, "busy": busy, "lost": answers.lost})
                self.bench.say(f"saturation, {server.name}: {rate:.0f} answers/s, busy {busy:.2f}")
        return found

    def latency(self, rate):
        """Round trips at a fixed rate."""
        found = {}
        for number in range(self.bench.rounds):
            for server in self.in_turn(number):
                trips = self.round_trips(server, rate)
                if trips["lost"]:
                    # The machine's fault or the server's: whose it is shows when it happens again.
                    trips = self.round_trips(server, rate)
                found.setdefault(server.name, []).append(trips)
        return found

    def round_trips(self, server, rate):
        seconds = self.bench.seconds * LATENCY_TIMES_AS_LONG
        answers = Load(self.bench, server, self.questions["static"], seconds, rate).finish()
        expect_no_failures(server, answers)
        # Whoever drops what is late must not look faster for it.
        trips = sorted(answers.between(WARM_UP_SECONDS * 1e6, 1e12) + [LOST_US] * answers.lost)
        p50, p99 = loads.quantile(trips, 0.5), loads.quantile(trips, 0.99)
        self.bench.say(
            f"latency at {rate:.0f}/s, {server.name}: p50 {p50:.0f} µs, p99 {p99:.0f} µs, {answers.lost} lost"
        )
        return {"p50_us": p50, "p99_us": p99, "lost": answers.lost}

    def in_turn(self, number):
        """All servers, those that are close to each other there, back and there again, and every other round the
        other way round: so what drifts is shared."""
        close, others = self.servers[: len(CLOSE)], self.servers[len(CLOSE) :]
        turn = [*close, *close[::-1], *close, *others]
        return turn if number % 2 == 0 else turn[::-1]


def expect_no_failures(server, answers):
    if answers.failures:
        raise SystemExit(f"{server.name}: {answers.failures} of {answers.sent} answers are no success")
