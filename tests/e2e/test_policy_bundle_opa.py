"""PolicyBundles beside OPA itself: it takes what we make and sign, refuses what was changed, and finds the same."""

import http.server
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lockgate.engine.codegen.values import render_json
from lockgate.webhook.cli import run
from lockgate.webhook.policy_bundle.archive import read_archive, write_archive
from lockgate.webhook.policy_bundle.bundle import BundleFile

from tests.e2e.programs import run_program
from tests.e2e.rego_server import opa_server
from tests.e2e.test_opa_backend import folder
from tests.shared_folder import ROOT, shared_path
from tests.webhook.policy_bundle.keys import make_p256, write_pair
from tests.webhook.test_check import BAD, TEMPLATE, constraint

pytestmark = pytest.mark.e2e

RULE = 'package main\n\nimport rego.v1\n\ndeny contains "no owner" if not input.metadata.labels.owner\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("policies").mkdir()
    Path("policies/template.yaml").write_text(TEMPLATE)
    Path("policies/constraint.yaml").write_text(constraint())
    return tmp_path


def bundle(*arguments: str) -> None:
    assert run(["policy", "bundle", *arguments]) == 0


def opa(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return run_program("opa", *arguments, cwd=Path.cwd())


def build(archive: str, key: str) -> "subprocess.CompletedProcess[str]":
    """OPA verifies the signature of what it builds from."""
    return opa(
        "build", "-b", archive, "--verification-key", key, "--signing-alg", "ES256", "-o", "built.tar.gz"
    )


def query(archive: str, text: str, given: Any) -> Any:
    Path("input.json").write_text(json.dumps(given))
    done = opa("eval", "-b", archive, "-i", "input.json", text)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)["result"][0]["expressions"][0]["value"]


def test_opa_verifies_our_signature_and_refuses_what_was_changed(place: Path) -> None:
    private, public = write_pair(place / "keys", "k", make_p256())
    _, other = write_pair(place / "keys", "other", make_p256())
    bundle("policies", "--key", private, "-o", "p.tar.gz")
    done = build("p.tar.gz", public)
    assert done.returncode == 0, done.stderr
    assert "failed to verify" in build("p.tar.gz", other).stdout
    files = {one.name: one for one in read_archive(Path("p.tar.gz").read_bytes(), "p")}
    rego = files["opa/NeededLabels/template.rego"]
    changes: list[tuple[dict[str, BundleFile], str]] = [
        ({rego.name: BundleFile(rego.name, rego.data + b"\n")}, "digest mismatch"),
        ({"constraint.yaml": BundleFile("constraint.yaml", b"x: y\n")}, "digest mismatch"),
        ({"new.rego": BundleFile("new.rego", b"package lockgate.templates.x\n")}, "not included"),
        ({".manifest": BundleFile(".manifest", b'{"roots": [""]}')}, "digest mismatch"),
    ]
    for change, told in changes:
        changed = {**files, **change}
        Path("changed.tar.gz").write_bytes(write_archive(list(changed.values()), "p"))
        done = build("changed.tar.gz", public)
        assert done.returncode != 0 and told in done.stdout + done.stderr
        # And so do we.
        assert run(["check", "-p", "changed.tar.gz", "--policy-key", public, "policies"]) == 2
    del files["constraint.yaml"]
    Path("changed.tar.gz").write_bytes(write_archive(list(files.values()), "p"))
    assert build("changed.tar.gz", public).returncode != 0


def test_opa_signs_a_bundle_as_we_do(place: Path) -> None:
    """The payload that `opa sign` would sign for the same files, name by name and hash by hash."""
    from base64 import urlsafe_b64decode

    private, public = write_pair(place / "keys", "k", make_p256())
    bundle("policies", "-o", "p.tar.gz")
    bundle("policies", "--key", private, "-o", "s.tar.gz")
    Path("unpacked").mkdir()
    for one in read_archive(Path("p.tar.gz").read_bytes(), "p"):
        (place / "unpacked" / one.name).parent.mkdir(parents=True, exist_ok=True)
        (place / "unpacked" / one.name).write_bytes(one.data)
    # It lists what it reads of a folder; the rest of a bundle it lists when it verifies.
    done = opa("sign", "--signing-key", private, "--signing-alg", "ES256", "--bundle", "unpacked")
    assert done.returncode == 0, done.stderr

    def listed(data: bytes) -> dict[str, str]:
        payload = json.loads(data)["signatures"][0].split(".")[1]
        files = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["files"]
        return {one["name"].removeprefix("unpacked/"): one["hash"] for one in files}

    ours = {one.name: one for one in read_archive(Path("s.tar.gz").read_bytes(), "s")}[
        ".signatures.json"
    ].data
    theirs = listed(Path(".signatures.json").read_bytes())
    assert ".manifest" in theirs and theirs.items() <= listed(ours).items()
    assert public


def test_opa_finds_what_the_template_finds(place: Path) -> None:
    bundle("policies", "-o", "p.tar.gz")
    review = {"object": {"metadata": {"labels": {"x": "y"}}}}
    given = {"review": review, "parameters": {"labels": ["owner"]}}
    found = query("p.tar.gz", "data.lockgate.templates.NeededLabels.template.violation", given)
    assert [one["msg"] for one in found] == ["label owner is missing"]


def test_opa_runs_plain_rego(place: Path) -> None:
    private, public = write_pair(place / "keys", "k", make_p256())
    Path("policy").mkdir()
    Path("policy/main.rego").write_text(RULE)
    bundle("policy", "--key", private, "-o", "signed.tar.gz")
    bundle("policy", "-o", "p.tar.gz")
    assert build("signed.tar.gz", public).returncode == 0
    assert query("p.tar.gz", "data.main.deny", {}) == ["no owner"]


@pytest.mark.parametrize("source", ["shipped", "library"])
def test_opa_compiles_every_template_that_it_can(source: str, place: Path) -> None:
    """One bundle of all templates: packages and libraries of one name do not meet."""
    root = ROOT / "policies" if source == "shipped" else shared_path("vectors", "gatekeeper-library")
    private, public = write_pair(place / "keys", "k", make_p256())
    wanted = place / "all"
    wanted.mkdir()
    documents = folder(root)[0]
    kinds_of = {str(one.value["kind"]) for one in documents}
    templates = {
        mapping(one.value, "spec", "crd", "spec", "names")["kind"]
        for one in documents
        if one.value["kind"] == "ConstraintTemplate"
    }
    assert kinds_of & templates
    for number, document in enumerate(documents):
        if document.value["kind"] in {"ConstraintTemplate", *templates}:
            (wanted / f"{number}.json").write_text(render_json(document.value))
    bundle("all", "--key", private, "-o", "p.tar.gz")
    done = build("p.tar.gz", public)
    assert done.returncode == 0, done.stdout + done.stderr
    files = read_archive(Path("p.tar.gz").read_bytes(), "p")
    rego = {one.name.split("/")[1] for one in files if one.name.startswith("opa/")}
    bundle("all", "-o", "plain.tar.gz")
    kinds = query("plain.tar.gz", "{kind | data.lockgate.templates[kind]}", {"review": {}, "parameters": {}})
    assert set(kinds) == rego and len(rego) >= (2 if source == "shipped" else 28)


def mapping(value: Any, *names: str) -> Any:
    for name in names:
        value = value[name]
    return value


@contextmanager
def registry(layout: Path) -> Iterator[tuple[str, list[str]]]:
    """What a registry answers of a layout: manifests and blobs by digest, the first manifest by any name."""
    first = json.loads((layout / "index.json").read_text())["manifests"][0]
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            asked.append(self.path)

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            kind, _, name = self.path.rpartition("/")
            digest = name if name.startswith("sha256:") else first["digest"]
            blob = layout / "blobs" / "sha256" / digest[7:]
            if not kind.endswith(("/manifests", "/blobs")) or not blob.is_file():
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            data = blob.read_bytes()
            assert sha256(data).hexdigest() == digest[7:]
            self.send_response(200)
            is_manifest = kind.endswith("/manifests")
            self.send_header(
                "Content-Type", first["mediaType"] if is_manifest else "application/octet-stream"
            )
            self.send_header("Docker-Content-Digest", digest)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("is_signed", [True, False])
def test_gator_and_conftest_pull_a_layout(is_signed: bool, place: Path) -> None:
    """A key of Ed25519 signs beside the archive, where gator does not take the signature for an object."""
    private, _ = write_pair(place / "keys", "k", Ed25519PrivateKey.generate())
    key = ("--key", private) if is_signed else ()
    Path("policy").mkdir()
    Path("policy/main.rego").write_text(RULE)
    Path("bad.yaml").write_text(BAD)
    for source, program, *arguments in (
        ("policies", "gator", "test", "--image", "ADDRESS/policy:latest", "-f", "bad.yaml"),
        ("policy", "conftest", "test", "--update", "oci://ADDRESS/policy:latest", "-p", "pulled", "bad.yaml"),
    ):
        bundle(source, *key, "--format", "oci", "-o", f"{source}-layout")
        with registry(place / f"{source}-layout") as (address, _):
            named = [one.replace("ADDRESS", address) for one in arguments]
            done = run_program(program, *named, cwd=place)
            assert done.returncode == 1, done.stdout + done.stderr
            told = "label owner is missing" if program == "gator" else "no owner"
            assert told in done.stdout + done.stderr


def test_opa_takes_a_layout_from_a_registry_and_verifies_it(place: Path) -> None:
    private, public = write_pair(place / "keys", "k", make_p256())
    _, other = write_pair(place / "keys", "other", make_p256())
    bundle("policies", "--key", private, "--format", "oci", "-o", "layout")
    given = json.dumps(
        {"input": {"review": {"object": {"metadata": {}}}, "parameters": {"labels": ["owner"]}}}
    )
    for key, is_taken in ((public, True), (other, False)):
        with registry(place / "layout") as (address, asked):
            config = place / "config.json"
            made = {
                "services": {"registry": {"url": f"http://{address}", "type": "oci"}},
                "keys": {"k": {"algorithm": "ES256", "key": Path(key).read_text()}},
                "bundles": {
                    "policy": {
                        "service": "registry",
                        "resource": f"{address}/policy:latest",
                        "signing": {"keyid": "k"},
                        "polling": {"min_delay_seconds": 1, "max_delay_seconds": 1},
                    }
                },
                "persistence_directory": str(place / f"kept-{is_taken}"),
            }
            config.write_text(json.dumps(made))
            with opa_server({}, "--config-file", str(config)) as server:
                end = time.monotonic() + 60
                while server.raw("GET", "/health?bundles", "")[0] != 200:
                    # Asked for a second time, the first answer was refused.
                    if not is_taken and len([path for path in asked if "/manifests/" in path]) > 4:
                        break
                    assert time.monotonic() < end, asked
                    time.sleep(0.1)
                code, text = server.text("/v1/data/lockgate/templates/NeededLabels/template/violation", given)
                assert (code == "" and "label owner is missing" in text) == is_taken
