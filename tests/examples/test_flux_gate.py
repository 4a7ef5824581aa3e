"""The gate before Flux: commits, a branch in a repository of its own, and a receiver that asks for a signature.

In the place of `flux` stands what does as much of `flux build kustomization` as these manifests need; `$LOCKGATE_FLUX` names a real one.
"""

import hashlib
import hmac
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.shared_folder import ROOT

EXAMPLE = ROOT / "examples" / "fluxcd"
# Files of the path one after the other, with the variables of postBuild; one that nobody sets is an error, as --strict-substitute has it.
STAND_IN = """\
#!{python}
import re, sys, yaml
from pathlib import Path
given = dict(word[2:].split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
assert sys.argv[1:3] == ["build", "kustomization"] and {{"--dry-run", "--strict-substitute"}} <= set(sys.argv)
known = yaml.safe_load(Path(given["kustomization-file"]).read_text())["spec"]["postBuild"]["substitute"]
for file in sorted(Path(given["path"]).glob("*.yaml")):
    print("---")
    print(re.sub(r"[$][{{](\\w+)[}}]", lambda found: known[found[1]], file.read_text()))
"""
TOKEN = "a token that both know"


def git(place: Path, *arguments: str) -> str:
    """What a command of git prints."""
    who = ["-c", "user.name=ci", "-c", "user.email=ci@example.com"]
    done = subprocess.run(["git", *who, *arguments], cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Repository:
    """A clone with what is deployed, its remote, and the gate's own files beside."""

    def __init__(self, place: Path, compiled: str) -> None:
        self.gate = place / "gate"
        shutil.copytree(EXAMPLE, self.gate)
        self.remote = place / "remote.git"
        git(place, "init", "--quiet", "--bare", str(self.remote))
        self.clone = place / "clone"
        git(place, "init", "--quiet", str(self.clone))
        git(self.clone, "remote", "add", "origin", str(self.remote))
        shutil.copytree(EXAMPLE / "deploy", self.clone / "deploy")
        tools = place / "tools"
        tools.mkdir()
        real = os.environ.get("LOCKGATE_FLUX")
        if real:
            (tools / "flux").symlink_to(real)
        else:
            (tools / "flux").write_text(STAND_IN.format(python=sys.executable))
            (tools / "flux").chmod(0o755)
        path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environment = {**os.environ, "PATH": path, "XDG_CACHE_HOME": compiled}

    @property
    def serving(self) -> Path:
        return self.clone / "deploy" / "serving.yaml"

    def commit(self) -> str:
        git(self.clone, "add", "--all")
        git(self.clone, "commit", "--quiet", "-m", "a change")
        return git(self.clone, "rev-parse", "HEAD")

    def approved(self) -> str:
        return git(self.remote, "for-each-ref", "--format=%(objectname)", "refs/heads/approved")

    def run(self, commit: str, **variables: str) -> subprocess.CompletedProcess[str]:
        file = self.gate / "cluster" / "kustomization.yaml"
        command = [sys.executable, str(self.gate / "gate.py"), commit, "--kustomization", str(file)]
        return subprocess.run(
            [*command, "--branch", "approved"],
            cwd=self.clone,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def repository(tmp_path: Path, compiled: str) -> Repository:
    return Repository(tmp_path, compiled)


class Receiver(BaseHTTPRequestHandler):
    """Answers as Flux's notification-controller does for `generic-hmac`."""

    told: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = "sha256=" + hmac.new(TOKEN.encode(), body, hashlib.sha256).hexdigest()
        holds = hmac.compare_digest(self.headers.get("X-Signature", ""), signature)
        if holds:
            self.told.append(body)
        self.send_response(200 if holds else 400)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    told: list[bytes] = []
    handler = type("Told", (Receiver,), {"told": told})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook/1", told
        server.shutdown()
        thread.join()


def spoil(file: Path) -> None:
    file.write_text(file.read_text().replace("  predictor:\n", "  predictor:\n    hostNetwork: true\n"))


def test_the_branch_goes_to_what_nothing_denies_and_flux_is_told(
    repository: Repository, receiver: tuple[str, list[bytes]]
) -> None:
    url, told = receiver
    commit = repository.commit()
    # What is not committed does not count.
    spoil(repository.serving)
    done = repository.run(commit, FLUX_RECEIVER_URL=url, FLUX_RECEIVER_TOKEN=TOKEN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert repository.approved() == commit
    assert [commit.encode() in body for body in told] == [True]


def test_a_denied_commit_moves_nothing(repository: Repository, receiver: tuple[str, list[bytes]]) -> None:
    url, told = receiver
    good = repository.commit()
    assert repository.run(good).returncode == 0
    spoil(repository.serving)
    # A commit's own settings do not count.
    (repository.clone / "lockgate.yaml").write_text("exclude: ['**']\n")
    bad = repository.commit()
    done = repository.run(bad, FLUX_RECEIVER_URL=url, FLUX_RECEIVER_TOKEN=TOKEN)
    assert done.returncode == 1
    assert "spec.predictor.hostNetwork" in done.stdout
    # The variable was filled in before it was judged.
    assert "${MODEL_VERSION}" not in done.stdout
    assert (repository.approved(), told) == (good, [])


def test_what_cannot_be_judged_or_moved_is_told_apart(
    repository: Repository, receiver: tuple[str, list[bytes]]
) -> None:
    url, told = receiver
    first = repository.commit()
    text = repository.serving.read_text()
    repository.serving.write_text(text.replace("${MODEL_VERSION}", "${NOBODY_SAYS}"))
    unknown = repository.commit()
    assert repository.run(unknown).returncode == 2
    assert repository.run("HEAD").returncode == 2
    assert repository.run("f" * 40).returncode == 2
    assert repository.approved() == ""
    repository.serving.write_text(text + "# more\n")
    second = repository.commit()
    # Flux would not take this token; it looks by itself.
    assert repository.run(second, FLUX_RECEIVER_URL=url, FLUX_RECEIVER_TOKEN="").returncode == 4
    assert (repository.approved(), told) == (second, [])
    # An older commit does not come back by itself.
    assert repository.run(first).returncode == 3
    assert repository.approved() == second
