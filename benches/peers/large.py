"""What much data costs: a zone of a million names on each server; many zones and many steered names on ours."""

import time

import loads
from ask import question
from loads import QUESTIONS, Questions
from peers import Bind, Gdnsd, Knot, Nsd
from servers import Steersman
from zone import SMALL, Zone, address, draw, host_address

MILLION = Zone(fixed=1_000_000)
SETTLE_SECONDS = 1
ZONES, NAMES_PER_ZONE = 10_000, 10
STEERED, POOLS = 100_000, 10_000


class ManyZones(Steersman):
    """The zones z0.example to z9999.example, with host0 to host9 in each."""

    def __init__(self, bench, zones, label):
        self.zones = zones
        super().__init__(bench, Zone(fixed=NAMES_PER_ZONE), label)

    def write(self):
        head, *hosts = self.zone.master_file().partition("host0 ")
        for n in range(self.zones):
            self.put(f"zones/z{n}.example.zone", head.replace("example.com.", f"z{n}.example.") + "".join(hosts))
        return self.configured()

    def first_question(self):
        return question(f"host0.z{self.zones - 1}.example."), {host_address(0)}

    def questions(self):
        numbers = draw(Zone(fixed=self.zones * NAMES_PER_ZONE), "static", QUESTIONS)
        asked = [f"host{n % NAMES_PER_ZONE}.z{n // NAMES_PER_ZONE}.example." for n in numbers]
        return Questions(self.bench.folder, "zones", asked, map(question, asked))


class ManySteered(Steersman):
    """As many fixed names as the small zone, and many that are steered by failover between two pools."""

    monitors = ""

    def __init__(self, bench, steered, pools, label):
        self.pools = pools
        super().__init__(bench, Zone(fixed=SMALL.fixed, steered=steered), label)

    def write(self):
        self.put("zones/example.com.zone", self.zone.master_file())
        self.put("zones/pools.toml", self.monitors + "".join(map(self.pool, range(self.pools))))
        self.put("zones/example.com.toml", "".join(map(self.policies, range(self.zone.steered))))
        return self.configured()

    def pool(self, n):
        return f'[pools.p{n}]\nendpoints = ["{address("us", n)}"]\n'

    def policies(self, n):
        first, second = (f"p{pool % self.pools}" for pool in (n, n + 1))
        return f'[fo{n}]\nttl = 60\nfailover = ["{first}", "{second}"]\n'


def million(bench):
    """For each server, seconds to the first right answer and megabytes a second later, in each round."""
    found = {}
    for number in range(bench.few):
        kinds = [Steersman, Gdnsd, Nsd, Knot, Bind]
        for kind in kinds if number % 2 == 0 else kinds[::-1]:
            server = kind(bench, MILLION, "-million")
            seconds = server.start()
            time.sleep(SETTLE_SECONDS)
            memory = server.process.memory_mb()
            server.remove()
            found.setdefault(server.name, []).append({"seconds": seconds, "mb": memory})
            bench.say(f"a million names, {server.name}: {seconds:.2f} s, {memory:.0f} MB")
    return found


def many(bench):
    """What a static answer costs beside much else, and how the time of loading grows."""
    found = {"cost": {}, "seconds": {}}
    small = Steersman(bench, SMALL, "-small")
    zones, steered = ManyZones(bench, ZONES, "-zones"), ManySteered(bench, STEERED, POOLS, "-steered")
    tenths = ManyZones(bench, ZONES // 10, "-zones10"), ManySteered(bench, STEERED // 10, POOLS // 10, "-steered10")
    static = Questions.of(bench.folder, SMALL, "static", "many-static")
    asked = {"small": (small, static), "zones": (zones, zones.questions()), "steered": (steered, static)}
    loaded = {"zones": zones, "zones/10": tenths[0], "steered": steered, "steered/10": tenths[1]}
    for _ in range(bench.few):
        for name, server in loaded.items():
            seconds = server.start()
            server.stop()
            found["seconds"].setdefault(name, []).append(seconds)
            bench.say(f"load, {name}: {seconds:.2f} s")
    for server, _ in asked.values():
        server.start()
    for _ in range(bench.rounds):
        for name, (server, questions) in asked.items():
            cost = loads.cost(server, questions, bench.seconds)
            found["cost"].setdefault(name, []).append(cost)
            bench.say(f"static, {name}: {cost['us']:.2f} µs ({cost['user_us']:.2f} user)")
    for server in (small, zones, steered, *tenths):
        server.remove()
    return found
