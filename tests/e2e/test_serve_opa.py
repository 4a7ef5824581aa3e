"""`lockgate serve --engine opa`: real OPA servers evaluate, and their absence is told and closed."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.rego_server import Server as Opa
from tests.e2e.rego_server import opa_server
from tests.webhook.serving.server_processes import (
    CONSTRAINT,
    SECONDS,
    STEP_SECONDS,
    TEMPLATE,
    Server,
    config_map,
    review_of,
    running_server,
    write_policies,
)

pytestmark = pytest.mark.e2e

DENIED = "[owners] settings has no owner"
CEL = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: needsteam}
spec:
  crd: {spec: {names: {kind: NeedsTeam}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: K8sNativeValidation
      source:
        validations:
        - expression: has(object.metadata.annotations) && "team" in object.metadata.annotations
          message: no team
"""
OTHER = CONSTRAINT.replace("NeedsOwner", "NeedsTeam").replace("owners", "teams")


def modules(opa: Opa) -> set[str]:
    """The ids of what is pushed."""
    status, answer = opa.ask("GET", "/v1/policies", "")
    assert status == 200
    return {one["id"] for one in answer["result"]}


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)


def said(server: Server) -> str:
    """What is said to an object that breaks both policies."""
    message: str = server.admit(review_of(config_map()))["status"].get("message", "")
    return message


def test_reviews_are_judged_by_opa(tmp_path: Path) -> None:
    with opa_server({}, "--v0-compatible") as opa:
        policies = write_policies(tmp_path, TEMPLATE, CONSTRAINT, CEL, OTHER)
        options = ["--engine", "opa", "--opa-url", f"http://127.0.0.1:{opa.port}"]
        with running_server(tmp_path, policies, options) as server:
            assert said(server).splitlines() == ["[teams] no team", DENIED]
            assert any(name.startswith("lockgate/") for name in modules(opa))
            here = server.wait_for("policies evaluated without OPA")
            assert here["policies"] == ["NeedsTeam/teams"]
            first = modules(opa)
            for number in (1, 2, 3):
                text = TEMPLATE.replace("has no owner", f"has no owner ({number})")
                (policies / "0.yaml").write_text(text)
                until(lambda number=number: f"owner ({number})" in said(server))  # type: ignore[misc]
            # Sets before the last are taken away.
            until(lambda: not first & modules(opa))
            assert server.admit(review_of(config_map(labels={"owner": "me"}, annotations={"team": "ml"})))[
                "allowed"
            ]


def test_without_opa_reviews_are_closed_and_it_recovers(tmp_path: Path) -> None:
    policies = write_policies(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    fine = config_map(labels={"owner": "me"})
    with running_server(tmp_path, policies, ["--engine", "opa", "--opa-url", url]) as server:
        assert url in server.wait_for("OPA server lacks policies")["server"]
        for _ in range(2):
            answer = server.admit(review_of(fine), "/v1/admit?timeout=3s")
            assert not answer["allowed"]
            assert url in answer["status"]["message"]
            # Empty, as after a restart: what it lacks is pushed to it.
            with opa_server({}, "--v0-compatible", port=port):
                # Each worker finds it again by itself.
                until(lambda: said(server) == DENIED)
                until(lambda: bool(server.admit(review_of(fine))["allowed"]))
