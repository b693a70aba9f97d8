"""Faults put into the manifests by hand, one at a time: a check that lets one pass checks nothing."""

import copy


def at(documents, kind, *path):
    """The place behind `path` in the first object of a kind."""
    place = next(d for d in documents if d["kind"] == kind)
    for step in path:
        place = place[step]
    return place


POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)


def put(kind, path, value):
    def change(documents):
        at(documents, kind, *path[:-1])[path[-1]] = value

    change.title = f"{kind}.{'.'.join(map(str, path))} = {value!r}"
    return change


def drop(kind, path):
    def change(documents):
        del at(documents, kind, *path[:-1])[path[-1]]

    change.title = f"{kind} without {'.'.join(map(str, path))}"
    return change


def rewrite(old, new):
    def change(documents):
        data = at(documents, "ConfigMap", "data")
        assert old in data["steersman.toml"], old
        data["steersman.toml"] = data["steersman.toml"].replace(old, new)

    change.title = f"steersman.toml with {new!r} for {old!r}"
    return change


MUTANTS = [
    put("StatefulSet", ("spec", "replica"), 2),
    put("StatefulSet", ("apiVersion",), "apps/v1beta1"),
    put("StatefulSet", ("spec", "serviceName"), "steersman"),
    put("StatefulSet", ("spec", "selector", "matchLabels", "helm.sh/chart"), "steersman-0.1.0"),
    put("StatefulSet", (*POD, "hostNetwork"), True),
    put("StatefulSet", (*POD, "securityContext", "runAsNonRoot"), False),
    put("StatefulSet", (*POD, "securityContext", "runAsUser"), 1000),
    drop("StatefulSet", (*POD, "securityContext", "seccompProfile")),
    drop("StatefulSet", (*POD, "securityContext", "sysctls")),
    put("StatefulSet", (*POD, "securityContext", "sysctls", 0, "value"), "1024"),
    drop("StatefulSet", (*POD, "automountServiceAccountToken")),
    put("StatefulSet", (*POD, "volumes", 0, "configMap", "name"), "steersmen"),
    put("StatefulSet", (*POD, "volumes", 2, "secret", "defaultMode"), 0o444),
    put("StatefulSet", (*CONTAINER, "securityContext", "readOnlyRootFilesystem"), False),
    put("StatefulSet", (*CONTAINER, "securityContext", "allowPrivilegeEscalation"), True),
    put("StatefulSet", (*CONTAINER, "securityContext", "capabilities", "add"), ["NET_ADMIN"]),
    put("StatefulSet", (*CONTAINER, "livenessProbe", "httpGet", "path"), "/readyz"),
    put("StatefulSet", (*CONTAINER, "readinessProbe", "httpGet", "port"), "dns-tcp"),
    put("StatefulSet", (*CONTAINER, "ports", 0, "containerPort"), 5300),
    put("StatefulSet", (*CONTAINER, "volumeMounts", 3, "readOnly"), True),
    put("StatefulSet", (*CONTAINER, "volumeMounts", 3, "mountPath"), "/var/lib/other"),
    put("StatefulSet", (*CONTAINER, "volumeMounts", 1, "name"), "configuration"),
    put("StatefulSet", (*CONTAINER, "args"), ["serve"]),
    drop("StatefulSet", (*CONTAINER, "resources", "limits")),
    put("Service", ("spec", "selector", "app.kubernetes.io/name"), "other"),
    put("Service", ("spec", "ports", 0, "protocol"), "SCTP"),
    put("Service", ("spec", "ports", 0, "targetPort"), "dns"),
    put("Service", ("spec", "ports", 1, "port"), 5353),
    put("Service", ("spec", "ports", 0, "targetPort"), "admin"),
    put("PodDisruptionBudget", ("spec", "maxUnavailable"), 2),
    put("PodDisruptionBudget", ("spec", "selector", "matchLabels"), {"app": "steersman"}),
    put("NetworkPolicy", ("spec", "podSelector", "matchLabels"), {"app": "steersman"}),
    drop("NetworkPolicy", ("spec", "ingress", 1, "from")),
    put("NetworkPolicy", ("spec", "ingress", 0, "ports", 0, "protocol"), "TCP"),
    drop("NetworkPolicy", ("spec", "ingress", 0)),
    drop("NetworkPolicy", ("spec", "egress")),
    drop("Secret", ("stringData", "token")),
    put("Secret", ("stringData",), {"key": "x"}),
    rewrite("0.0.0.0:8053", "127.0.0.1:8053"),
    rewrite(":53", ":5300"),
    rewrite("/zones", "/etc/zones"),
    rewrite("/var/lib/steersman", "/tmp"),
    rewrite("/run/secrets/steersman/token", "/var/lib/steersman/token"),
    rewrite("country.mmdb", "city.mmdb"),
]


def survivors(documents, faults):
    """The mutants in which no fault is found."""
    alive = []
    for mutate in MUTANTS:
        changed = copy.deepcopy(documents)
        mutate(changed)
        try:
            seen = faults(changed)
        except (KeyError, TypeError, ValueError) as error:
            seen = [repr(error)]
        if not seen:
            alive.append(mutate.title)
    return alive
