"""A log whose key stays in a token, and statements signed by one."""

import json
import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.dsse import IN_TOTO, render_envelope, verify_envelope
from lockgate.audit.errors import TrailError
from lockgate.audit.keys.statement_signer import open_statement_signer
from lockgate.audit.keys.token_signer import open_token_signer
from lockgate.audit.keys.token_uri import parse_token_uri
from lockgate.audit.note import render_verifier_key
from lockgate.audit.recorder import Recorder
from lockgate.audit.store.appender import Appender
from lockgate.audit.store.store import create_log
from lockgate.audit.vault import Vault
from lockgate.audit.verify.verify import verify_trail
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.audit.trails import MASTER, ORIGIN, START_MS, Clock, decision, opening, pod, review
from tests.e2e.judge import judged
from tests.e2e.softhsm import Token, softhsm_token
from tests.faults.checking import trust_of

pytestmark = pytest.mark.e2e


def uri_of(token: Token, folder: Path) -> str:
    pin = folder / "pin"
    if not pin.exists():
        pin.write_text(f"{token.pin}\n")
        pin.chmod(0o600)
    return f"pkcs11:token={token.label};object={token.ed25519_label}?module-path={token.library}&pin-source={pin}"


def test_log(tmp_path: Path) -> None:
    from lockgate.audit.recorder import Subject

    with softhsm_token() as token:
        signer = open_token_signer(parse_token_uri(uri_of(token, tmp_path)), ORIGIN)
        text = b"example.com/x\n1\nAAAA\n"
        assert signer.sign(text) == signer.sign(text)
        clock = Clock()
        store = create_log(str(tmp_path / "trail.db"), ORIGIN, clock(), MASTER.seal_key)
        appender = Appender(store, [signer], MASTER.seal_key, clock=clock)
        appender.append(opening(ORIGIN, render_verifier_key(signer.verifier_key)))
        recorder = Recorder(Vault(MASTER, store), "lockgate/test")
        for number in range(20):
            made = recorder.decision(review(pod(f"p{number}", "team")), decision(), Subject())
            appender.append(made)
        appender.close()
        report = verify_trail(store, trust_of(signer.verifier_key), now_ms=START_MS + 10**8, index=store)
        assert (report.findings, report.exit_code, report.size) == ((), 0, 21)
        store.close()
        signer.close()
        data = b"".join([path.read_bytes() for path in tmp_path.iterdir() if path.name != "pin"])
        assert token.pin.encode() + b"\n" not in data


def test_statements(tmp_path: Path) -> None:
    """By securesystemslib's own signer for tokens, which knows ECDSA."""
    with softhsm_token() as token:
        signers: Any = import_module("securesystemslib.signer")
        os.environ["PYKCS11LIB"] = str(token.library)
        try:
            uri, key = signers.HSMSigner.import_(int.from_bytes(token.p256_id, "big"), token.label)
            signer = open_statement_signer(uri, key.keyval["public"].encode(), token.pin)
            made = signer.sign(IN_TOTO, b"{}")
        finally:
            del os.environ["PYKCS11LIB"]
        assert list(verify_envelope(made, {"it": signer.key}, IN_TOTO)) == ["it"]
        # Go's verifier goes by the key's id, which is a hint that nobody signed.
        question = {
            "envelope": json.loads(render_envelope(made)),
            "keys": [{"keyid": signer.key_id, "pem": key.keyval["public"]}],
        }
        assert judged("dsse", "-", given=json.dumps(question)) == {"dsse": ""}


def verified(place: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(["audit", "verify", str(place), "--format", "json", *options])
    return code, json.loads(capsys.readouterr().out)


def test_drill(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """From a file to a token, whose key gets away; another log goes on with a key in a file."""
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    home = tmp_path / "trail"
    said = ""

    def done(*arguments: str) -> int:
        nonlocal said
        code = run(["audit", *arguments])
        said += "".join(capsys.readouterr())
        return code

    def line() -> str:
        return (home / "log.vkey").read_text().strip()

    with softhsm_token() as token:
        assert done("init", str(home), "--origin", ORIGIN) == 0
        first = line()
        uri = uri_of(token, tmp_path)
        assert done("key", "rotate", "--new-signer", uri, "--trail", str(home)) == 0
        second = line()
        assert done("export", str(tmp_path / "before"), "--trail", str(home)) == 0
        for key in (first, second):
            code, report = verified(home, capsys, "--log-key", key)
            assert (code, report["findings"]) == (0, [])
        good = report["entries"]
        # The stand-alone verifier and Go's are told both.
        script = [sys.executable, str(standalone()), str(tmp_path / "before")]
        both = ["--log-key", first, "--log-key", second]
        assert subprocess.run([*script, *both], capture_output=True, check=False).returncode == 0
        # The thief signs one more entry with the token.
        with open_trail(str(home)) as trail, trail.appending() as appending:
            appending.appender.append(trail.recorder().key_event("added", "witness", "w"))
        command = ["key", "revoke", "--last-good", str(good), "--reason", "drill", "--trail", str(home)]
        assert done(*command, "--new-signer", uri) == 2
        assert "another key than the one that got away" in said
        assert done(*command) == 0
        successor = line()
        assert len({first, second, successor}) == 3
        data = b"".join(
            [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "pin"]
        )
    # Without the token.
    code, report = verified(home, capsys, "--log-key", successor)
    assert (code, report["entries"], report["origin"]) == (0, 2, f"{ORIGIN}/r1")
    former = home / "former" / "1"
    kept = tmp_path / "kept.toml"
    kept.write_bytes((former / "trust.toml").read_bytes())
    code, report = verified(former, capsys, "--trust", str(kept))
    assert (code, report["size"], [one["code"] for one in report["findings"]]) == (3, good, ["key-revoked"])
    code, report = verified(tmp_path / "before", capsys, "--trust", str(kept))
    assert (code, report["findings"]) == (0, [])
    for secret in (f"\n{token.pin}\n", f"pin-value={token.pin}", f'"{token.pin}"'):
        assert secret not in said
        assert secret.encode() not in data


def standalone() -> Path:
    spec = find_spec("lockgate.audit.standalone.verify_trail")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin)


def test_mistakes(tmp_path: Path) -> None:
    with softhsm_token() as token:
        uri = uri_of(token, tmp_path)
        # First of all: once a process is logged in, the token asks for no PIN.
        (tmp_path / "pin").write_text("9999\n")
        with pytest.raises(TrailError, match="cannot be opened") as caught:
            open_token_signer(parse_token_uri(uri), ORIGIN)
        assert "9999" not in str(caught.value)
        (tmp_path / "pin").write_text(f"{token.pin}\n")
        for wrong, message in (
            (uri.replace("object=log", "object=absent"), "0 private keys"),
            (uri.replace(f"token={token.label}", "token=absent"), "cannot be opened"),
            (uri.replace(f"object={token.ed25519_label}", f"object={token.p256_label}"), "not an Ed25519"),
            (uri.replace(str(token.library), "/absent.so"), "cannot be opened"),
        ):
            with pytest.raises(TrailError, match=message) as caught:
                open_token_signer(parse_token_uri(wrong), ORIGIN)
            assert token.pin not in str(caught.value)
        (tmp_path / "pin").chmod(0o644)
        with pytest.raises(TrailError, match="others may read"):
            open_token_signer(parse_token_uri(uri), ORIGIN)


def test_two_signers_in_a_process(tmp_path: Path) -> None:
    """A login is the process's: what one signer does to its session must not end the other's."""
    with softhsm_token() as token:
        uri = parse_token_uri(uri_of(token, tmp_path))
        one, other = open_token_signer(uri, ORIGIN), open_token_signer(uri, "example.com/another")
        text = b"example.com/x\n1\nAAAA\n"
        one.close()
        assert other.sign(text).data == open_token_signer(uri, ORIGIN).sign(text).data
