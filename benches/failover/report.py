"""The measured part of docs/failover.md."""

from contestants import BRISK, FASTEST, GDNSD_SHIPPED, SHIPPED

BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->"
TO_REACH_SECONDS = {
    ("process gone", "away"): (0.7, 1.0),
    ("host gone", "away"): (5, 6),
    ("hangs", "away"): (5.5, 8),
    ("answers 503", "away"): (3.5, 6),
    ("wrong body", "away"): (3.5, 6),
    ("back",): (3.5, 6),
}
STEPS_TO_REACH_SECONDS = {"verdict": (0.002, 0.010), "override": (0.005, 0.020)}
STEP_NAMES = {"verdict": "verdict → changed answer", "override": "override by the API → changed answer"}


def tables(results):
    """The text between the markers."""
    parts = []
    if "faults" in results:
        about = results["faults"]["about"]
        parts.append(f"{when(about)}, with {about['trials']} trials of each fault.")
        parts += [reached(results), beside(results["faults"]["measured"])]
    if "loss" in results:
        parts.append(lost(**results["loss"]))
    return "\n\n".join(parts) + "\n\n"


def when(about):
    return f"Measured on {about['date']} at revision `{about['revision']}`, beside gdnsd {about['gdnsd']}"


def reached(results):
    faults = results["faults"]["measured"]
    lines = [
        "As shipped (`interval` 5 s, `fall` 3, `rise` 2), from the fault to the first changed answer:",
        "",
        "| what | p50 to reach | p50 | p99 to reach | p99 | reached |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in faults.items():
        lines.append(row(name, found["away"][SHIPPED], TO_REACH_SECONDS[name, "away"], "s", 1))
    for name, found in faults.items():
        lines.append(row(f"back again after: {name}", found["back"][SHIPPED], TO_REACH_SECONDS["back",], "s", 1))
    for name, took in results.get("steps", {"measured": {}})["measured"].items():
        lines.append(row(STEP_NAMES[name], took, STEPS_TO_REACH_SECONDS[name], "ms", 1000))
    return "\n".join(lines)


def row(name, took, to_reach, unit, scale):
    found = quantile(took, 0.5), quantile(took, 0.99)
    good = all(one is not None and one <= most for one, most in zip(found, to_reach))
    cells = [text for one, most in zip(found, to_reach) for text in (f"≤ {most * scale:g} {unit}", shown(one, unit, scale))]
    return f"| {name} | {' | '.join(cells)} | {'yes' if good else '**no**'} |"


def beside(faults):
    servers = [SHIPPED, BRISK, FASTEST, GDNSD_SHIPPED]
    lines = [
        "The same beside gdnsd, p50 and p99; a dash where it was not measured, or cannot be seen:",
        "",
        "| what | " + " | ".join(servers) + f" | {BRISK}, is ahead of {FASTEST} |",
        "|---|" + "---|" * (len(servers) + 1),
    ]
    for direction, prefix in (("away", ""), ("back", "back again after: ")):
        for name, found in faults.items():
            cells = []
            for server in servers:
                took = found[direction].get(server)
                cells.append(f"{shown(quantile(took, 0.5))}, {shown(quantile(took, 0.99))}" if took else "–")
            lines.append(f"| {prefix}{name} | {' | '.join(cells)} | {ahead(found[direction])} |")
    return "\n".join(lines)


def ahead(found):
    if FASTEST not in found:
        return "–"
    ours, theirs = (quantile(found[server], 0.5) for server in (BRISK, FASTEST))
    return "yes" if ours is not None and (theirs is None or ours < theirs) else "**no**"


def lost(about, measured):
    servers = list(next(iter(measured.values())))
    lines = [
        f"Answers that moved though nothing was wrong, in {about['minutes']:g} minutes over 100 endpoints each. {when(about)}:",
        "",
        "| packets lost, each way | " + " | ".join(servers) + " |",
        "|---|" + "---|" * len(servers),
    ]
    for percent, found in measured.items():
        lines.append(f"| {percent} % | " + " | ".join(str(found[server]) for server in servers) + " |")
    return "\n".join(lines)


def quantile(took, share):
    """None where so many were never seen."""
    ordered = sorted(took, key=lambda one: (one is None, one))
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def shown(one, unit="s", scale=1):
    return "never" if one is None else f"{one * scale:.2f} {unit}"


def rounded(thing):
    match thing:
        case dict():
            return {key: rounded(item) for key, item in thing.items()}
        case list():
            return [rounded(item) for item in thing]
        case float():
            return round(thing, 5)
    return thing


def write_into(page, results):
    """Replaces what stands between the markers."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(before + BEGIN + "\n" + tables(results) + END + after)
