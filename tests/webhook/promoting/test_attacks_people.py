"""Attacks by and with people: somebody who is two, bots, people and keys that are taken away. Each is refused by what its user sees."""

import base64
import json
import time
from collections.abc import Callable

import pytest
from lockgate.audit.promotions import events
from lockgate.audit.promotions.token import binding_of
from lockgate.webhook.promoting.identities_file import fingerprint

from tests.audit.promotions.tokens import claims, key_set, signer, token
from tests.webhook.promoting.office import Office

ASKERS_SECOND_KEY = "[[person]]\nname = 'asker'\nkeys = ['asker.pub.pem', 'stranger.pub.pem']\n"
TWICE = "[[person]]\nname = 'risk-1'\ngroups = ['risk']\nkeys = ['risk-1.pub.pem', 'stranger.pub.pem']\n"
BOT = "[[bot]]\nname = 'updater'\nowner = 'risk-1'\nkeys = ['stranger.pub.pem']\n"


def join(office: Office, *tables: str, without: tuple[str, ...]) -> None:
    """Another map, and the key `stranger` enrolled by it."""
    office.write_people(*tables, without=without)
    assert office.enrol("stranger").code == 0


def test_all_that_is_asked_for_is_enough(office: Office) -> None:
    first = office.approve()
    assert first.code == 0 and "has 1" in first.out and not office.is_made()
    assert "made: entry" in office.approve(by="risk-2").out
    assert office.is_made()


# --- One person, two identities


def test_two_keys_of_one_person_approve_once(office: Office) -> None:
    join(office, TWICE, without=("risk-1",))
    assert "has 1" in office.approve().out
    ran = office.approve(by="stranger")
    assert "has 1" in ran.out and "approved by risk-1 (key)" in ran.out
    assert not office.is_made()


def test_the_one_who_asks_does_not_approve_by_another_key(office: Office) -> None:
    table = "[[person]]\nname = 'asker'\ngroups = ['risk']\nkeys = ['asker.pub.pem', 'stranger.pub.pem']\n"
    join(office, table, without=("asker",))
    ran = office.approve(by="stranger")
    assert ran.code == 2 and "whoever asks for a promotion does not approve it" in ran.err
    assert "has 0" in ran.out


def test_two_people_who_turn_out_to_be_one_count_once(office: Office) -> None:
    """The map is as it is when the promotion is made, not as it was when they signed."""
    office.write_policy()
    office.approve()
    office.write_people(
        "[[person]]\nname = 'risk-1'\ngroups = ['risk']\nkeys = ['risk-1.pub.pem', 'risk-2.pub.pem']\n",
        without=("risk-1", "risk-2"),
    )
    ran = office.approve(by="risk-2")
    assert "has 1" in ran.out and not office.is_made()


def test_an_approver_who_turns_out_to_be_the_one_who_asked(office: Office) -> None:
    office.approve()
    office.write_people(
        "[[person]]\nname = 'asker'\ngroups = ['risk']\nkeys = ['asker.pub.pem', 'risk-1.pub.pem']\n",
        without=("asker", "risk-1"),
    )
    ran = office.approve(by="risk-2")
    assert "has 1" in ran.out and not office.is_made()
    assert "does not count: the approval of entry" in ran.out
    assert "no person of the identity map, or another one than when it approved" in ran.out


ISSUERS = """
[[issuer]]
url = "https://login.example.com"
audiences = ["lockgate-approvals"]
keys = "login.jwks.json"
"""


def write_token(office: Office, subject: str) -> str:
    """An ID token for prod.json, and the issuer's key set; the file."""
    issuer = signer("ES256", "login")
    (office.folder / "login.jwks.json").write_bytes(key_set(issuer.jwk()))
    now = time.time_ns() // 1_000_000_000
    payload = base64.b64decode(json.loads((office.folder / "prod.json").read_text())["payload"])
    said = claims(sub=subject, nonce=binding_of(payload), iat=now, exp=now + 300)
    return office.write("id.token", token(said, issuer).decode())


def with_token(name: str, subject: str, groups: str = "['risk']") -> str:
    """A person with a key and a token."""
    tokens = f"tokens = ['https://login.example.com {subject}']"
    return f"[[person]]\nname = '{name}'\ngroups = {groups}\nkeys = ['{name}.pub.pem']\n{tokens}\n"


def test_a_key_and_a_token_of_one_person_approve_once(office: Office) -> None:
    given = write_token(office, "u-1")
    office.write_people(with_token("risk-1", "u-1"), ISSUERS, without=("risk-1",))
    assert "has 1" in office.approve().out
    ran = office.tell("--token", given)
    assert ran.code == 0 and "has 1" in ran.out and not office.is_made(), ran.err
    # Somebody else's token is a further approval.
    office.write_people(with_token("risk-2", "u-1"), ISSUERS, without=("risk-2",))
    assert "made: entry" in office.tell("--token", given).out


def test_the_one_who_asks_does_not_approve_by_a_token(office: Office) -> None:
    given = write_token(office, "u-1")
    office.write_people(with_token("asker", "u-1"), ISSUERS, without=("asker",))
    ran = office.tell("--token", given)
    assert ran.code == 2 and "whoever asks for a promotion does not approve it" in ran.err
    assert "has 0" in ran.out


def test_a_token_of_nobody(office: Office) -> None:
    given = write_token(office, "u-2")
    office.write_people(with_token("risk-1", "u-1"), ISSUERS, without=("risk-1",))
    ran = office.tell("--token", given)
    assert ran.code == 2 and "token https://login.example.com u-2 is no person of the identity map" in ran.err


def test_an_approval_by_another_key_than_its_entry_names(office: Office) -> None:
    """The log knows until when the key of the entry counts, and not that of what was signed."""
    join(office, TWICE, without=("risk-1",))
    signed = json.loads((office.folder / office.sign("stranger")).read_text())
    with office.open() as desk:
        (request,) = [one for one in desk.log.history.requests() if one.closed is None]
        person = desk.recorder.pseudonym("risk-1")
        name = fingerprint(office.key("risk-1").key)
        event = events.approved(request, person, "key", name)
        desk.append(desk.recorder.promotion(event, "risk-1", {"envelope": signed}))
    ran = office.approve(by="risk-2")
    assert "has 1" in ran.out and not office.is_made()
    assert "the key that signed the approval is another one than its entry names" in ran.out


# --- Bots


def test_the_owner_of_a_bot_that_asks_does_not_approve(office: Office) -> None:
    join(office, BOT, without=())
    asked = office.promote("prod", by="stranger")
    assert asked.code == 0 and "asked by    risk-1," in asked.out
    own = office.approve()
    assert own.code == 2 and "whoever asks for a promotion does not approve it" in own.err
    assert "has 1" in office.approve(by="risk-2").out
    assert "made: entry" in office.approve(by="risk-3").out


def test_a_bot_approves_nothing(office: Office) -> None:
    join(office, BOT, without=())
    ran = office.approve(by="stranger")
    assert ran.code == 2 and "is the bot updater, and a bot approves nothing" in ran.err
    assert "has 0" in ran.out


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (BOT.replace("owner = 'risk-1'\n", ""), "identities.toml:21:1: owner is missing"),
        (BOT.replace("risk-1", "nobody"), "the owner of the bot updater is no person of the identity map"),
        (
            BOT + "[[bot]]\nname = 'other'\nowner = 'updater'\n",
            "the owner of the bot other is no person of the identity map",
        ),
        (BOT + "groups = ['risk']\n", "groups"),
        (BOT.replace("stranger", "risk-2"), "twice: of risk-2 and of updater"),
        (BOT.replace("updater", "risk-2"), "the identity map has risk-2 twice"),
        ("[[person]]\nname = 'twin'\nkeys = ['risk-1.pub.pem']\n", "twice: of risk-1 and of twin"),
        ("[[person]]\nname = 'RISK-1'\n", "the identity map has risk-1 and RISK-1, which are one name"),
        ("[[person]]\nname = 'a\\nb'\n", "identities.toml:22:1: name: String should match"),
    ],
    ids=[
        "no owner",
        "unknown owner",
        "bot of a bot",
        "in groups",
        "somebody's key",
        "name",
        "twin",
        "case",
        "control",
    ],
)
def test_a_map_that_does_not_tell_people_apart(office: Office, table: str, message: str) -> None:
    office.write_people(table)
    ran = office.approve()
    assert ran.code == 2 and message in ran.err and "identities.toml" in ran.err, ran.err
    assert not office.is_made()


# --- What was said is taken away

REMOVALS: dict[str, tuple[Callable[[Office], object], str]] = {
    "from the map": (
        lambda office: office.write_people(without=("risk-1",)),
        "nobody of the identity map signed the approval",
    ),
    "from the group": (
        lambda office: office.write_people(
            "[[person]]\nname = 'risk-1'\nkeys = ['risk-1.pub.pem']\n", without=("risk-1",)
        ),
        "has 1",
    ),
    "renamed": (
        lambda office: office.write_people(
            "[[person]]\nname = 'new'\ngroups = ['risk']\nkeys = ['risk-1.pub.pem']\n", without=("risk-1",)
        ),
        "or another one than when it approved",
    ),
    "now a bot": (
        lambda office: office.write_people(
            "[[bot]]\nname = 'new'\nowner = 'risk-3'\nkeys = ['risk-1.pub.pem']\n", without=("risk-1",)
        ),
        "is no person of the identity map",
    ),
    "another key": (
        lambda office: office.write_people(
            "[[person]]\nname = 'risk-1'\ngroups = ['risk']\nkeys = ['stranger.pub.pem']\n",
            without=("risk-1",),
        ),
        "nobody of the identity map signed the approval",
    ),
}


@pytest.mark.parametrize("removed", REMOVALS)
def test_an_approver_who_is_removed_after_signing(office: Office, removed: str) -> None:
    office.approve()
    remove, message = REMOVALS[removed]
    remove(office)
    ran = office.approve(by="risk-2")
    assert ran.code == 0 and "has 1" in ran.out and message in ran.out, ran.out
    assert not office.is_made()


@pytest.mark.parametrize("separated", [True, False])
def test_the_one_who_asked_is_removed_after_asking(office: Office, separated: bool) -> None:
    office.write_policy(separationOfDuties=separated)
    assert office.promote("prod").code == 0
    office.approve()
    office.write_people(without=("asker",))
    ran = office.approve(by="risk-2")
    assert "missing: nobody knows who asks for it" in ran.out, ran.out
    assert not office.is_made()


def test_the_one_who_asked_is_removed_where_nobody_has_to_approve(office: Office) -> None:
    office.write_policy_of({"to": "prod", "soakTime": "1h"})
    assert "not run long enough" in office.promote("prod").out
    office.write_people(without=("asker",))
    assert "missing: nobody knows who asks for it" in office.pending().out


# --- Keys


def test_a_key_that_is_nobodys(office: Office) -> None:
    ran = office.enrol("stranger")
    assert ran.code == 2 and "is nobody's by the identity map" in ran.err
    ran = office.promote("prod", by="stranger")
    assert ran.code == 2 and "is nobody's by the identity map" in ran.err
    ran = office.approve(by="stranger")
    assert ran.code != 0 and "nobody of the identity map signed the approval" in ran.err


def test_a_key_that_is_not_enrolled(office: Office) -> None:
    office.write_people(ASKERS_SECOND_KEY, TWICE.replace("stranger", "ci"), without=("asker", "risk-1"))
    ran = office.promote("prod", by="stranger")
    assert ran.code == 2 and "the key that asks for the promotion is not enrolled" in ran.err
    ran = office.approve(by="ci")
    assert ran.code == 2 and "the key that approves the promotion is not enrolled" in ran.err
    assert "lockgate key enrol" in ran.err


@pytest.mark.parametrize("more", [(), ("--last-good", "3")], ids=["retired", "revoked"])
def test_a_key_that_was_given_up_signs_no_more(office: Office, more: tuple[str, ...]) -> None:
    assert office.give_up("risk-1", *more).code == 0
    ran = office.approve()
    assert ran.code == 2 and "is not enrolled: it was given up by entry" in ran.err
    ran = office.promote("staging", by="risk-1")
    assert ran.code == 2 and "is not enrolled: it was given up by entry" in ran.err
    ran = office.enrol("risk-1")
    assert ran.code == 2 and "does not come back" in ran.err


def test_what_a_retired_key_approved_stays(office: Office) -> None:
    office.approve()
    office.give_up("risk-1")
    office.give_up("asker")
    assert "made: entry" in office.approve(by="risk-2").out


def test_what_a_revoked_key_approved_does_not_count(office: Office) -> None:
    """Nor does it stand in the way of others."""
    office.approve()
    office.give_up("risk-1", "--last-good", "3")
    ran = office.approve(by="risk-2")
    assert ran.code == 0 and "has 1" in ran.out, ran.err
    assert (
        "does not count: the approval of entry 9: the key that approved it by entry 9 was given up" in ran.out
    )
    assert "made: entry" in office.approve(by="risk-3").out


def test_what_a_revoked_key_asked_for_is_not_made(office: Office) -> None:
    office.approve()
    office.give_up("asker", "--last-good", "3")
    ran = office.approve(by="risk-2")
    assert ran.code == 0 and "missing: the key that asked for it was given up" in ran.out, ran.err
    assert not office.is_made()
    assert "missing: the key that asked for it was given up" in office.pending().out


def test_what_rests_on_a_revoked_key_is_not_current(office: Office) -> None:
    office.approve()
    office.approve(by="risk-2")
    office.give_up("risk-2", "--last-good", "3")
    (made,) = [one for one in office.history() if one["environment"] == "prod"]
    assert made["state"] == "rests on a key that was revoked"


def test_an_approval_that_two_people_signed_is_of_one(office: Office) -> None:
    """One envelope with two signatures: each approves by an envelope of their own."""
    first, second = office.sign("risk-1"), office.sign("risk-2")
    one = json.loads((office.folder / first).read_text())
    other = json.loads((office.folder / second).read_text())
    one["signatures"] += other["signatures"]
    office.write("both.approval", json.dumps(one))
    ran = office.record("both.approval")
    assert "has 1" in ran.out and not office.is_made(), ran.err


def test_the_hint_at_a_key_proves_nothing(office: Office) -> None:
    """An envelope says itself whose key it is signed with: whoever signed it is who approves."""
    signed = json.loads((office.folder / office.sign("risk-1")).read_text())
    other = json.loads((office.folder / office.sign("risk-2")).read_text())
    signed["signatures"][0]["keyid"] = other["signatures"][0]["keyid"]
    office.write("hinted.approval", json.dumps(signed))
    ran = office.record("hinted.approval")
    assert "approved by risk-1 (key)" in ran.out and "risk-2" not in ran.out
    assert "has 1" in office.approve().out


# --- One's own approval, where the policy lets one


def test_ones_own_approval_where_duties_are_not_separated(office: Office) -> None:
    office.write_policy(separationOfDuties=False, approvals=[{"group": "risk", "count": 1}])
    asked = office.promote("prod", by="risk-1")
    assert asked.code == 0 and "has 0" in asked.out
    assert "made: entry" in office.approve().out


def test_ones_own_approval_is_not_taken_over_to_another_policy(office: Office) -> None:
    office.write_policy(separationOfDuties=False, approvals=[{"group": "risk", "count": 1}])
    office.promote("prod", by="risk-1")
    office.write_policy(approvals=[{"group": "risk", "count": 1}])
    ran = office.approve()
    assert "missing: the PromotionPolicy is another one than the statement names" in ran.out
    assert not office.is_made()


def test_a_policy_that_changes_after_asking(office: Office) -> None:
    office.approve()
    office.write_policy(approvals=[{"group": "risk", "count": 1}])
    ran = office.approve(by="risk-2")
    assert "missing: the PromotionPolicy is another one than the statement names (models)" in ran.out
    assert "ask anew: lockgate promote" in ran.out and not office.is_made()


def test_a_bot_asks_on_behalf_of_whom_ci_knows(office: Office) -> None:
    """Duties are told apart by who asked, and whoever answers for the bot approves nothing that it asks for."""
    behalf = ("--on-behalf", "git:Asker@example.com")
    bot = "[[bot]]\nname = 'ci'\nowner = 'risk-1'\nkeys = ['stranger.pub.pem']\n"
    office.write_people(
        bot,
        "[[person]]\nname = 'author'\ngroups = ['risk']\ngit = ['asker@example.com']\nkeys = ['risk-3.pub.pem']\n",
        without=("risk-3",),
    )
    assert office.enrol("stranger").code == 0
    office.promote("staging")
    asked = office.promote("prod", *behalf, by="stranger")
    assert asked.code == 0, asked.err
    assert office.statement()["predicate"]["requester"] == "author"
    # The author by another identity, and the owner of the bot.
    own = office.approve(by="risk-3")
    assert own.code == 2 and "does not approve it" in own.err
    owner = office.approve(by="risk-1")
    assert "risk-1 answers for the key that asked, and does not approve it" in owner.out
    assert not office.is_made()


@pytest.mark.parametrize(
    ("by", "behalf", "message"),
    [
        (
            "asker",
            "git:author@example.com",
            "asker asks for themselves, and not on behalf of git author@example.com",
        ),
        ("stranger", "git:nobody@example.com", "git nobody@example.com is nobody by the identity map"),
        ("stranger", "key:abc", "key abc is nobody by the identity map"),
        ("stranger", "somebody", "is no KIND:WHO"),
    ],
)
def test_on_behalf_of_nobody(office: Office, by: str, behalf: str, message: str) -> None:
    office.write_people("[[bot]]\nname = 'ci'\nowner = 'risk-1'\nkeys = ['stranger.pub.pem']\n")
    assert office.enrol("stranger").code == 0
    asked = office.promote("staging", "--on-behalf", behalf, by=by)
    assert asked.code == 2 and message in asked.err
