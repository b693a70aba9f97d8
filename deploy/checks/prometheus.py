#!/usr/bin/env python3
"""Checks the alerts and the dashboard against the real daemon and the real Prometheus.

    deploy/checks/prometheus.py STEERSMAN

What the daemon exports keeps the rules for names of metrics. The alerts pass their tests, each fires in one, each leads to a
paragraph of the documentation, and their tests fail for an alert that is changed. Alerts and dashboard name no metric and no
label that the daemon does not export. And a Prometheus that scrapes the daemon with these alerts tells of an endpoint that is
killed, and has something to show for every expression of the dashboard. Needs Debian's `prometheus`, and PyYAML.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True

import yaml  # noqa: E402

import promql  # noqa: E402
from daemon import TOKEN, Daemon, until  # noqa: E402

REPOSITORY = Path(__file__).parent.parent.parent
ALERTS = REPOSITORY / "deploy/prometheus/alerts.yml"
TESTS = REPOSITORY / "deploy/prometheus/alerts_test.yml"
DASHBOARD = REPOSITORY / "deploy/grafana/steersman.json"
METRICS_PAGE = REPOSITORY / "docs/metrics.md"
RUNBOOKS = "https://github.com/steersman/steersman/blob/main/"
SCRAPE = """
global: {{ scrape_interval: 1s, evaluation_interval: 1s }}
rule_files: [{rules}]
scrape_configs:
  - job_name: steersman
    authorization: {{ credentials: {token} }}
    static_configs: [{{ targets: ["{target}"] }}]
"""


def promtool(*arguments, text=None):
    return subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True, text=True)


def rules_of(text):
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def alert_faults():
    """What is wrong with the alerts by themselves."""
    found = []
    told = promtool("test", "rules", TESTS)
    if told.returncode != 0:
        return [f"alerts_test.yml: {told.stdout}{told.stderr}"]
    tests = yaml.safe_load(TESTS.read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    for rule in rules_of(ALERTS.read_text()):
        name = rule["alert"]
        own = [case for case in cases if case["alertname"] == name]
        if not any(case["exp_alerts"] for case in own) or all(case["exp_alerts"] for case in own):
            found.append(f"{name} is not tested both firing and silent")
        notes = rule.get("annotations", {})
        if not {"summary", "description", "runbook_url"} <= notes.keys():
            found.append(f"{name} lacks a summary, a description or a runbook")
        elif not leads_somewhere(notes["runbook_url"]):
            found.append(f"{name}: {notes['runbook_url']} leads nowhere")
        if rule.get("labels", {}).get("severity") not in ("critical", "warning", "info"):
            found.append(f"{name} has no severity")
    return found + surviving_mutants()


def leads_somewhere(url):
    page, _, anchor = url.removeprefix(RUNBOOKS).partition("#")
    titles = re.findall(r"^#+ (.+)$", (REPOSITORY / page).read_text(), re.MULTILINE) if (REPOSITORY / page).is_file() else []
    return anchor in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def surviving_mutants():
    """Alerts that can be changed without a test that fails."""
    found, tests = [], yaml.safe_load(TESTS.read_text())
    changes = {"is as it was": None, "never fires": "vector(0) > 1", "always fires": "vector(1)"}
    with tempfile.TemporaryDirectory() as folder:
        for rule in rules_of(ALERTS.read_text()):
            # Its own tests only: that of a whole day takes a while.
            own = [t for t in tests["tests"] if any(c["alertname"] == rule["alert"] for c in t["alert_rule_test"])]
            (Path(folder) / TESTS.name).write_text(yaml.safe_dump({**tests, "tests": own}))
            for title, expression in changes.items():
                changed = {**rule, "expr": expression or rule["expr"]}
                rules = {"groups": [{"name": "one", "rules": [changed]}]}
                (Path(folder) / ALERTS.name).write_text(yaml.safe_dump(rules))
                passes = promtool("test", "rules", Path(folder) / TESTS.name).returncode == 0
                if passes != (expression is None):
                    found.append(f"the tests of {rule['alert']} do not see that it {title}")
    return found


def exercise(daemon):
    """Has everything happen that a metric is about."""
    for name, rtype in (("www.example.com", "A"), ("api.example.com", "A"), ("none.example.com", "A"), ("example.org", "A")):
        daemon.ask(name, rtype)
        daemon.ask(name, rtype, "--tcp")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        address, port = daemon.dns.split(":")
        sender.sendto(b"garbage", (address, int(port)))
    for _ in range(40):
        daemon.ask("example.com", "SOA")


def metric_faults(text):
    """What is wrong with what the daemon exports, and with the page about it."""
    told = promtool("check", "metrics", text=text)
    found = [f"promtool check metrics: {told.stdout}{told.stderr}"] if told.returncode or told.stdout + told.stderr else []
    # This check can fail, too.
    if promtool("check", "metrics", text="# TYPE bad_milliseconds counter\nbad_milliseconds 1\n").returncode == 0:
        found.append("promtool check metrics passes everything")
    exposition = promql.Exposition(text)
    page = METRICS_PAGE.read_text()
    written = set(re.findall(r"`((?:steersman|process)_\w+)`", page))
    for name in sorted(set(exposition.families) - written):
        found.append(f"docs/metrics.md does not speak of {name}")
    for name in sorted(written - set(exposition.families)):
        found.append(f"docs/metrics.md speaks of {name}, which is not exported")
    return found, exposition


def expression_faults(exposition):
    """Metrics and labels that alerts or the dashboard name and the daemon lacks."""
    named = [(f"alert {rule['alert']}", rule["expr"], set()) for rule in rules_of(ALERTS.read_text())]
    board = promql.dashboard_expressions(DASHBOARD.read_text())
    found = [
        f"{place}: {fault}"
        for place, expression, _ in named + board
        for fault in promql.strangers(promql.filled_in(expression), exposition)
    ]
    rules = {"groups": [{"name": "x", "rules": [{"record": "a", "expr": promql.filled_in(e)} for _, e, _ in board]}]}
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(yaml.safe_dump(rules))
        file.flush()
        told = promtool("check", "rules", file.name)
    if told.returncode != 0:
        found.append(f"the dashboard does not parse: {told.stderr}")
    if "steersman_endpoint_held" not in DASHBOARD.read_text():
        found.append("the dashboard was not read")
    for wrong in ('rate(steersman_answer_total[1m])', 'steersman_pool_up{pol="x"}', "sum by (rcodes) (steersman_answers_total)"):
        if not promql.strangers(wrong, exposition):
            found.append(f"{wrong} passes for good")
    return found


class Prometheus:
    """A real one, which scrapes one target each second; ends with the block."""

    def __init__(self, folder, target):
        self.folder = Path(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:{}".format(free.getsockname()[1])
        (self.folder / "prometheus.yml").write_text(SCRAPE.format(rules=ALERTS, token=TOKEN, target=target))

    def __enter__(self):
        options = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={self.address}"]
        self.errors = open(self.folder / "log", "w+")
        self.process = subprocess.Popen(["prometheus", *options], cwd=self.folder, stderr=self.errors, stdout=self.errors)
        until("prometheus is ready", self.is_ready)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.errors.close()

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text())
        try:
            return urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=5).status == 200
        except OSError:
            return False

    def get(self, path, **parameters):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.get("query", query=expression)["result"]

    def firing(self, alert, **labels):
        """Whether an alert fires with these labels."""
        return any(
            found["state"] == "firing" and {"alertname": alert, **labels}.items() <= found["labels"].items()
            for found in self.get("alerts")["alerts"]
        )


def live_faults(daemon, prometheus):
    """Kills an endpoint and looks at the alerts; then has every expression of the dashboard answered."""
    until("the daemon is scraped", lambda: prometheus.query('up{job="steersman"} == 1'))
    assert not prometheus.get("alerts")["alerts"], "something fires before anything has happened"
    began = time.monotonic()
    daemon.main.is_well = False
    until("an alert for the pool", lambda: prometheus.firing("SteersmanPoolDown", pool="main", family="a", severity="warning"))
    print(f"SteersmanPoolDown fires {time.monotonic() - began:.0f} s after the endpoint was killed")
    assert not prometheus.firing("SteersmanPoolDown", pool="spare")
    assert not prometheus.firing("SteersmanEverythingDown")
    daemon.spare.is_well = False

    def everything_is_down():
        daemon.ask("www.example.com", "A", "--tcp")
        return prometheus.firing("SteersmanEverythingDown")

    until("an alert for degraded answers", everything_is_down)
    print("SteersmanEverythingDown fires once the other one is killed")
    daemon.main.is_well = daemon.spare.is_well = True
    until("the alert for the pool ends", lambda: not prometheus.firing("SteersmanPoolDown"))
    # Pools that a person takes out are no news.
    put = daemon.call("PUT", "/api/v1/overrides/pool/main", {"state": "drain", "reason": "a try"})
    assert put[0] in (200, 201, 204), put
    assert daemon.call("POST", "/api/v1/reload")[0] == 200
    until("the override is seen", lambda: prometheus.query("steersman_overrides == 1"))
    assert prometheus.query('steersman_pool_up{pool="main", family="a"} == 0')
    time_of_alert = {rule["alert"]: rule for rule in rules_of(ALERTS.read_text())}["SteersmanPoolDown"]["expr"]
    assert not prometheus.query(time_of_alert), "a drained pool is told of as down"
    exercise(daemon)
    return dashboard_faults(prometheus)


def dashboard_faults(prometheus):
    found = []
    for place, expression, legend in promql.dashboard_expressions(DASHBOARD.read_text()):
        expression = promql.filled_in(expression)

        def answered(expression=expression):
            return prometheus.query(expression)

        try:
            shown = until(f"something to show for {place}", answered, seconds=20)
        except RuntimeError as error:
            found.append(f"{error}: {expression}")
            continue
        for sample in shown:
            if legend - sample["metric"].keys():
                found.append(f"{place}: the legend names {legend - sample['metric'].keys()}, which {sample['metric']} lacks")
                break
    return found


def main():
    [steersman] = sys.argv[1:]
    found = alert_faults()
    print(f"{len(rules_of(ALERTS.read_text()))} alerts, each tested firing and silent")
    with tempfile.TemporaryDirectory() as folder, Daemon(steersman, folder) as daemon:
        exercise(daemon)
        faults, exposition = metric_faults(daemon.call("GET", "/metrics")[1])
        found += faults + expression_faults(exposition)
        print(f"{len(exposition.families)} metrics, and {len(promql.dashboard_expressions(DASHBOARD.read_text()))} expressions of the dashboard")
        if not found:
            with tempfile.TemporaryDirectory() as other, Prometheus(other, daemon.admin) as prometheus:
                found += live_faults(daemon, prometheus)
    for fault in found:
        print(fault, file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
