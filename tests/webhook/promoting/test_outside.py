"""What the commands sign, judged from outside: by securesystemslib, which shares no code with ours, and by the published schemas."""

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import lockgate.webhook
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import SSlibKey

from tests.webhook.promoting.office import Office

_FOLDER = Path(lockgate.webhook.__file__).parent / "schemas"


def verify(office: Office, name: str, signer: str, change: bytes = b"") -> dict[str, Any]:
    """The payload of an envelope, which the library verified with one's public key."""
    envelope = Envelope.from_dict(json.loads((office.folder / name).read_text()))
    envelope.payload += change
    (key_id,) = envelope.signatures
    public = load_pem_public_key((office.folder / f"{signer}.pub.pem").read_bytes())
    # The hint in the envelope finds the key, and nothing is believed of it.
    envelope.verify([SSlibKey.from_crypto(public, keyid=key_id)], 1)
    assert envelope.payload_type == "application/vnd.in-toto+json"
    value: dict[str, Any] = json.loads(envelope.payload)
    return value


def check(value: dict[str, Any], schema: str) -> None:
    """Raises where it is not by the schema."""
    made = json.loads((_FOLDER / f"{schema}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(made)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(made, format_checker=checker).validate(value)


def test_statements_and_approvals(office: Office) -> None:
    """Of keys of P-256 and of Ed25519."""
    check(verify(office, "prod.json", "asker"), "promotion-statement")
    check(verify(office, "staging.json", "asker"), "promotion-statement")
    for name in ("risk-1", "risk-2"):
        check(verify(office, office.sign(name), name), "approval-statement")
    office.approve()
    office.approve(by="risk-2")
    assert office.promote("prod", command="rollback").code == 0
    value = verify(office, "prod.json", "asker")
    check(value, "promotion-statement")
    assert value["predicate"]["happening"] == "rollback"


def test_what_the_library_refuses(office: Office) -> None:
    signed = office.sign("risk-2")
    for signer, change in (("risk-1", b""), ("risk-2", b" ")):
        with pytest.raises(VerificationError):
            verify(office, signed, signer, change)


def test_a_promotion_as_slsa_has_it(office: Office) -> None:
    office.approve()
    office.approve(by="risk-2")
    (made,) = [one for one in office.history() if one["environment"] == "prod"]
    options = ["--vsa", "ci.pem", "--output", "prod.vsa.json", "--trail", "trail"]
    assert office.run("promotions", "show", str(made["entry"]), *options).code == 0
    value = verify(office, "prod.vsa.json", "ci")
    check(value, "verification-summary")
    assert value["subject"] == [
        {"name": "s3://models/fraud/7", "digest": {"sha256": made["subject"].removeprefix("sha256:")}}
    ]
    told = value["predicate"]
    assert told["timeVerified"] == made["at"]
    assert told["verifiedLevels"] == ["LOCKGATE_ENVIRONMENT_PROD"]
    assert f"sha256:{told['policy']['digest']['sha256']}" == made["policy"]
    first = told["inputAttestations"][0]
    assert first["uri"] == f"lockgate:example.com/t/{made['entry']}#https://lockgate.dev/promotion/v1"
    assert f"sha256:{first['digest']['sha256']}" == made["statement"]
    # The statement that it refers to is the one that was signed.
    shown = office.run("promotions", "show", str(made["entry"]), "--trail", "trail", "--format", "json")
    envelope = json.loads(shown.out)["envelope"]
    assert json.loads(base64.b64decode(envelope["payload"])) == office.statement()


@pytest.mark.parametrize("taken", ["revoked", "key"])
def test_what_was_taken_back_has_no_summary(office: Office, taken: str) -> None:
    if taken == "revoked":
        office.run("revoke", "7", "--reason", "poisoned", "--trail", "trail")
    else:
        office.give_up("asker", "--last-good", "3")
    options = ["--vsa", "ci.pem", "--output", "it.vsa.json", "--trail", "trail"]
    ran = office.run("promotions", "show", "7", *options)
    message = "was revoked by entry 9" if taken == "revoked" else "rests on a key that was revoked"
    assert ran.code == 2 and f"the promotion, entry 7, {message}" in ran.err, ran.err
    assert not (office.folder / "it.vsa.json").exists()
    # It is shown with what became of it.
    assert "revoked" in office.run("promotions", "show", "7", "--trail", "trail").out


def test_what_was_only_asked_for_has_no_summary(office: Office) -> None:
    options = ["--vsa", "ci.pem", "--output", "prod.vsa.json", "--trail", "trail"]
    ran = office.run("promotions", "show", "8", *options)
    assert ran.code == 2 and "entry 8 made no promotion" in ran.err
    assert not (office.folder / "prod.vsa.json").exists()
