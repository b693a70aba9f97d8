"""The plot of docs/performance.md: what an answer costs, by kind and server, as an SVG of our own."""

from statistics import median

from rows import OURS
from zone import KINDS

WIDTH, LEFT, RIGHT, BAR, GAP, GROUP_GAP, TOP = 760, 110, 150, 13, 3, 26, 64
MOST_US = 12
"""Longer bars are cut, and say how long they are."""
KERNEL, OWN, OWN_OF_OURS, INK, FAINT = "#b8bfc8", "#5b7fb4", "#d1603d", "#222", "#777"


def draw(costs):
    shapes, y = [], TOP
    scale = (WIDTH - LEFT - RIGHT) / MOST_US
    for kind in KINDS:
        shapes.append(text(8, y - 8, kind, weight="bold"))
        for server, found in costs[kind].items():
            total, own = (median(one[key] for one in found) for key in ("us", "user_us"))
            shapes += bar(y, server, total, own, scale)
            y += BAR + GAP
        y += GROUP_GAP
    grid = [
        f'<line x1="{LEFT + us * scale:.1f}" y1="{TOP - 4}" x2="{LEFT + us * scale:.1f}" y2="{y - GROUP_GAP}" '
        'stroke="#e4e4e4"/>'
        for us in range(0, MOST_US + 1, 2)
    ]
    ticks = [
        text(LEFT + us * scale, y - GROUP_GAP + 14, f"{us} µs", "middle", FAINT) for us in range(0, MOST_US + 1, 2)
    ]
    legend = [
        text(8, 20, "Server CPU for each answer, median; one UDP thread on one core", size=14),
        *key(LEFT, "in the kernel", KERNEL),
        *key(LEFT + 130, "own code", OWN),
        *key(LEFT + 230, "own code of Steersman", OWN_OF_OURS),
    ]
    body = "\n".join(grid + legend + shapes + ticks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="11">\n'
        f'<rect width="{WIDTH}" height="{y}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def bar(y, server, total, own, scale):
    ours = server == OURS
    length = min(total, MOST_US) * scale
    kernel = length * (1 - own / total)
    label = f"{total:.2f} µs" + (" (cut)" if total > MOST_US else "")
    return [
        text(LEFT - 6, y + BAR - 3, server, "end", weight="bold" if ours else "normal"),
        rect(LEFT, y, kernel, BAR, KERNEL),
        rect(LEFT + kernel, y, length - kernel, BAR, OWN_OF_OURS if ours else OWN),
        text(LEFT + length + 5, y + BAR - 3, label, fill=FAINT),
    ]


def key(x, label, fill):
    return [rect(x, 30, 10, 10, fill), text(x + 15, 39, label, fill=FAINT)]


def rect(x, y, width, height, fill):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0, width):.1f}" height="{height}" fill="{fill}"/>'


def text(x, y, what, anchor="start", fill=INK, weight="normal", size=11):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-weight="{weight}" '
        f'font-size="{size}">{what}</text>'
    )
