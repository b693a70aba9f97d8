"""What must hold among the Kubernetes objects of one installation, beyond their schemas."""

import re
import tomllib
from pathlib import Path

import kubernetes_validate
from kubernetes_validate.utils import latest_version

REPOSITORY = Path(__file__).parent.parent.parent
OLDEST = 26
"""The minor version of Kubernetes from which on a load balancer takes UDP and TCP together."""
NAMES = {"ConfigMap", "NetworkPolicy", "PodDisruptionBudget", "Secret", "Service", "StatefulSet"}


def versions():
    latest = int(latest_version().split(".")[1])
    return [f"1.{minor}" for minor in (OLDEST, 29, 32, latest)]


def faults(documents, given=()):
    """Everything that is wrong, as sentences. `given` are names of objects that somebody else makes."""
    found = schema_faults(documents)
    if found:
        return found
    world = World(documents, given)
    for rule in (references, services, budget, policy, security, probes, mounts, configuration, stable):
        found += rule(world)
    return found


def schema_faults(documents):
    found = []
    for document in documents:
        title = f"{document.get('kind')} {document.get('metadata', {}).get('name')}"
        if document.get("kind") not in NAMES:
            found.append(f"{title}: a kind that nothing here knows")
            continue
        for version in versions():
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                found.append(f"{title}: {version}: {'.'.join(map(str, error.path))}: {error.message}")
                break
            except kubernetes_validate.SchemaNotFoundError:
                found.append(f"{title}: {version} has no {document['apiVersion']} of it")
                break
    return found


class World:
    """The objects by kind and name, and the one pod and container."""

    def __init__(self, documents, given):
        self.documents, self.given = documents, set(given)
        self.by_name = {(d["kind"], d["metadata"]["name"]): d for d in documents}
        [self.stateful_set] = self.kind("StatefulSet")
        self.spec = self.stateful_set["spec"]
        self.pod = self.spec["template"]["spec"]
        self.labels = self.spec["template"]["metadata"]["labels"]
        [self.container] = self.pod["containers"]
        self.ports = {p["name"]: p for p in self.container["ports"]}
        self.volumes = {v["name"]: v for v in self.pod["volumes"]}
        self.claims = {c["metadata"]["name"]: c for c in self.spec.get("volumeClaimTemplates", [])}
        self.mounts = {m["name"]: m for m in self.container["volumeMounts"]}

    def kind(self, kind):
        return [d for d in self.documents if d["kind"] == kind]

    def selects(self, selector):
        return bool(selector) and selector.items() <= self.labels.items()

    def mount_of(self, path):
        """The mount that a path of the container is on."""
        below = [m for m in self.mounts.values() if path == m["mountPath"] or path.startswith(m["mountPath"] + "/")]
        return max(below, key=lambda m: len(m["mountPath"]), default=None)

    def source_of(self, mount):
        """Kind and name of what is mounted."""
        if mount["name"] in self.claims:
            return "claim", mount["name"]
        volume = self.volumes.get(mount["name"], {})
        if "configMap" in volume:
            return "ConfigMap", volume["configMap"]["name"]
        if "secret" in volume:
            return "Secret", volume["secret"]["secretName"]
        return None, None

    def toml(self):
        kind, name = self.source_of(self.mount_of("/etc/steersman/steersman.toml") or {"name": None})
        return tomllib.loads(self.by_name[kind, name]["data"]["steersman.toml"])


def references(world):
    found = []
    if len(world.by_name) != len(world.documents):
        found.append("two objects of one kind have the same name")
    for name, volume in world.volumes.items():
        kind, source = world.source_of({"name": name})
        if (kind, source) not in world.by_name and source not in world.given:
            found.append(f"volume {name}: no {kind} {source}")
        if kind == "Secret" and int(volume["secret"].get("defaultMode", 0o644)) & 0o007:
            found.append(f"volume {name}: a secret that every user may read")
    used = {world.source_of({"name": name}) for name in world.volumes}
    for kind, name in world.by_name:
        if kind in ("ConfigMap", "Secret") and (kind, name) not in used:
            found.append(f"{kind} {name} is used by nobody")
    return found


def services(world):
    found, open_ports, headless = [], set(), None
    for service in world.kind("Service"):
        name, spec = service["metadata"]["name"], service["spec"]
        if not world.selects(spec.get("selector")):
            found.append(f"Service {name} does not select the pods")
        for port in spec["ports"]:
            target = world.ports.get(port["targetPort"])
            if target is None or target["protocol"] != port["protocol"]:
                found.append(f"Service {name}: port {port['name']} leads nowhere")
            elif spec.get("clusterIP") != "None":
                open_ports.add((port["port"], port["protocol"]))
        if spec.get("clusterIP") == "None":
            headless = name
    if world.spec["serviceName"] != headless:
        found.append("serviceName is not the headless service")
    if not {(53, "UDP"), (53, "TCP")} <= open_ports:
        found.append("port 53 is not served over both UDP and TCP")
    if any(port == world.ports["admin"]["containerPort"] for port, _ in open_ports):
        found.append("the admin endpoint is handed to the world")
    return found


def budget(world):
    found = []
    for document in world.kind("PodDisruptionBudget"):
        if not world.selects(document["spec"]["selector"]["matchLabels"]):
            found.append("the disruption budget does not select the pods")
        most = document["spec"].get("maxUnavailable")
        if isinstance(most, int) and world.spec["replicas"] > 1 and not 0 < most < world.spec["replicas"]:
            found.append("the disruption budget lets all servers go at once, or none")
    return found


def policy(world):
    found = []
    for document in world.kind("NetworkPolicy"):
        spec = document["spec"]
        if not world.selects(spec["podSelector"].get("matchLabels")):
            found.append("the network policy does not select the pods")
        if set(spec["policyTypes"]) != {"Ingress", "Egress"} or not spec.get("egress"):
            found.append("the network policy does not say what probes may reach")
        to_all = set()
        for rule in spec["ingress"]:
            for port in rule.get("ports", [{"port": "admin", "protocol": "any"}]):
                known = world.ports.get(port["port"])
                if known is None or known["protocol"] != port["protocol"]:
                    found.append(f"the network policy speaks of a port {port} that there is not")
                if not rule.get("from"):
                    to_all.add(port["port"])
        if "admin" in to_all:
            found.append("the network policy opens the admin endpoint to everybody")
        if to_all != set(world.ports) - {"admin"}:
            found.append("the network policy keeps questions out")
    return found


def security(world):
    pod, own = world.pod.get("securityContext", {}), world.container.get("securityContext", {})
    uid = int(re.search(r"--uid (\d+)", (REPOSITORY / "deploy/Containerfile").read_text())[1])
    sysctls = {s["name"]: s["value"] for s in pod.get("sysctls", [])}
    lowest = min(p["containerPort"] for p in world.ports.values())
    wanted = {
        "runs as root": pod.get("runAsNonRoot") is True,
        "does not run as the user of the image": (pod.get("runAsUser"), pod.get("fsGroup")) == (uid, uid),
        "has no seccomp profile": pod.get("seccompProfile") == {"type": "RuntimeDefault"},
        "may write to its root": own.get("readOnlyRootFilesystem") is True,
        "may gain rights": own.get("allowPrivilegeEscalation") is False,
        "has other capabilities": own.get("capabilities") == {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        "is privileged": not own.get("privileged"),
        "shares what is the host's": not {"hostNetwork", "hostPID", "hostIPC"} & world.pod.keys(),
        "has a token of the cluster": world.pod.get("automountServiceAccountToken") is False,
        "may not take its ports": int(sysctls.get("net.ipv4.ip_unprivileged_port_start", 1024)) <= lowest,
        "may not ping": sysctls.get("net.ipv4.ping_group_range") == "0 2147483647",
        "may take all memory": "memory" in world.container.get("resources", {}).get("limits", {}),
    }
    return [f"the pod {what}" for what, holds in wanted.items() if not holds]


def probes(world):
    found = []
    for name, path in (("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        asked = world.container.get(name, {}).get("httpGet")
        if asked != {"path": path, "port": "admin"}:
            found.append(f"{name} does not ask {path} of the admin endpoint")
    return found


def mounts(world):
    found = []
    for name, mount in world.mounts.items():
        if name not in world.volumes and name not in world.claims:
            found.append(f"mount {name} is of no volume")
        if (name in world.claims) == mount.get("readOnly", False):
            found.append(f"mount {name} is writable, or the state is not")
    for name in (world.volumes.keys() | world.claims.keys()) - world.mounts.keys():
        found.append(f"volume {name} is mounted nowhere")
    return found


def configuration(world):
    toml, found = world.toml(), []
    if world.container["args"] != ["serve", "--config", "/etc/steersman/steersman.toml"]:
        found.append("the daemon is started otherwise")
    tls = toml["dns"].get("tls", {})
    files = [toml["admin"]["token_file"]] + [tls[key] for key in ("certificate", "key") if key in tls]
    for path, kind in [(toml["zones"], "ConfigMap"), (toml["state"], "claim")] + [(f, "Secret") for f in files]:
        mount = world.mount_of(path)
        if mount is None or world.source_of(mount)[0] != kind:
            found.append(f"{path} is on no {kind}")
    secret = world.by_name.get(world.source_of(world.mount_of(files[0]) or {"name": None}))
    if secret and Path(files[0]).name not in {**secret.get("data", {}), **secret.get("stringData", {})}:
        found.append("the secret lacks the token's key")
    image = (REPOSITORY / "deploy/Containerfile").read_text()
    for path in toml["geoip"]:
        if f"COPY geoip {Path(path).parent}" not in image or not (REPOSITORY / "geoip" / Path(path).name).is_file():
            found.append(f"{path} is not in the image")
    listens = {int(at.rsplit(":", 1)[1]) for at in [*toml["dns"]["listen"], toml["admin"]["listen"]]}
    listens |= {853, 443} if tls else set()
    if listens != {p["containerPort"] for p in world.ports.values()}:
        found.append(f"the daemon listens on {sorted(listens)}, the pod says otherwise")
    if toml["admin"]["listen"].startswith(("127.", "[::1]")):
        found.append("the kubelet cannot reach the admin endpoint")
    return found


def stable(world):
    """What a StatefulSet may never change must not hold what changes with a version."""
    selector = world.spec["selector"]["matchLabels"]
    wrong = not world.selects(selector) or set(selector) != {"app.kubernetes.io/name", "app.kubernetes.io/instance"}
    found = ["the selector of the StatefulSet is not that of its pods, or may change"] if wrong else []
    if any("0.1.0" in str(c["metadata"].get("labels", {})) for c in world.claims.values()):
        found.append("a claim has a label that changes")
    return found
