"""A log whose key stays in a token, and statements signed by one."""

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.dsse import IN_TOTO, verify_envelope
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

from tests.audit.trails import MASTER, ORIGIN, START_MS, Clock, decision, opening, pod, review
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


def test_mistakes(tmp_path: Path) -> None:
    with softhsm_token() as token:
        uri = uri_of(token, tmp_path)
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
        (tmp_path / "pin").chmod(0o600)
        (tmp_path / "pin").write_text("9999\n")
        with pytest.raises(TrailError, match="cannot be opened") as caught:
            open_token_signer(parse_token_uri(uri), ORIGIN)
        assert "9999" not in str(caught.value)
