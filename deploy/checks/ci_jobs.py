#!/usr/bin/env python3
"""Checks the jobs of deploy/ci, by the schemas of their services, and runs their scripts.

    deploy/checks/ci_jobs.py STEERSMAN

Those that check run over good files, over files with a warning and over files with errors, and pass or fail accordingly; those
that compare, over a branch that changes something, one that changes nothing, and one with an error. In place of docker
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


def comparing():
    """Name, environment and script of each job that compares."""
    github = yaml.safe_load((JOBS / "github.yml").read_text())
    [step] = [step for step in github["jobs"]["diff"]["steps"] if step.get("name") == "steersman diff"]
    yield "github", github["env"], ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    gitlab = yaml.safe_load((JOBS / "gitlab.yml").read_text())
    job = gitlab["steersman-diff"]
    environment = {**gitlab["variables"], **job["variables"]}
    yield "gitlab", environment, ["sh", "-ec", "\n".join(job["script"])]


CHANGES = {
    "changed": ("[www]", "[www]\nttl = 60", "TTL 60 s"),
    "the same": ("[www]", "# A remark.\n[www]", "Nothing: "),
    "wrong": ("[www]", "[www]\nttl = 'soon'", None),
}


def compare(steersman, environment, command, change):
    """Exit code, words and diff.md of a script on a branch with a change."""
    with tempfile.TemporaryDirectory() as folder:
        files, programs = Path(folder) / "files", Path(folder) / "programs"
        subprocess.run(["cp", "-r", REPOSITORY / "deploy/debian/etc", files], check=True)
        toml = files / "steersman.toml"
        toml.write_text(toml.read_text().replace("/usr/share/steersman/geoip", str(REPOSITORY / "geoip")))

        def git(*arguments):
            who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
            told = subprocess.run(["git", "-C", files, *who, *arguments], check=True, capture_output=True, text=True)
            return told.stdout.strip()

        git("init", "--quiet", "--initial-branch=main")
        git("add", "--all")
        git("commit", "--quiet", "--message=one")
        base = git("rev-parse", "HEAD")
        git("update-ref", "refs/remotes/origin/main", base)
        before, after, _ = change
        steering = files / "zones/example.com.toml"
        assert before in steering.read_text(), steering
        steering.write_text(steering.read_text().replace(before, after, 1))
        git("commit", "--quiet", "--all", "--message=two")
        programs.mkdir()
        (programs / "docker").write_text(DOCKER)
        (programs / "docker").chmod(0o755)
        (programs / "steersman").symlink_to(Path(steersman).absolute())
        summary = Path(folder) / "summary.md"
        own = {
            **os.environ,
            **environment,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "GITHUB_BASE_REF": "main",
            "GITHUB_STEP_SUMMARY": str(summary),
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        }
        told = subprocess.run(command, cwd=files, env=own, capture_output=True, text=True)
        shown = summary.read_text() if summary.exists() else told.stdout
        return told.returncode, told.stdout + told.stderr, shown


def comparing_faults(steersman):
    found = []
    for name, environment, command in comparing():
        for kind, change in CHANGES.items():
            code, said, shown = compare(steersman, environment, command, change)
            wanted = change[2]
            if (code != 0) != (wanted is None):
                found.append(f"{name}: the comparison of what is {kind} exits with {code}:\n{said}")
            if wanted is not None and wanted not in shown:
                found.append(f"{name}: {wanted!r} is not in what is shown of what is {kind}:\n{shown}\n{said}")
    return found


def main():
    [steersman] = sys.argv[1:]
    found = schema_faults() + script_faults(steersman) + comparing_faults(steersman)
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print("the jobs for GitHub and GitLab are of their schemas, and pass, fail and tell with the files")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
