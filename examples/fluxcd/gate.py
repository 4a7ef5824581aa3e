"""Judges a commit as Flux would apply it, and only then moves the branch that Flux reads.

    gate.py COMMIT --kustomization cluster/kustomization.yaml --branch approved [--remote origin] [-p POLICIES] [--fail-on WHAT]

Run in a clone of the repository, by CI. The Kustomization and the policies are the gate's own, not those of the commit.
FLUX_RECEIVER_URL and FLUX_RECEIVER_TOKEN: where Flux is told (a Receiver of type generic-hmac); without a URL it looks by itself.
Exit codes: those of `lockgate check`; 3 when the branch could not be moved, 4 when only Flux could not be told.
"""

import argparse
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from pathlib import Path

import yaml


def render(commit: str, file: Path, folder: Path) -> Path:
    """Writes what Flux would apply of a commit, variables filled in, to a file."""
    packed, tree, made = folder / "commit.tar", folder / "tree", folder / "judged" / "manifests.yaml"
    # The committed bytes, whatever lies in the work tree.
    subprocess.run(["git", "archive", f"--output={packed}", commit], check=True)  # noqa: S603,S607 - git of the path
    with tarfile.open(packed) as archive:
        archive.extractall(tree, filter="data")
    object_ = yaml.safe_load(file.read_text("utf-8"))
    place = (tree / object_["spec"]["path"]).resolve()
    if not place.is_relative_to(tree.resolve()):
        raise SystemExit(f"{file}: its path leads out of the repository")
    made.parent.mkdir()
    command = [
        "flux",
        "build",
        "kustomization",
        object_["metadata"]["name"],
        "--dry-run",
        "--strict-substitute",
    ]
    command += [f"--namespace={object_['metadata']['namespace']}", f"--path={place}"]
    with made.open("wb") as stream:
        subprocess.run([*command, f"--kustomization-file={file.resolve()}"], stdout=stream, check=True)  # noqa: S603
    return made


def judge(made: Path, policies: list[str], fail_on: str) -> int:
    """The exit code of `lockgate check`; from a folder of its own, so that no lockgate.yaml of the commit is read."""
    named = [word for path in policies for word in ("-p", str(Path(path).resolve()))]
    command = ["lockgate", "check", "--require-objects", "--fail-on", fail_on, *named, made.name]
    return subprocess.run(command, cwd=made.parent, check=False).returncode  # noqa: S603


def tell(url: str, token: str, commit: str, branch: str) -> None:
    """Asks Flux to look now. The signature is what generic-hmac wants: X-Signature, over the body."""
    body = json.dumps({"commit": commit, "branch": branch}).encode()
    signature = hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Signature": f"sha256={signature}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - main looks at the scheme
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        print(f"Flux was told of {commit}")


def main() -> int:
    """Judges, moves the branch, tells Flux."""
    parser = argparse.ArgumentParser(description="Judges a commit, and moves the branch that Flux reads.")
    parser.add_argument("commit", metavar="COMMIT", help="all forty digits")
    parser.add_argument("--kustomization", type=Path, required=True, metavar="FILE")
    parser.add_argument("--branch", required=True)
    parser.add_argument("--remote", default="origin")
    parser.add_argument("-p", "--policy", action="append", default=[], metavar="PATH")
    parser.add_argument("--fail-on", default="deny")
    given = parser.parse_args()
    if not re.fullmatch(r"[0-9a-f]{40}([0-9a-f]{24})?", given.commit):
        parser.error("name the commit by all of its digits: a branch or a tag may move meanwhile")
    url = os.environ.get("FLUX_RECEIVER_URL", "")
    if url and not url.startswith(("https://", "http://")):
        parser.error("FLUX_RECEIVER_URL begins with https://, or in a cluster with http://")
    with tempfile.TemporaryDirectory() as folder:
        try:
            made = render(given.commit, given.kustomization, Path(folder))
        except (subprocess.CalledProcessError, tarfile.TarError) as error:
            print(f"not rendered: {error}", file=sys.stderr)
            return 2
        code = judge(made, given.policy, given.fail_on)
    if code != 0:
        return code
    # Without force: a branch that has moved on is not taken back.
    command = ["git", "push", "--quiet", given.remote, f"{given.commit}:refs/heads/{given.branch}"]
    pushed = subprocess.run(command, check=False)  # noqa: S603
    if pushed.returncode != 0:
        return 3
    if url:
        try:
            tell(url, os.environ.get("FLUX_RECEIVER_TOKEN", ""), given.commit, given.branch)
        except OSError as error:
            print(f"Flux was not told, and looks by itself: {error}", file=sys.stderr)
            return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
