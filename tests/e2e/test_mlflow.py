"""The example of MLflow on its real server: a version is registered, marked, asked for, approved, and only then the alias moves."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

from tests.e2e.environments import environment
from tests.e2e.processes import free_port, running, wait_until
from tests.shared_folder import ROOT
from tests.webhook.helpers import Ran
from tests.webhook.promoting.office import Office

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "examples" / "mlflow"
SECONDS = 120
PEOPLE = ("registry-ci", "model-ci", "risk-1", "risk-2")
DESK = ["-p", "promotion-policy.yaml", "--identities", "identities.toml", "--trail", "trail"]


@dataclass
class Place:
    """A folder with all that the example needs, and a server of MLflow."""

    office: Office
    port: int
    python: Path

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, target: str, value: dict[str, Any] | None = None) -> dict[str, Any]:
        """What MLflow's REST API says; POST with a value, else GET."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        headers = {"Content-Type": "application/json"}
        body = None if value is None else json.dumps(value)
        connection.request("GET" if body is None else "POST", f"/api/2.0/mlflow/{target}", body, headers)
        answer = connection.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
        connection.close()
        assert answer.status == 200, told
        return told

    def register(self, *names: str) -> None:
        """Registers a version of each model by MLflow's own client, with a signed scan and evaluation of it."""
        fetched = self.office.folder / "fetched"
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "GIT_PYTHON_REFRESH": "quiet"}
        done = subprocess.run(
            [self.python, EXAMPLE / "register.py", self.uri, fetched, *names],
            cwd=self.office.folder,
            env={**os.environ, **quiet},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        for name in set(names):
            for version in (fetched / name).iterdir():
                self.sign(version / "model", f"models:/{name}/{version.name}")

    def sign(self, folder: Path, reference: str) -> None:
        name = reference.replace("/", "-").replace(":", "")
        signed = ["--sign", "keys/model-ci.pem", "--signed", f"facts/{name}.facts.dsse.json"]
        evidence = ["--evidence", str(EXAMPLE / "evaluation.json")]
        ran = self.office.run("scan", str(folder), "--reference", reference, *signed, *evidence)
        assert ran.code == 0, ran.err

    def gate(self, *models: str) -> str:
        """Runs the example's script; what it says."""
        given = {**os.environ, "LOCKGATE": f"{sys.executable} -m lockgate.webhook"}
        done = subprocess.run(
            ["bash", str(EXAMPLE / "gate.sh"), *models],
            cwd=self.office.folder,
            env=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def registry(self, command: str, *more: str) -> Ran:
        return self.office.run("registry", command, *more, "--online", "resolvers.toml")

    def pending(self) -> list[dict[str, Any]]:
        ran = self.office.run("promotions", "pending", *DESK, "--format", "json")
        assert ran.code == 0, ran.err
        found: list[dict[str, Any]] = json.loads(ran.out)
        return found

    def approve(self) -> None:
        """Both approve what is pending, whose statement lies in the folder."""
        wanted = {one["statement"] for one in self.pending()}
        for statement in self.office.folder.glob("*.promotion.dsse.json"):
            if self.office.digest(statement.name) in wanted:
                for by in ("risk-1", "risk-2"):
                    key = ["--key", f"keys/{by}.pem", "--yes"]
                    ran = self.office.run("approve", statement.name, *key, *DESK)
                    assert ran.code == 0, ran.err

    def alias(self, name: str, model: str = "fraud") -> str:
        found = self.ask(f"registered-models/get?name={model}")["registered_model"].get("aliases", [])
        return next((one["version"] for one in found if one["alias"] == name), "")

    def set_alias(self, name: str, version: str) -> None:
        self.ask("registered-models/alias", {"name": "fraud", "alias": name, "version": version})


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With the keys of the example, a trail, and a server over SQLite."""
    python = environment("mlflow-3.17.2")
    folder = tmp_path_factory.mktemp("mlflow")
    office = Office(folder)
    for name in ("keys", "facts", "server"):
        (folder / name).mkdir()
    for name in ("identities.toml", "facts-trust.toml", "promotion-policy.yaml"):
        copy(EXAMPLE / name, folder / name)
    for name in PEOPLE:
        office.make_key(f"keys/{name}")
    steps = [office.run("audit", "init", "trail", "--origin", "example.com/mlflow", "--administrator", "us")]
    for name in PEOPLE:
        if name != "model-ci":
            public = f"keys/{name}.pub.pem"
            steps.append(
                office.run("key", "enrol", public, "--identities", "identities.toml", "--trail", "trail")
            )
    assert not [one.err for one in steps if one.code]
    port = free_port()
    text = (EXAMPLE / "resolvers.toml").read_text("utf-8")
    assert "http://127.0.0.1:5000" in text
    office.write("resolvers.toml", text.replace("127.0.0.1:5000", f"127.0.0.1:{port}"))
    server = folder / "server"
    command: list[str | Path] = [
        *("env", "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true", python.parent / "mlflow", "server"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{server}/mlflow.db"),
        *("--no-serve-artifacts", "--default-artifact-root", f"{server}/artifacts"),
    ]
    with running(command, folder / "server.log") as process:
        wait_until(lambda: _answers(port), process, folder / "server.log")
        made = Place(office, port, python)
        made.register("fraud", "fraud", "churn")
        yield made


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_an_alias_moves_only_to_what_was_approved(place: Place) -> None:
    place.set_alias("candidate", "1")
    place.ask("model-versions/set-tag", {"name": "fraud", "version": "1", "key": "promote", "value": "prod"})
    told = place.gate()
    assert "staging is models:/fraud/1 now" in told
    assert (place.alias("staging"), place.alias("production")) == ("1", "")
    (request,) = place.pending()
    assert (request["model"], request["version"], request["environment"]) == ("models:fraud", "1", "prod")
    assert [one["what"] for one in request["missing"]] == ["approvals/risk"]
    # Again: nothing is asked for twice, and nothing moves.
    assert "it was asked for, by entry" in place.gate()
    assert len(place.pending()) == 1
    place.approve()
    assert place.pending() == []
    assert "production is models:/fraud/1 now" in place.gate()
    assert place.alias("production") == "1"
    found = place.ask("model-versions/get?name=fraud&version=1")["model_version"]["tags"]
    tags = {one["key"]: one["value"] for one in found}
    assert "of example.com/mlflow, sha256:" in tags["lockgate.promotion.prod"]

    # Somebody moves it by hand to a version that nobody approved.
    place.set_alias("production", "2")
    gate = ["models:/fraud", "--alias", "production", "--to", "prod", "--trail", "trail"]
    check = place.registry("check", *gate)
    assert (check.code, "models:/fraud/2 is not what entry" in check.out) == (1, True)
    assert place.registry("move", *gate).code == 0
    assert place.alias("production") == "1"
    assert place.registry("check", *gate).code == 0


def test_a_stage_and_a_copy_are_marks_too(place: Place) -> None:
    facts = ["--model-facts", "facts", "--facts-trust", "facts-trust.toml", "--key", "keys/registry-ci.pem"]
    asked = ["--to", "staging", *facts, *DESK]
    nobody = place.registry("request", "models:/churn@nobody", *asked)
    assert (nobody.code, "no version of churn is alias nobody" in nobody.err) == (0, True)
    stage = {"name": "churn", "version": "1", "stage": "Staging", "archive_existing_versions": False}
    place.ask("model-versions/transition-stage", stage)
    staging = place.registry("request", "models:/churn", "--stage", "Staging", *asked)
    assert (staging.code, "made: entry" in staging.out) == (0, True), staging.err

    # A registered model of what is live, into which versions are copied, as `copy_model_version` of the client does.
    place.ask("registered-models/create", {"name": "live.churn"})
    place.ask("model-versions/create", {"name": "live.churn", "source": "models:/churn/1"})
    place.sign(place.office.folder / "fetched" / "churn" / "1" / "model", "models:/live.churn/1")
    copied = place.registry("request", "models:/live.churn", "--every", *asked)
    assert copied.code == 0, copied.err
    assert "change      source models:/churn/1" in copied.out
    gate = ["models:/live.churn", "--alias", "staging", "--to", "staging", "--trail", "trail"]
    assert place.registry("move", *gate).code == 0
    assert place.alias("staging", "live.churn") == "1"
