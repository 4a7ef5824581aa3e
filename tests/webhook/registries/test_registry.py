"""Versions that a registry marks become requests; its alias is what was promoted, and nothing else."""

import json
from typing import Any

import pytest

from tests.webhook.promoting.office import BYTES
from tests.webhook.registries.desk import ALIAS, RegistryDesk
from tests.webhook.registries.peers import MlflowPeer


def pending(desk: RegistryDesk) -> list[dict[str, Any]]:
    ran = desk.office.run("promotions", "pending", *desk.office.desk(), "--format", "json")
    assert ran.code == 0, ran.err
    key = desk.model.replace("://", ":").replace(":/", ":")
    return [one for one in json.loads(ran.out) if one["model"] == key]


def test_a_marked_version_is_asked_for_once_approved_and_then_the_alias_moves(desk: RegistryDesk) -> None:
    desk.mark("7", "promote", "prod")
    asked = desk.ask("prod", desk.model, "--tag", "promote=prod", "--output", "prod.json")
    assert asked.code == 0, asked.err
    assert "risk" in asked.out, "what is missing is told"
    (request,) = pending(desk)
    assert (request["version"], request["environment"]) == ("7", "prod")
    change = desk.office.statement()["predicate"]["change"]
    assert change["source"] == "s3://models/fraud/7"
    assert change["registry"] == desk.server.url
    assert change["mark"] == "tag promote=prod"
    # Not before it is approved.
    refused = desk.gate("move")
    assert refused.code == 1
    assert "was promoted to prod" in refused.out
    assert (desk.aliased, desk.changes()) == ("", [])
    again = desk.ask("prod", desk.model, "--tag", "promote=prod")
    assert (again.code, "it was asked for, by entry" in again.err) == (0, True)
    assert len(pending(desk)) == 1
    desk.approve()
    moved = desk.gate("move")
    assert moved.code == 0, moved.out + moved.err
    assert desk.aliased == "7"
    assert desk.gate("check").code == 0
    once_more = desk.gate("move")
    assert (once_more.code, "already" in once_more.out) == (0, True)
    known = desk.ask("prod", desk.model, "--tag", "promote=prod", "--require")
    assert (known.code, "it was promoted to prod, by entry" in known.err) == (0, True)


def test_an_alias_that_somebody_moved_is_told_and_moved_back(desk: RegistryDesk) -> None:
    desk.promote("7")
    assert desk.gate("check").code == 1
    desk.alias("8")
    told = desk.gate("check")
    assert told.code == 1
    assert f"{desk.model}/8 is not what entry" in told.out
    assert desk.gate("move").code == 0
    assert desk.aliased == "7"


def test_an_alias_of_what_was_never_promoted_is_told(desk: RegistryDesk) -> None:
    assert desk.gate("check").code == 0
    desk.alias("7")
    told = desk.gate("check")
    assert (told.code, f"{ALIAS} is {desk.model}/7, which is not promoted to prod" in told.out) == (1, True)


def test_bytes_behind_a_version_that_changed_are_not_put_in_force(desk: RegistryDesk) -> None:
    desk.promote("7")
    elsewhere = "s3://attacker/fraud/7"
    if isinstance(desk.peer, MlflowPeer):
        desk.peer.versions["7"]["source"] = elsewhere
    else:
        desk.peer.artefacts["10"][0]["uri"] = elsewhere
    told = desk.gate("move")
    assert (told.code, f"its artefacts lie at {elsewhere}" in told.out) == (1, True)
    assert (desk.aliased, desk.changes()) == ("", [])


def test_a_digest_that_the_registry_tells_has_to_be_that_of_the_promotion(desk: RegistryDesk) -> None:
    desk.promote("7")
    desk.mark("7", "sha256", "d" * 64)
    told = desk.gate("move")
    assert (told.code, f"{BYTES} was promoted" in told.out) == (1, True)
    desk.mark("8", "sha256", BYTES.removeprefix("sha256:"))
    assert desk.aliased == ""


def test_a_digest_of_a_tag_is_no_evidence_of_bytes(desk: RegistryDesk) -> None:
    desk.peer.register("9")
    desk.mark("9", "sha256", BYTES.removeprefix("sha256:"))
    asked = desk.ask("staging", f"{desk.model}/9")
    assert asked.code == 2
    assert "which bytes" in asked.err and "is not known" in asked.err


def test_a_revoked_version_comes_back_by_no_mark(desk: RegistryDesk) -> None:
    desk.promote("7")
    entry = next(one["entry"] for one in desk.office.history() if one["environment"] == "prod")
    desk.alias("7")
    gone = desk.office.run("revoke", str(entry), "--reason", "it was wrong", "--trail", "trail")
    assert gone.code == 0, gone.err
    assert desk.gate("check").code == 1
    assert desk.gate("move").code == 1
    again = desk.ask("prod", f"{desk.model}/7", "--require")
    assert (again.code, "it was revoked in prod" in again.err) == (1, True)


def test_a_rollback_moves_the_alias_back(desk: RegistryDesk) -> None:
    desk.promote("7")
    desk.promote("8")
    assert desk.gate("move").code == 0
    assert desk.aliased == "8"
    known = desk.ask("prod", f"{desk.model}/7")
    assert "lockgate registry rollback asks for it again" in known.err
    back = desk.ask("prod", f"{desk.model}/7", "--output", "back.json", command="rollback")
    assert back.code == 0, back.err
    assert desk.gate("check").code == 0
    desk.approve("back.json")
    assert desk.gate("check").code == 1
    assert desk.gate("move").code == 0
    assert desk.aliased == "7"


def test_a_promotion_for_one_place_moves_nothing_for_all(desk: RegistryDesk) -> None:
    ran = desk.ask("prod", f"{desk.model}/7", "--output", "prod.json", "--cluster", "eu-1")
    assert ran.code == 0, ran.err
    desk.approve()
    assert desk.gate("move").code == 1
    assert desk.gate("move", "--cluster", "us-1").code == 1
    assert desk.gate("move", "--cluster", "eu-1").code == 0


def test_what_a_manifest_has_promoted_in_a_namespace_is_that_namespaces(desk: RegistryDesk) -> None:
    manifest = desk.office.write_manifest(uri=f"{desk.model}/7", name="registered")
    ran = desk.office.promote("prod", manifest)
    assert ran.code == 0, ran.err
    desk.approve()
    # It is of the namespace ml, with its image; an alias is for all.
    assert desk.gate("move").code == 1
    assert desk.gate("move", "--namespace", "ml").code == 0
    assert desk.aliased == "7"
    there = desk.ask("prod", f"{desk.model}/7", "--namespace", "ml")
    assert "it was promoted to prod" in there.err
    desk.promote("7")
    assert desk.gate("move").code == 0
    assert desk.gate("check").code == 0


def test_several_marked_versions_have_a_statement_each(desk: RegistryDesk) -> None:
    for version in ("7", "8"):
        desk.mark(version, "promote", "prod")
    one_file = desk.ask("prod", desk.model, "--tag", "promote=prod", "--output", "prod.json")
    assert (one_file.code, "--output is one file" in one_file.err) == (2, True)
    asked = desk.ask("prod", desk.model, "--tag", "promote=prod")
    assert asked.code == 0, asked.err
    assert len(pending(desk)) == 2
    names = [one.name for one in desk.office.folder.glob("*.promotion.dsse.json")]
    assert len(names) == 4, "two of staging, two of prod"
    assert all(name.partition(".")[0].isalnum() for name in names)


def test_one_that_cannot_be_asked_for_keeps_no_other_back(desk: RegistryDesk) -> None:
    desk.peer.register("9")
    for version in ("9", "7"):
        desk.mark(version, "promote", "prod")
    asked = desk.ask("prod", desk.model, "--tag", "promote=prod")
    assert asked.code == 2
    assert f"error: {desk.model}/9: which bytes" in asked.err
    assert [one["version"] for one in pending(desk)] == ["7"]


def test_a_changed_policy_voids_a_request(desk: RegistryDesk) -> None:
    assert desk.ask("prod", f"{desk.model}/7").code == 0
    desk.office.write_policy(soakTime="1h")
    assert desk.ask("prod", f"{desk.model}/7").code == 0
    assert len(pending(desk)) == 2


def test_an_unfit_version_is_not_asked_for(desk: RegistryDesk) -> None:
    if isinstance(desk.peer, MlflowPeer):
        desk.peer.versions["7"]["status"] = "FAILED_REGISTRATION"
    else:
        desk.peer.versions["10"]["state"] = "ARCHIVED"
    asked = desk.ask("prod", f"{desk.model}/7")
    assert (asked.code, "is not to be used" in asked.err) == (2, True)


WRONG = {
    "nothing says which": ((), "said once"),
    "twice": (("--tag", "a=b", "--every"), "said once"),
    "no value": (("--tag", "promote"), "NAME=VALUE"),
}


@pytest.mark.parametrize(("options", "why"), WRONG.values(), ids=WRONG)
def test_which_versions_is_said_once(desk: RegistryDesk, options: tuple[str, ...], why: str) -> None:
    ran = desk.ask("prod", desk.model, *options)
    assert (ran.code, why in ran.err) == (2, True), ran.err


NAMES = (
    "s3://models/fraud",
    "models:/a/b/c",
    "models:/",
    "models:/fraud@",
    "models:/../7",
    "${MODEL}",
    "fraud",
)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_model_of_a_registry_is_refused(desk: RegistryDesk, name: str) -> None:
    ran = desk.ask("prod", name, "--every")
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert desk.server.asked == []
