"""The measured part of docs/performance.md."""

from statistics import median

from rows import rows
from zone import KINDS

BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->"


def tables(results):
    """The text between the markers."""
    measured, about = results["measured"], results["about"]
    head = ["| what | to reach | measured: median (least to most) | reached |", "|---|---|---|---|"]
    parts = [about_text(about), "\n".join(head + [row.line() for row in rows(measured)])]
    for name, make in {"answers": cost_table, "saturation": rate_table, "million": million_table}.items():
        if name in measured:
            parts.append(make(measured))
    return "\n\n".join(parts) + "\n\n"


def about_text(about):
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return (
        f"Measured on {about['date']} at revision `{about['revision']}`, in {about['rounds']} rounds of "
        f"{about['seconds']:g} s for each figure ({about['few']} rounds of what takes long), on {about['cpus']} × "
        f"{about['cpu']}, Linux {about['kernel']}, with {versions}. Load of the machine when it began: {about['load']:.2f}."
    )


def cost_table(measured):
    costs = measured["answers"]
    servers = list(costs["static"])
    lines = [
        "Microseconds of server CPU for each answer, in brackets the part outside of the kernel; medians:",
        "",
        "| server | " + " | ".join(KINDS) + " |",
        "|---|" + "---|" * len(KINDS),
    ]
    for server in servers:
        cells = []
        for kind in KINDS:
            found = costs[kind].get(server)
            cells.append(f"{middle(found, 'us'):.2f} ({middle(found, 'user_us'):.2f})" if found else "–")
        lines.append(f"| {server} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def rate_table(measured):
    lines = [
        "Static answers per second at saturation, how much of its core the server had then, and round trips at half of",
        "gdnsd's saturation load; medians:",
        "",
        "| server | answers/s | busy | p50 | p99 |",
        "|---|---|---|---|---|",
    ]
    latency = measured.get("latency", {})
    for server, found in measured["saturation"].items():
        rate, busy = (middle(found, key) for key in ("per_second", "busy"))
        trips = latency.get(server)
        p50, p99 = (f"{middle(trips, key):.0f} µs" if trips else "–" for key in ("p50_us", "p99_us"))
        lines.append(f"| {server} | {rate:,.0f} | {busy:.0%} | {p50} | {p99} |")
    return "\n".join(lines)


def million_table(measured):
    lines = [
        "A zone of 1,000,000 names, from start to the first right answer, and resident memory one second later; medians:",
        "",
        "| server | start | memory |",
        "|---|---|---|",
    ]
    for server, found in measured["million"].items():
        lines.append(f"| {server} | {middle(found, 'seconds'):.2f} s | {middle(found, 'mb'):.0f} MB |")
    return "\n".join(lines)


def middle(found, key):
    return median(one[key] for one in found)


def write_into(page, results):
    """Replaces what stands between the markers."""
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(before + BEGIN + "\n" + tables(results) + END + after)
