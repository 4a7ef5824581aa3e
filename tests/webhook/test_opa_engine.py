"""`check --engine opa`: what is wrong with servers is told, and fails closed. Real servers are in tests/e2e."""

import socket
from pathlib import Path

import pytest
from lockgate.webhook.cli import run

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: 'x:latest'}]}\n"

# Arguments, and what the error says.
WRONG: dict[str, tuple[list[str], str]] = {
    "no server": (["--engine", "opa"], "LOCKGATE_OPA_URL"),
    "not opa": (["--opa-url", "http://localhost"], "--engine opa"),
    "no TLS": (["--engine", "opa", "--opa-url", "http://opa.example.com"], "without TLS"),
    "a path": (["--engine", "opa", "--opa-url", "http://localhost/v1"], "without a path"),
    "no token": (["--engine", "opa", "--opa-url", "http://localhost", "--opa-token-file", "none"], "none"),
    "no authorities": (["--engine", "opa", "--opa-url", "https://localhost", "--opa-ca", "none"], "none"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LOCKGATE_OPA_URL", "LOCKGATE_OPA_CA", "LOCKGATE_OPA_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pod.yaml").write_text(POD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, wanted = WRONG[name]
    assert run(["check", *arguments, "pod.yaml"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert wanted in told


def test_a_lost_server_is_an_error_and_never_an_allow(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        # Bound, and not listening: nobody else can answer there.
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert run(["check", "--engine", "opa", "--opa-url", url, "pod.yaml"]) == 2
    told = capsys.readouterr().out
    assert url in told
    assert "connection refused" in told
    assert "see that it runs" in told


def test_the_configuration_names_no_server(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "lockgate.yaml").write_text("opa: {urls: ['http://127.0.0.1:8181']}\n")
    assert run(["check", "pod.yaml"]) == 2
    assert "unknown key opa" in capsys.readouterr().err


def test_plain_rego_is_not_for_opa(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.rego").write_text('package main\ndeny contains "x" if input.a\n')
    assert run(["check", "--engine", "opa", "--opa-url", "http://localhost", "-p", "p.rego", "pod.yaml"]) == 2
    assert "plain Rego" in capsys.readouterr().err


EXTERNAL = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: asks}
spec:
  crd: {spec: {names: {kind: Asks}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package asks
      violation[{"msg": "m"}] { external_data({"provider": "p", "keys": ["k"]}).system_error != "" }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Asks
metadata: {name: one}
"""


def test_external_data_is_not_evaluated_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "p.yaml").write_text(EXTERNAL)
    # Nobody is asked: no server need be there.
    assert (
        run(["check", "--engine", "opa", "--opa-url", "http://localhost:1", "-p", "p.yaml", "pod.yaml"]) == 0
    )
    told = capsys.readouterr().out
    assert "Asks" in told
    assert "external_data" in told
    assert "not evaluated" in told
