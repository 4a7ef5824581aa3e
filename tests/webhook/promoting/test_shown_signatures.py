"""`promotions show --identities`: who signed is verified again, by the map as it is now."""

import json
from dataclasses import replace
from typing import Any

import pytest
from lockgate.audit.errors import VerificationError
from lockgate.webhook.promoting.promotions_command import _worst

from tests.webhook.promoting.office import Office

IDENTITIES = ("--identities", "identities.toml")


@pytest.fixture
def made(office: Office) -> int:
    """The entry that made it."""
    assert office.approve().code == 0
    assert office.approve("--require", by="risk-2").code == 0
    (one,) = [one for one in office.history() if one["environment"] == "prod"]
    entry = one["entry"]
    assert isinstance(entry, int)
    return entry


def show(office: Office, made: int, *more: str) -> tuple[int, Any]:
    ran = office.run("promotions", "show", str(made), "--trail", "trail", "--format", "json", *more)
    return ran.code, json.loads(ran.out)["signatures"]


def test_everybody_is_verified_again(office: Office, made: int) -> None:
    code, signed = show(office, made, *IDENTITIES)
    assert code == 0
    assert [(one["what"], one["person"], one["verified"]) for one in signed] == [
        ("statement", "asker", True),
        ("approval", "risk-1", True),
        ("approval", "risk-2", True),
    ]
    text = office.run("promotions", "show", str(made), "--trail", "trail", *IDENTITIES)
    assert text.code == 0 and "signed by risk-2, verified again" in text.out


def test_without_a_map_that_is_said(office: Office, made: int) -> None:
    assert show(office, made) == (0, None)
    assert "not looked at again" in office.run("promotions", "show", str(made), "--trail", "trail").out


@pytest.mark.parametrize("gone", ["asker", "risk-2"])
def test_whoever_is_no_longer_in_the_map_cannot_be_verified(office: Office, made: int, gone: str) -> None:
    office.write_people(without=[gone])
    code, signed = show(office, made, *IDENTITIES)
    assert code == 4 and [one["verified"] for one in signed].count(False) == 1
    assert gone not in [one["person"] for one in signed]
    ran = office.run("promotions", "show", str(made), "--trail", "trail", *IDENTITIES)
    assert ran.code == 4 and "NOT VERIFIED" in ran.out


def test_a_key_under_another_name_is_another_person(office: Office, made: int) -> None:
    office.write_people(
        "[[person]]\nname = 'somebody'\ngroups = ['risk']\nkeys = ['risk-2.pub.pem']\n", without=["risk-2"]
    )
    code, signed = show(office, made, *IDENTITIES)
    assert code == 4 and "another one than when it approved" in signed[2]["error"]


def test_a_signature_that_does_not_fit_is_tampering(office: Office, made: int) -> None:
    with office.open() as desk:
        promotion = desk.log.history.made_by(made)
        assert promotion is not None
        asked = desk.log.made(promotion)
        (signature,) = asked.envelope["signatures"]
        sig = signature["sig"]
        other = {**signature, "sig": ("A" if sig[0] != "A" else "B") + sig[1:]}
        wrong = replace(asked, envelope={**asked.envelope, "signatures": [other]})
        (statement, *_) = signed = [*desk.signatures.reverify(wrong, promotion.approvals)]
    assert isinstance(statement.error, VerificationError) and _worst(signed) == 3
