"""Runs the daemon as the manifests say: their files where they are mounted, their user, rights, sysctls and probes.

What a kubelet and a runtime do is done here by hand, in a network and a file system of its own: config maps and secrets become
folders behind a link that is swapped for a change, and everything but the state cannot be written.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rules import REPOSITORY, World

PLACEHOLDER = "REPLACE ME"
SYSTEM = ["bin", "lib", "lib64", "sbin", "usr/bin", "usr/lib", "usr/lib64", "usr/sbin"]
ENTER = """
set -eu
root=$1; shift
mount --bind "$root" "$root"
for folder in {system}; do
  if [ -L "/$folder" ]; then cp -P "/$folder" "$root/$folder"
  elif [ -d "/$folder" ]; then mkdir -p "$root/$folder"; mount --bind -o ro "/$folder" "$root/$folder"; fi
done
mkdir -p "$root/proc" "$root/dev"
mount -t proc proc "$root/proc"
touch "$root/dev/null"; mount --bind /dev/null "$root/dev/null"
ip link set lo up
{sysctls}
for mount in {writable}; do mount --bind "$root$mount" "$root$mount"; done
mount -o remount,bind,ro "$root"
exec "$@"
"""


def run(steersman, documents, title):
    if os.geteuid() != 0:
        print(f"{title}: the daemon was NOT run as in a pod, for which one has to be root")
        return
    with tempfile.TemporaryDirectory(prefix="pod") as folder:
        pod = Pod(steersman, World(documents, {"names"}), Path(folder))
        try:
            pod.check()
        except Exception:
            print(f"{title}: the log says\n{pod.log()}", file=sys.stderr)
            raise
        finally:
            pod.end()
    print(f"{title}: the daemon runs, answers, is probed and loads what changes, as user {pod.user}")


class Pod:
    def __init__(self, steersman, world, root):
        self.world, self.root = world, root
        self.user = world.pod["securityContext"]["runAsUser"]
        root.chmod(0o755)
        for mount in world.mounts.values():
            self.fill(mount)
        (root / "usr/local/bin").mkdir(parents=True)
        subprocess.run(["cp", steersman, root / "usr/local/bin/steersman"], check=True)
        subprocess.run(["cp", "-r", REPOSITORY / "geoip", self.inside("usr/share/steersman")], check=True)
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)

    def inside(self, path):
        place = self.root / str(path).lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        return place

    def fill(self, mount):
        folder = self.inside(mount["mountPath"])
        kind, name = self.world.source_of(mount)
        if kind == "claim":
            # As fsGroup has it.
            os.chown(folder, 0, self.user)
            folder.chmod(0o2770)
            return
        files = self.files(kind, name)
        mode = self.world.volumes[mount["name"]].get("secret", {}).get("defaultMode", 0o644)
        self.swap(folder, files, "..first", mode)
        for file in files:
            (folder / file).symlink_to(f"..data/{file}")

    def files(self, kind, name):
        if name in self.world.given:
            return certificate(self.root)
        document = self.world.by_name[kind, name]
        return {**document.get("data", {}), **document.get("stringData", {})}

    def swap(self, folder, files, version, mode=0o644):
        """Brings files as the kubelet does: whole, by the swap of a link."""
        (folder / version).mkdir()
        for file, text in files.items():
            (folder / version / file).write_text(text)
            (folder / version / file).chmod(mode)
            os.chown(folder / version / file, 0, self.user)
        (folder / "..new").symlink_to(version)
        (folder / "..new").rename(folder / "..data")

    def command(self):
        security, own = self.world.pod["securityContext"], self.world.container["securityContext"]
        sysctls = "\n".join(
            f"echo '{s['value']}' > /proc/sys/{s['name'].replace('.', '/')}" for s in security.get("sysctls", [])
        )
        writable = " ".join(m["mountPath"] for m in self.world.mounts.values() if not m.get("readOnly"))
        script = ENTER.format(system=" ".join(SYSTEM), sysctls=sysctls, writable=writable)
        added = "".join(f",+{name.lower()}" for name in own["capabilities"]["add"])
        user = ["setpriv", f"--reuid={self.user}", f"--regid={security['runAsGroup']}", "--clear-groups"]
        rights = ["--no-new-privs", "--inh-caps=-all", f"--bounding-set=-all{added}"]
        daemon = ["/usr/local/bin/steersman", *self.world.container["args"]]
        inside = ["env", "-i", "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "chroot", str(self.root), *user, *rights, *daemon]
        apart = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
        return [*apart, "bash", "-c", script, "pod", str(self.root), *inside]

    def first(self):
        """The first process of the pod: the daemon, once it runs."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.until("something runs in the pod", lambda: children.read_text().split())
        return children.read_text().split()[0]

    def enter(self, *command, **options):
        """Runs a command in the pod's network."""
        return subprocess.run(["nsenter", "--net", "-t", self.first(), *command], capture_output=True, text=True, **options)

    def exec(self, *command):
        """Runs a command as `kubectl exec` does."""
        inside = ["nsenter", "--all", "--root", "--wd", "-t", self.first(), "--setuid", str(self.user), "--setgid", str(self.user)]
        path = "PATH=/usr/local/bin:/usr/bin:/bin"
        return subprocess.run([*inside, "env", "-i", path, *command], capture_output=True, text=True)

    def get(self, path, token=None):
        """Status and text of a page of the admin endpoint."""
        more = ["-H", f"Authorization: Bearer {token}"] if token else []
        port = self.world.ports["admin"]["containerPort"]
        asked = self.enter("curl", "-s", "-m5", "-w", "\n%{http_code}", *more, f"http://127.0.0.1:{port}{path}")
        text, _, status = asked.stdout.rpartition("\n")
        return int(status or 0), text

    def until(self, what, holds):
        deadline = time.monotonic() + 30
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the daemon has ended: {what}")
            if holds():
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within 30 s: {what}")
            time.sleep(0.1)

    def answers(self, address, *how):
        asked = self.enter(str(self.root / "usr/local/bin/steersman"), "ask", "www.example.com", *how)
        return address in asked.stdout

    def check(self):
        for probe in ("livenessProbe", "readinessProbe"):
            path = self.world.container[probe]["httpGet"]["path"]
            self.until(f"{path} is 200", lambda path=path: self.get(path)[0] == 200)
        for at in ("127.0.0.1:53", "[::1]:53"):
            self.until(f"{at} answers", lambda at=at: self.answers("192.0.2.10", "--server", at))
        self.until("TCP answers", lambda: self.answers("192.0.2.10", "--server", "127.0.0.1:53", "--tcp"))
        self.token()
        self.reload()

    def token(self):
        """A token that is as it was shipped lets in nobody; a made one does."""
        mount = self.world.mount_of("/run/secrets/steersman/token")
        token = self.files(*self.world.source_of(mount))["token"]
        status, text = self.get("/api/v1/status", token)
        if token == PLACEHOLDER:
            assert status == 503, (status, text)
        else:
            assert status == 200 and json.loads(text)["ready"] is True, (status, text)
            assert self.get("/api/v1/status", "another" * 5)[0] == 401
            # As the image's HEALTHCHECK and people do: with nothing in the pod but what the image has.
            said = self.exec("steersman", "status", "--config", "/etc/steersman/steersman.toml")
            assert said.returncode == 0 and "ready" in said.stdout, said

    def reload(self):
        """A change of the config map, first a bad one, is loaded while serving."""
        mount = self.world.mount_of(self.world.toml()["zones"])
        folder, files = self.inside(mount["mountPath"]), self.files(*self.world.source_of(mount))
        self.swap(folder, {**files, "pools.toml": "no pools"}, "..bad")
        self.until("a bad change is refused", lambda: "not reloaded" in self.log())
        assert self.answers("192.0.2.10", "--server", "127.0.0.1:53")
        pools = files["pools.toml"].replace("192.0.2.10", "192.0.2.77")
        self.swap(folder, {**files, "pools.toml": pools}, "..good")
        self.until("a good change is served", lambda: self.answers("192.0.2.77", "--server", "127.0.0.1:53"))

    def log(self):
        # Not by a seek, which would move the place where the daemon writes.
        return os.pread(self.errors.fileno(), 1 << 24, 0).decode()

    def end(self):
        """Ends it as a kubelet does; whoever does not heed is ended with all of the pod."""
        if self.process.poll() is not None:
            return
        # By its own number: a change of user has it outlive the one that began it.
        daemon = int(self.first())
        try:
            os.kill(daemon, signal.SIGTERM)
            assert self.process.wait(20) == 0, "the daemon did not end well"
        finally:
            if self.process.poll() is None:
                os.kill(daemon, signal.SIGKILL)
                self.process.wait(20)


def certificate(folder):
    key, chain = folder / "key.pem", folder / "chain.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run([*made, "-subj", "/CN=ns1.example.com", "-keyout", key, "-out", chain], check=True, capture_output=True)
    return {"tls.crt": chain.read_text(), "tls.key": key.read_text()}
