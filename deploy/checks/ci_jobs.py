#!/usr/bin/env python3
"""Checks the jobs of deploy/ci, by the schemas of their services, and runs their scripts.

    deploy/checks/ci_jobs.py STEERSMAN

They run over good files, over files with a warning and over files with errors, and pass or fail accordingly. In place of docker
stands a program that does what it would be told: run the image's entry point. Needs the packages of requirements.txt.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parent.parent.parent
JOBS = REPOSITORY / "deploy/ci"
DOCKER = """#!/bin/bash
# run OPTIONS IMAGE ARGUMENTS...
while [ "$1" != "$STEERSMAN_IMAGE" ]; do shift; done
shift
exec steersman "$@"
"""
WARNING = '\n[geo.geo]\nAS64500 = "us-east"\ndefault = "eu-west"\n'
FILES = {"good": "", "warning": WARNING, "error": "\n[bad]\nfailover = 7\n"}


def schema_faults():
    found = []
    for service, file in (("github-workflows", "github.yml"), ("gitlab-ci", "gitlab.yml")):
        check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{service}"]
        told = subprocess.run([*check, JOBS / file], capture_output=True, text=True)
        if told.returncode != 0:
            found.append(f"{file}: {told.stdout}{told.stderr}")
    return found


def scripts():
    """Name, environment and script of each job, run as its service runs it."""
    github = yaml.safe_load((JOBS / "github.yml").read_text())
    [step] = [step for step in github["jobs"]["check"]["steps"] if step.get("name") == "steersman check"]
    yield "github", github["env"], ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    gitlab = yaml.safe_load((JOBS / "gitlab.yml").read_text())
    yield "gitlab", gitlab["variables"], ["sh", "-ec", "\n".join(gitlab["steersman-check"]["script"])]


def run(steersman, environment, command, more):
    """Exit code and words of a script over the package's example files, with more in one of them."""
    with tempfile.TemporaryDirectory() as folder:
        files, programs = Path(folder) / "files", Path(folder) / "programs"
        subprocess.run(["cp", "-r", REPOSITORY / "deploy/debian/etc", files], check=True)
        with (files / "zones/example.com.toml").open("a") as file:
            file.write(more)
        toml = files / "steersman.toml"
        toml.write_text(toml.read_text().replace("/usr/share/steersman/geoip", str(REPOSITORY / "geoip")))
        programs.mkdir()
        (programs / "docker").write_text(DOCKER)
        (programs / "docker").chmod(0o755)
        (programs / "steersman").symlink_to(Path(steersman).absolute())
        own = {**os.environ, **environment, "PATH": f"{programs}:{os.environ['PATH']}"}
        told = subprocess.run(command, cwd=files, env=own, capture_output=True, text=True)
        return told.returncode, told.stdout + told.stderr


def script_faults(steersman):
    found = []
    for name, environment, command in scripts():
        for kind, more in FILES.items():
            code, said = run(steersman, environment, command, more)
            if (code != 0) != (kind == "error"):
                found.append(f"{name}: exits with {code} over files that are {kind}:\n{said}")
            if name == "github" and kind != "good" and f"::{kind} file=zones/example.com.toml,line=" not in said:
                found.append(f"{name}: no annotation over files that are {kind}:\n{said}")
            if name == "github" and kind == "good" and "::" in said:
                found.append(f"{name}: an annotation over good files:\n{said}")
    return found


def main():
    [steersman] = sys.argv[1:]
    found = schema_faults() + script_faults(steersman)
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print("the jobs for GitHub and GitLab are of their schemas, and pass and fail with the files")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
