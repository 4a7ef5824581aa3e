"""What a trail has of promotions, as the provider answers it, and as it is followed."""

from collections.abc import Iterator
from typing import Any

import pytest
from lockgate.engine.decision import Item
from lockgate.engine.documents.document import Document
from lockgate.gatekeeper.external_data.fixtures import FixtureProviders, load_fixtures
from lockgate.webhook.policy_sources import parse_documents
from lockgate.webhook.promoting import known_promotions
from lockgate.webhook.promoting.followed_promotions import REREAD_S, FollowedPromotions, read_promotions

from tests.audit.trails import tampered
from tests.gatekeeper.external_data.test_devices import only
from tests.webhook.promoting.office import BYTES, EVALUATION, MODEL, OTHER_BYTES, REFERENCE, Office

OTHER = "s3://models/fraud/8"


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def followed(office: Office, clock: Clock) -> Iterator[FollowedPromotions]:
    made = FollowedPromotions(str(office.folder / "trail"), clock)
    yield made
    made.close()


def promoted(office: Office, to: str = "prod", *more: str) -> None:
    """Asked for, and approved where that is needed."""
    asked = office.promote(to, "--require", *more)
    if to == "prod":
        asked = [office.approve(by=by) for by in ("risk-1", "risk-2")][-1]
    assert asked.code == 0, asked.err


def change_version(office: Office) -> None:
    """The manifest has another version, whose facts are signed."""
    office.write_manifest(OTHER)
    office.write_facts(EVALUATION, digest=OTHER_BYTES, reference=OTHER, name="other")


def erase(office: Office, index: int) -> None:
    """Destroys the body of an entry."""
    erased = office.run("audit", "erase", str(index), "--reason", "asked for", "--trail", "trail")
    assert erased.code == 0, erased.err


def entry(office: Office, event: str, environment: str = "prod") -> int:
    """The last entry of that kind."""
    from lockgate.webhook.promoting.promotion_log import PromotionLog
    from lockgate.webhook.trail import open_trail

    with open_trail(str(office.folder / "trail")) as trail:
        log = PromotionLog(trail)
        made = [one for one in log.history.made() if one.promoted.environment == environment]
    return made[-1].index if event == "made" else made[-1].request.index


def item(documents: list[Document], reference: str = REFERENCE) -> Item:
    providers = FixtureProviders(load_fixtures(documents))
    return only(providers.ask("lockgate-promotions", (reference,), None))


def told(office: Office, reference: str = REFERENCE) -> Any:
    """The answer, or the error."""
    found = item([*read_promotions(str(office.folder / "trail"))], reference)
    return found.error or found.value


def says(followed: FollowedPromotions, reference: str = REFERENCE) -> Any:
    providers = FixtureProviders(load_fixtures(parse_documents("told", followed.told)))
    reply = providers.ask("lockgate-promotions", (reference,), None)
    if reply.system_error:
        return reply.system_error
    return only(reply).error or only(reply).value


def states(value: Any) -> dict[str, str]:
    """By environment, where each has one place."""
    return {environment: one["state"] for environment, (one,) in value.items()}


def test_what_is_said_of_a_promotion(office: Office) -> None:
    promoted(office, "prod", "--namespace", "ml", "--cluster", "eu")
    found = told(office)
    assert {*found} == {"staging", "prod"}
    assert found["prod"][0] == {
        "entry": entry(office, "made"),
        "state": "current",
        "model": MODEL,
        "version": "7",
        "subject": BYTES,
        "namespace": "ml",
        "cluster": "eu",
        "serving": [],
        "flags": [],
    }


def test_what_was_never_promoted(office: Office) -> None:
    assert told(office, OTHER) == "no promotion of it is recorded"
    # Asked for, and not approved.
    assert office.promote("prod", "--require").code == 1
    assert states(told(office)) == {"staging": "current"}


def test_a_later_version_makes_the_former_one_former(office: Office) -> None:
    promoted(office)
    change_version(office)
    promoted(office, "staging")
    assert states(told(office)) == {"staging": "former", "prod": "current"}
    assert states(told(office, OTHER)) == {"staging": "current"}
    promoted(office, "prod")
    assert states(told(office)) == {"staging": "former", "prod": "former"}
    assert states(told(office, OTHER)) == {"staging": "current", "prod": "current"}


def test_what_was_revoked_is_not_current_and_makes_nothing_else_so(office: Office) -> None:
    promoted(office)
    change_version(office)
    promoted(office, "staging")
    promoted(office, "prod")
    revoked = office.run("revoke", str(entry(office, "made")), "--reason", "drifts", "--trail", "trail")
    assert revoked.code == 0, revoked.err
    assert states(told(office)) == {"staging": "former", "prod": "former"}
    assert states(told(office, OTHER)) == {"staging": "current", "prod": "revoked"}


def test_what_rests_on_a_key_that_was_revoked_is_unsound(office: Office) -> None:
    promoted(office)
    assert office.give_up("risk-1", "--last-good", "6").code == 0
    assert states(told(office)) == {"staging": "current", "prod": "unsound"}


def test_a_statement_that_was_erased_is_an_error_of_its_own(office: Office) -> None:
    promoted(office)
    change_version(office)
    promoted(office, "staging")
    asked = entry(office, "asked")
    erase(office, asked)
    assert told(office) == (
        f"the statement of entry {asked}, by which it was promoted into prod, cannot be read: "
        f"the body of entry {asked} was erased, and it says what was asked for"
    )
    assert states(told(office, OTHER)) == {"staging": "current"}
    unknown = f"no promotion of it is recorded; what entries {asked} ask for cannot be read"
    assert told(office, "s3://models/else/1") == unknown


def test_to_erase_the_later_version_brings_no_former_one_back(office: Office) -> None:
    promoted(office)
    change_version(office)
    promoted(office, "staging")
    promoted(office)
    erase(office, entry(office, "asked"))
    assert states(told(office)) == {"staging": "former", "prod": "former"}
    assert "was erased" in told(office, OTHER)


def test_what_was_erased_and_promoted_anew_counts(office: Office) -> None:
    promoted(office)
    asked = entry(office, "asked")
    erase(office, asked)
    promoted(office)
    assert states(told(office)) == {"staging": "current", "prod": "current"}


def test_too_much_leaves_out_what_nothing_runs_by(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    change_version(office)
    promoted(office, "staging")
    assert states(told(office)) == {"staging": "former"}
    monkeypatch.setattr(known_promotions, "MAX_BYTES", 300)
    assert states(told(office, OTHER)) == {"staging": "current"}
    assert told(office) == "no promotion of it is recorded; 1 former ones are too many to be told"


def test_before_it_was_read_nothing_is_known(followed: FollowedPromotions) -> None:
    assert says(followed) == "the promotions are not known: the trail has not been read yet"
    assert (followed.trouble, followed.read_s) == ("the trail has not been read yet", None)


def test_it_is_followed(office: Office, followed: FollowedPromotions, clock: Clock) -> None:
    followed.look()
    assert states(says(followed)) == {"staging": "current"}
    assert (followed.trouble, followed.read_s) == ("", clock.now)
    before, entries = followed.told, followed.entries
    clock.now += 1
    followed.look()
    assert followed.told is before
    assert followed.read_s == clock.now
    promoted(office)
    followed.look()
    assert states(says(followed)) == {"staging": "current", "prod": "current"}
    assert followed.entries == entries + 4


def test_a_trail_that_is_gone_is_told_and_counts_again_when_it_is_back(
    office: Office, followed: FollowedPromotions, clock: Clock
) -> None:
    followed.look()
    before = followed.told
    away = office.folder / "away"
    (office.folder / "trail").rename(away)
    followed.look()
    assert says(followed).startswith("the promotions are not known: ")
    assert followed.trouble
    away.rename(office.folder / "trail")
    # Not at once: it is tried again a moment later.
    followed.look()
    assert followed.trouble
    clock.now += 1
    followed.look()
    assert (followed.told, followed.trouble) == (before, "")


def test_it_is_tried_again_more_and_more_seldom(
    office: Office, followed: FollowedPromotions, clock: Clock
) -> None:
    (office.folder / "trail").rename(office.folder / "away")
    tried = []
    for second in range(60):
        clock.now = 100.0 + second
        followed.trouble = ""
        followed.look()
        if followed.trouble:
            tried.append(second)
    assert tried == [0, 1, 3, 7, 15, 30, 45]


def test_entries_that_are_not_those_that_were_signed_count_for_nothing(
    office: Office, followed: FollowedPromotions
) -> None:
    promoted(office)
    (database,) = (office.folder / "trail").glob("*.db")
    tampered(
        database, """UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), '"prod"', '"prd1"') AS BLOB)"""
    )
    followed.look()
    assert "the entry is not the one that was signed" in says(followed)
    assert followed.read_s is None


def test_another_log_in_its_place_is_not_believed(
    office: Office, followed: FollowedPromotions, clock: Clock
) -> None:
    promoted(office)
    followed.look()
    (office.folder / "trail").rename(office.folder / "away")
    assert office.run("audit", "init", "trail", "--origin", "example.com/t").code == 0
    followed.look()
    assert "entries, and had" in says(followed)
    clock.now += 1
    followed.look()
    assert "entries, and had" in says(followed)


def test_what_was_erased_meanwhile_is_found_within_the_hour(
    office: Office, followed: FollowedPromotions, clock: Clock
) -> None:
    promoted(office)
    followed.look()
    asked = entry(office, "asked")
    erase(office, asked)
    followed.look()
    assert states(says(followed))["prod"] == "current"
    clock.now += REREAD_S
    assert followed.is_due
    followed.look()
    assert "was erased" in says(followed)


def test_each_place_has_what_was_promoted_for_it_last(office: Office) -> None:
    promoted(office, "prod", "--namespace", "ml-a")
    promoted(office, "prod", "--namespace", "ml-b")
    change_version(office)
    promoted(office, "staging")
    promoted(office, "prod", "--namespace", "ml-b")
    assert {one["namespace"]: one["state"] for one in told(office)["prod"]} == {
        "ml-a": "current",
        "ml-b": "former",
    }
    assert {one["namespace"]: one["state"] for one in told(office, OTHER)["prod"]} == {"ml-b": "current"}


@pytest.mark.parametrize(
    ("first", "then", "state", "newer"),
    [
        ((), ("--cluster", "eu"), "current", [{"namespace": "ml", "cluster": "eu"}]),
        (("--cluster", "eu"), (), "former", None),
        (("--cluster", "eu"), ("--cluster", "us"), "current", None),
        (("--namespace", "ml-a"), ("--cluster", "eu"), "current", None),
    ],
    ids=["wide then narrow", "narrow then wide", "beside", "other namespace"],
)
def test_what_came_after_it_for_a_part_of_its_place_or_for_more(
    office: Office, first: tuple[str, ...], then: tuple[str, ...], state: str, newer: Any
) -> None:
    promoted(office, "prod", *first)
    change_version(office)
    promoted(office, "staging")
    promoted(office, "prod", *then)
    (before,) = told(office)["prod"]
    assert (before["state"], before.get("newer")) == (state, newer)
    (after,) = told(office, OTHER)["prod"]
    assert (after["state"], after.get("newer")) == ("current", None)


def test_what_has_no_namespace_is_former_where_another_version_came(office: Office) -> None:
    place = office.write_manifest()
    office.write(place, (office.folder / place).read_text().replace('"namespace": "ml"', '"labels": {}'))
    promoted(office, "prod", "--cluster", "eu")
    change_version(office)
    promoted(office, "staging")
    # In ml of every cluster: they meet in ml of eu, and neither has all of the other.
    promoted(office, "prod")
    (before,) = told(office)["prod"]
    assert (before["namespace"], before["cluster"], before["state"]) == ("", "eu", "current")
    assert before["newer"] == [{"namespace": "ml", "cluster": ""}]
