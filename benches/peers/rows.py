"""What is to be reached, and whether it is: ratios of figures of the same round."""

from dataclasses import dataclass
from statistics import median

from zone import KINDS, STEERED_KINDS

OURS = "Steersman"
PEERS_OF_MILLION = ["gdnsd", "NSD", "Knot", "BIND"]
TIMES_AS_MUCH = 10
INSTRUCTIONS = {"static": 700, "failover": 900, "weighted": 950, "geo": 1000}


@dataclass
class Row:
    what: str
    bound: float
    values: list
    unit: str = ""
    at_least: bool = False

    @property
    def reached(self):
        middle = median(self.values)
        return middle >= self.bound if self.at_least else middle <= self.bound

    def line(self):
        sign = "≥" if self.at_least else "≤"
        middle, least, most = (self.number(f(self.values)) for f in (median, min, max))
        spread = f" ({least} to {most})" if len(self.values) > 1 else ""
        reached = "yes" if self.reached else "**no**"
        return (
            f"| {self.what} | {sign} {self.number(self.bound)}{self.unit} | {middle}{self.unit}{spread} | {reached} |"
        )

    def number(self, value):
        if isinstance(value, int):
            return f"{value:,}"
        return f"{value:.4f}" if self.bound < 0.1 else f"{value:.2f}"


def ratios(ours, theirs, key):
    """Of each time that they were measured one after the other; of one that is measured less often, of each round."""
    times = len(ours) // len(theirs)
    return [mine[key] / other[key] for mine, other in zip(ours[::times], theirs, strict=True)]


def rows(measured):
    """Those of the sections that were measured."""
    sections = {
        "answers": answer_rows,
        "saturation": saturation_rows,
        "latency": latency_rows,
        "instructions": instruction_rows,
        "million": million_rows,
        "many": many_rows,
        "reload": reload_rows,
        "verdict": verdict_rows,
    }
    return [row for name, make in sections.items() if name in measured for row in make(measured[name])]


def answer_rows(costs):
    ours = {kind: costs[kind][OURS] for kind in KINDS}
    against = lambda kind, peer: ratios(ours[kind], costs[kind][peer], "us")
    return [
        *(Row(f"server CPU for each answer, against gdnsd: {kind}", 1.0, against(kind, "gdnsd")) for kind in KINDS),
        *(Row(f"the same, against the floor: {kind}", 1.15, against(kind, "floor")) for kind in KINDS),
        *(
            Row(f"a steered answer against a static one: {kind}", 1.1, ratios(ours[kind], ours["static"], "us"))
            for kind in STEERED_KINDS
        ),
        *(Row(f"against PowerDNS Lua records: {kind}", 0.01, against(kind, "PowerDNS")) for kind in STEERED_KINDS),
    ]


def saturation_rows(found):
    values = ratios(found[OURS], found["gdnsd"], "per_second")
    return [Row("answers per second at saturation, against gdnsd", 1.0, values, at_least=True)]


def latency_rows(found):
    values = ratios(found[OURS], found["gdnsd"], "p99_us")
    return [Row("p99 latency at half of gdnsd's saturation load, against gdnsd", 1.0, values)]


def instruction_rows(counts):
    return [
        Row(f"instructions for each answer in our own code: {kind}", bound, [counts[kind]])
        for kind, bound in INSTRUCTIONS.items()
    ]


def million_rows(found):
    def against_the_best(key):
        best = [min(one[key] for one in together) for together in zip(*(found[peer] for peer in PEERS_OF_MILLION))]
        return [mine[key] / other for mine, other in zip(found[OURS], best)]

    return [
        Row(
            "a zone of 1,000,000 names, start to first answer, against the best of the others",
            1.0,
            against_the_best("seconds"),
        ),
        Row("the same zone, memory, against the best of the others", 1.0, against_the_best("mb")),
    ]


def many_rows(found):
    cost, seconds = found["cost"], found["seconds"]
    labels = {"zones": "10,000 zones", "steered": "100,000 steered names over 10,000 pools"}

    def growth(name):
        return [much / few / TIMES_AS_MUCH for much, few in zip(seconds[name], seconds[f"{name}/10"])]

    return [
        *(
            Row(f"{label}: a static lookup, against that of a small zone", 1.3, ratios(cost[name], cost["small"], "us"))
            for name, label in labels.items()
        ),
        *(
            Row(f"{label}: time of loading each, against that of a tenth of them", 1.2, growth(name))
            for name, label in labels.items()
        ),
    ]


def reload_rows(found):
    return [
        Row("reload of the 1,000,000-name zone under load: answers lost", 0, [sum(one["lost"] for one in found)]),
        Row(
            "the same: p99 latency during the reload, against before",
            2.0,
            [one["during_p99_us"] / one["before_p99_us"] for one in found],
        ),
    ]


def verdict_rows(milliseconds):
    return [Row("one verdict changing with 100,000 steered names: in answers", 5, milliseconds, " ms")]
