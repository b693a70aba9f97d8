"""What an expression of PromQL speaks of, by reading it: metrics, the labels that select them, and those it sums by."""

import json
import re

LABELS_OF_SCRAPES = {"instance", "job"}
KEYWORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "offset", "bool", "inf", "nan"}
GROUPINGS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')


class Exposition:
    """What a daemon tells: names of samples with the labels that each has, and the kinds of families."""

    def __init__(self, text):
        self.labels, self.families = {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, family, kind = line.split()
                self.families[family] = kind
            elif line and not line.startswith("#"):
                name = re.match(r"\w+", line)[0]
                body = line[len(name) : line.rindex(" ")].strip()
                found = set(re.findall(r'(\w+)="(?:[^"\\]|\\.)*"', body))
                self.labels[name] = self.labels.get(name, set()) | found


def strangers(expression, exposition):
    """Metrics and labels of an expression that there are not, as sentences."""
    found = []
    # Texts can hold anything, but a matcher is told by the quote that follows.
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    grouped = {label.strip() for group in GROUPINGS.findall(bare) for label in group.split(",") if label.strip()}
    ungrouped = GROUPINGS.sub(" ", bare)
    known = set(LABELS_OF_SCRAPES)
    for name, selector in re.findall(r"\b([a-zA-Z_:]\w*)\b(?!\s*\()\s*(\{[^}]*\})?", re.sub(r"\{[^}]*\}", keep, ungrouped)):
        if name in KEYWORDS or re.fullmatch(r"\d+[smhdwy]|e\d+", name):
            continue
        own = exposition.labels.get(name, {"job", "instance"} if name == "up" else None)
        if own is None:
            found.append(f"no metric {name}")
            continue
        known |= own
        for label in MATCHER.findall(restore(selector)):
            if label not in own | LABELS_OF_SCRAPES:
                found.append(f"{name} has no label {label}")
    found += [f"no metric here has a label {label}" for label in sorted(grouped - known)]
    return found


def keep(match):
    """A selector, out of reach of the search for names: its words are read as one."""
    return "{" + match[0][1:-1].encode().hex() + "}"


def restore(selector):
    return bytes.fromhex(selector[1:-1]).decode() if selector else ""


def dashboard_expressions(text):
    """Each expression of a dashboard with the place it is at and the labels that its legend names."""
    board = json.loads(text)
    found = []
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            legend = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            found.append((f"panel {panel['title']!r}", target["expr"], legend))
    for annotation in board["annotations"]["list"]:
        legend = set(re.findall(r"\{\{(\w+)\}\}", annotation["textFormat"]))
        found.append((f"annotation {annotation['name']!r}", annotation["expr"], legend))
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
            found.append((f"variable {variable['name']!r}", f"group by ({label}) ({metric})", {label}))
    return found


def filled_in(expression):
    """With what Grafana would put in place of its variables."""
    expression = expression.replace("$__rate_interval", "1m").replace("$__interval", "15s")
    return re.sub(r"\$(instance|name)\b", ".*", expression)
