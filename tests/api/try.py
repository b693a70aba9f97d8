"""Asks the running daemon all that docs/openapi.json allows, and what it does not, and holds the answers against it:
as admin, as viewer, and as nobody. Takes the path of the program. What fails is repeated with SEED=… as it is shown.
What is not asked or not minded stands in schemathesis.toml."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

STEERSMAN = pathlib.Path(sys.argv[1]).resolve()
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCHEMATHESIS = pathlib.Path(sys.executable).parent / "schemathesis"
SEED = os.environ.get("SEED", "20261130")


def serving(log: pathlib.Path, daemon: subprocess.Popen) -> dict:
    """The line in which the daemon says where it is."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if daemon.poll() is not None:
            break
        for line in log.read_text().splitlines():
            if (said := json.loads(line))["message"] == "serving":
                return said
        time.sleep(0.05)
    sys.exit(f"the daemon does not serve:\n{log.read_text()}")


def ask(url: str, token: str | None) -> bytes:
    request = urllib.request.Request(url)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def run(folder: pathlib.Path, who: str, url: str, token: str | None, seconds: int, *more: str) -> bool:
    print(f"\n-- as {who}, with the seed {SEED}", flush=True)
    command = [
        SCHEMATHESIS, "run", ROOT / "docs/openapi.json", "--url", url, "--seed", SEED,
        "--max-time", str(seconds), "--continue-on-failure",
        "--warnings", "off", "--output-sanitize", "false", "--generation-database", "none", *more,
    ]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode == 0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        shutil.copytree(HERE / "files", folder, dirs_exist_ok=True)
        shutil.copy(ROOT / "geoip/country.mmdb", folder)
        # It keeps what it has found beside its configuration.
        shutil.copy(HERE / "schemathesis.toml", folder)
        log = folder / "log"
        with log.open("w") as output:
            daemon = subprocess.Popen([STEERSMAN, "serve"], cwd=folder, stderr=output)
        try:
            tried = attempt(folder, serving(log, daemon))
            if daemon.poll() is not None:
                sys.exit(f"the daemon has ended:\n{log.read_text()[-4000:]}")
        finally:
            daemon.terminate()
            daemon.wait()
        panics = [line for line in log.read_text().splitlines() if "panic" in line]
        if panics:
            sys.exit("the daemon has panicked:\n" + "\n".join(panics))
        if not tried:
            sys.exit("\nthe API and its description differ; mend one of them, and try again")


def attempt(folder: pathlib.Path, said: dict) -> bool:
    url = f"http://{said['admin']}"
    token = (folder / "state/admin.token").read_text().strip()
    committed = (ROOT / "docs/openapi.json").read_bytes()
    assert ask(f"{url}/api/v1/openapi.json", token) == committed, "another description is served"
    good = [run(folder, "admin", url, token, 75)]
    # Made only now, for an admin takes back whatever token there is.
    command = [STEERSMAN, "token", "add", "looker", "--role", "viewer", "--url", url]
    environment = {**os.environ, "STEERSMAN_TOKEN": token}
    viewer = subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    good.append(run(folder, "viewer", url, viewer.stdout.strip(), 30))
    # A stranger is not even told that there is no such method.
    good.append(run(folder, "nobody", url, None, 15, "--exclude-checks", "unsupported_method"))
    # Whatever was asked, both go on.
    assert ask(f"{url}/healthz", None) == b"ok\n"
    server = said["dns"].split()[0]
    asked = subprocess.run([STEERSMAN, "ask", "fixed.example.com", "--server", server], check=True, stdout=subprocess.PIPE, text=True)
    assert "192.0.2.99" in asked.stdout, asked.stdout
    return all(good)


main()
