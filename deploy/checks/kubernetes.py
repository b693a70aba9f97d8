#!/usr/bin/env python3
"""Checks the Kubernetes manifests and the Helm chart, without a cluster.

    deploy/checks/kubernetes.py STEERSMAN

Each object is held against the schemas of several versions of Kubernetes, all together against what must hold among them
(rules.py), and that these checks can fail is tried with mutants (mutants.py). The chart is rendered by Helm itself, in several
ways; by its defaults it makes what the plain manifests say. And the daemon is run with the files, the user, the rights and the
ports that the manifests give it (pod.py), which needs root. Needs the packages of requirements.txt.
"""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import helm_python as helm  # noqa: E402
import yaml  # noqa: E402

import pod  # noqa: E402
from mutants import MUTANTS, survivors  # noqa: E402
from rules import REPOSITORY, faults, versions  # noqa: E402

CHART = REPOSITORY / "deploy/helm/steersman"
CASES = {
    "the defaults": {},
    "TLS": {"tlsSecret": "names"},
    "objects of one's own": {"existingZones": "ours", "existingTokenSecret": "theirs"},
    "everything else": {
        "image": {"tag": "9", "pullPolicy": "Always"},
        "imagePullSecrets": [{"name": "registry"}],
        "replicas": 3,
        "dns": {"workers": 2, "nsid": "ns1"},
        "token": "0123456789abcdef",
        "service": {"type": "NodePort", "annotations": {"a.example/b": "true"}, "externalTrafficPolicy": "Cluster"},
        "persistence": {"size": "2Gi", "storageClass": "fast"},
        "podAnnotations": {"a.example/c": "d"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "dns", "operator": "Exists", "effect": "NoSchedule"}],
        "networkPolicy": {"adminFrom": [{"podSelector": {}}]},
        "podDisruptionBudget": {"maxUnavailable": "50%"},
        "ipFamily": "IPv6",
    },
    "as little as can be": {
        "service": {"type": "ClusterIP"},
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
    },
}
REFUSED = [
    {"replica": 2},
    {"replicas": 0},
    {"token": "short"},
    {"token": "with a space in it"},
    {"image": {"pullPolicy": "Sometimes"}},
    {"dns": {"listen": ["127.0.0.1:53"]}},
    {"zones": {"a/b": "x"}},
    {"ipFamily": "IPX"},
]
GIVEN = {"names", "ours", "theirs"}
"""Names of objects that these values say somebody else makes."""


def plain():
    """The plain manifests, in one list."""
    files = sorted((REPOSITORY / "deploy/kubernetes").glob("*.yaml"))
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


def rendered(chart, values):
    texts = chart.render(values, name="steersman", namespace="dns")
    found = []
    for name, text in texts.items():
        if name.endswith(".yaml"):
            found += [document for document in yaml.safe_load_all(text) if document]
    return found


def bare(documents):
    """Without what a chart says of itself, and what by nature is not the same."""
    named = {}
    for document in json.loads(json.dumps(documents)):
        template = document.get("spec", {}).get("template", {})
        for metadata in (document["metadata"], template.get("metadata", {})):
            for key in ("app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"):
                metadata.get("labels", {}).pop(key, None)
            metadata.pop("annotations", None)
        if document["kind"] == "Secret":
            document["stringData"] = sorted(document["stringData"])
        if "steersman.toml" in document.get("data", {}):
            lines = document["data"]["steersman.toml"].splitlines()
            document["data"] = [line for line in lines if line and not line.startswith("#")]
        named[document["kind"], document["metadata"]["name"]] = document
    return named


def differences(ours, theirs):
    return [
        f"{' '.join(key)}: the manifests say\n  {json.dumps(ours.get(key), sort_keys=True)}\nand the chart\n"
        f"  {json.dumps(theirs.get(key), sort_keys=True)}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]


def chart_faults(chart):
    found = [f"lint: {finding}" for finding in lint()]
    for title, values in CASES.items():
        chart.validate_schema(values)
        found += [f"{title}: {fault}" for fault in faults(rendered(chart, values), GIVEN)]
    for values in REFUSED:
        try:
            chart.validate_schema(values)
        except helm.HelmError:
            continue
        found.append(f"the chart takes {values}")
    return found


def lint():
    told = helm.lint(str(CHART))
    findings = told.get("messages", []) if isinstance(told, dict) else told
    # That a chart has no picture is no fault.
    return [finding for finding in findings if "icon is recommended" not in str(finding)]


def main():
    [steersman] = sys.argv[1:]
    manifests = plain()
    found = [f"manifests: {fault}" for fault in faults(manifests)]
    print(f"{len(manifests)} objects, by the schemas of Kubernetes {', '.join(versions())}")
    alive = survivors(manifests, faults)
    found += [f"a mutant lives: {title}" for title in alive]
    print(f"{len(MUTANTS) - len(alive)} of {len(MUTANTS)} mutants were seen")
    with helm.Chart.load(str(CHART)) as chart:
        print(f"the chart, {len(CASES)} ways, by Helm {helm.helm_sdk_version()}")
        found += chart_faults(chart)
        found += differences(bare(manifests), bare(rendered(chart, {})))
        if not found:
            pod.run(steersman, manifests, "the manifests")
            pod.run(steersman, rendered(chart, {"dns": {"nsid": "ns1"}, "tlsSecret": "names"}), "the chart, with TLS")
    for fault in found:
        print(fault, file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
