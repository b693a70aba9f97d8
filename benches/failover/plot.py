"""The plot of docs/failover.md: how each trial went, as an SVG of our own."""

import math

from contestants import BRISK, FASTEST, GDNSD_SHIPPED, SHIPPED

WIDTH, LEFT, ROW, GROUP_GAP, TOP = 760, 210, 16, 26, 60
LEAST_SECONDS, MOST_SECONDS = 0.1, 400
TICKS_SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100, 300]
COLOURS = {SHIPPED: "#d1603d", BRISK: "#e39a7d", FASTEST: "#5b7fb4", GDNSD_SHIPPED: "#9fb2cf"}
INK, FAINT = "#222", "#777"


def draw(faults):
    shapes, y = [], TOP
    for direction, prefix in (("away", ""), ("back", "back again after: ")):
        for fault, found in faults.items():
            shapes.append(text(8, y, prefix + fault, weight="bold"))
            y += 6
            for server in COLOURS:
                if took := found[direction].get(server):
                    shapes.append(text(LEFT - 6, y + 10, server, "end", FAINT))
                    shapes += [
                        f'<circle cx="{x(one):.1f}" cy="{y + 6}" r="2.5" fill="{COLOURS[server]}" fill-opacity="0.5"/>'
                        for one in took
                        if one is not None
                    ]
                    y += ROW
            y += GROUP_GAP
    bottom = y - GROUP_GAP
    grid = [
        f'<line x1="{x(tick):.1f}" y1="{TOP - 12}" x2="{x(tick):.1f}" y2="{bottom}" stroke="#e4e4e4"/>'
        for tick in TICKS_SECONDS
    ]
    ticks = [text(x(tick), bottom + 14, f"{tick:g} s", "middle", FAINT) for tick in TICKS_SECONDS]
    title = text(8, 20, "From the fault to the first changed answer: a dot for each trial, logarithmic", size=14)
    body = "\n".join([*grid, title, *shapes, *ticks])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="11">\n'
        f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def x(seconds):
    share = math.log(max(seconds, LEAST_SECONDS) / LEAST_SECONDS) / math.log(MOST_SECONDS / LEAST_SECONDS)
    return LEFT + share * (WIDTH - LEFT - 20)


def text(at, y, what, anchor="start", fill=INK, weight="normal", size=11):
    return (
        f'<text x="{at:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-weight="{weight}" '
        f'font-size="{size}">{what}</text>'
    )
