"""Whose signed facts count is part of a PolicyBundle, so that it is promoted and rolled back with what asks for facts."""

import json
from typing import Any

import pytest
from lockgate.engine.errors import UsageError
from lockgate.webhook.model_facts import ModelFacts
from lockgate.webhook.policy_bundle.bundle import BundleFile, PolicyBundle
from lockgate.webhook.policy_bundle.trust_roots import trust_roots
from lockgate.webhook.promoting.policy_subject import open_bundle
from lockgate.webhook.promoting.promoted_policies import PromotedPolicies
from lockgate.webhook.scanning.trust_file import read_facts_trust
from lockgate.webhook.serving.folder_source import FolderSource
from lockgate.webhook.serving.live_state import LiveSettings

from tests.webhook.promoting.office import FACTS_TRUST, REFERENCE, Office
from tests.webhook.promoting.test_policy_promotions import write_sources

TRUST = ("--facts-trust", "facts-trust.toml")


def make(office: Office, name: str, *options: str) -> PolicyBundle:
    (office.folder / "bundles").mkdir(exist_ok=True)
    made = office.run("policy", "bundle", "sources", "-o", f"bundles/{name}.tar.gz", *options)
    assert made.code == 0, made.err
    return open_bundle(str(office.folder / f"bundles/{name}.tar.gz"))


def test_they_are_what_was_given(office: Office) -> None:
    write_sources(office)
    key = (office.folder / "trail" / "log.vkey").read_text().strip()
    found = trust_roots(make(office, "one", *TRUST, "--facts-log-key", "trail/log.vkey"))
    assert found is not None
    assert (found.facts, found.log_keys) == (
        read_facts_trust(str(office.folder / "facts-trust.toml")),
        (key,),
    )
    assert trust_roots(make(office, "two")) is None


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("../ci.pub.pem", "leads out of the bundle"),
        ("log-keys", "another file has that name"),
    ],
)
def test_keys_that_cannot_be_in_it(office: Office, key: str, said: str) -> None:
    write_sources(office)
    office.write("ours/facts-trust.toml", FACTS_TRUST.replace("ci.pub.pem", key))
    office.write("ours/log-keys", (office.folder / "ci.pub.pem").read_text())
    ran = office.run(
        *("policy", "bundle", "sources", "-o", "one.tar.gz", "--facts-trust", "ours/facts-trust.toml")
    )
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_a_bundle_without_the_key_that_it_names_is_refused(office: Office) -> None:
    bundle = PolicyBundle("x.tar.gz", "", (BundleFile("trust/facts-trust.toml", FACTS_TRUST.encode()),))
    with pytest.raises(
        UsageError, match=r"trust/facts-trust.toml.* names the key 'ci.pub.pem', which is not in"
    ):
        trust_roots(bundle)


def test_log_keys_alone_are_refused(office: Office) -> None:
    write_sources(office)
    ran = office.run("policy", "bundle", "sources", "-o", "one.tar.gz", "--facts-log-key", "trail/log.vkey")
    assert (ran.code, "--facts-log-key is for --facts-trust" in ran.err) == (2, True)


def answer(source: FolderSource) -> Any:
    """What the provider of models answers, as the source tells it: values and errors."""
    (told,) = [one.data for one in source.changes() if one.data and b"lockgate-models" in one.data]
    (provider,) = json.loads(told)["providers"]
    return provider["values"].get(REFERENCE, {}).get("tier"), provider["errors"]


def test_a_server_goes_by_what_was_promoted(office: Office) -> None:
    write_sources(office)
    first = make(office, "first", *TRUST)
    office.write("others.toml", FACTS_TRUST.replace("ci.pub.pem", "stranger.pub.pem"))
    second = make(office, "second", "--facts-trust", "others.toml")
    third = make(office, "third")
    now = [first.digest]
    promoted = PromotedPolicies("bundles", str(office.folder), lambda: now[0], "platform", "prod")
    # A trust file that lies beside the facts is nobody's.
    models = ModelFacts(("facts",), "", "prod")
    source = FolderSource(promoted, (), str(office.folder), LiveSettings(), models=models)
    assert answer(source) == ("safe", {})
    now[0] = second.digest
    why = "its facts do not count: no producer that is trusted signed the facts"
    assert answer(source) == (None, {REFERENCE: why})
    now[0] = third.digest
    with pytest.raises(UsageError, match="does not say whose facts count"):
        source.changes()
