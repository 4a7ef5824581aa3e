"""Policies take effect as what they are: a PolicyBundle that was tested, asked for, approved and recorded."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from lockgate.webhook.cli import run as run_cli
from lockgate.webhook.promoting.known_promotions import KnownPromotions
from lockgate.webhook.promoting.promotion_log import PromotionLog
from lockgate.webhook.trail import open_trail

from tests.gatekeeper.quotas.making import quota
from tests.webhook.helpers import Ran
from tests.webhook.promoting.office import Office
from tests.webhook.serving.server_processes import (
    CONSTRAINT,
    SECONDS,
    TEMPLATE,
    Server,
    config_map,
    review_of,
    running_server,
)

SUITE = """\
kind: Suite
apiVersion: test.gatekeeper.sh/v1alpha1
metadata: {name: owners}
tests:
- name: owners
  template: template.yaml
  constraint: constraint.yaml
  cases:
  - name: nobody
    object: samples/nobody.yaml
    assertions:
    - violations: VIOLATIONS
"""
NOBODY = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: default}}"
EXEMPTED: dict[str, Any] = {
    "apiVersion": "exemptions.lockgate.dev/v1alpha1",
    "kind": "Exemption",
    "metadata": {"name": "known"},
    "spec": {
        "policies": [{"kind": "NeedsOwner", "name": "owners"}],
        "match": {"name": "exempted"},
        "reason": "until it is moved",
        "owner": "team",
        "issuedAt": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() - 86_400)),
        "expiresAt": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 30 * 86_400)),
    },
}
STEP = {"to": "prod", "evidence": [{"kind": "tests"}], "approvals": [{"group": "risk", "count": 1}]}


def write_sources(office: Office, word: str = "owner", violations: str = "1") -> None:
    """sources/: a rule that wants a label, and its suite."""
    office.write("sources/template.yaml", TEMPLATE.replace("labels.owner", f"labels.{word}"))
    office.write("sources/constraint.yaml", CONSTRAINT)
    office.write("sources/suite.yaml", SUITE.replace("VIOLATIONS", violations))
    office.write("sources/samples/nobody.yaml", NOBODY)


def bundle(office: Office, name: str) -> str:
    """bundles/NAME.tar.gz, of the sources; its digest."""
    (office.folder / "bundles").mkdir(exist_ok=True)
    made = office.run("policy", "bundle", "sources", "-o", f"bundles/{name}.tar.gz")
    assert made.code == 0, made.err
    return made.out.splitlines()[-1].partition("@")[2]


def ask(office: Office, name: str, to: str, *more: str, command: str = "promote") -> Ran:
    sources = ["--sources", "sources"] if command == "promote" and "--sources" not in more else []
    options = ["--name", "platform", "--to", to, "--key", "asker.pem", "--output", f"{to}.json"]
    return office.run("policy", command, f"bundles/{name}.tar.gz", *options, *sources, *office.desk(), *more)


def promoted(office: Office, name: str) -> None:
    for to in ("staging", "prod"):
        asked = ask(office, name, to)
        assert asked.code == 0, asked.err
    assert office.approve("--require").code == 0


@pytest.fixture
def place(office: Office) -> Office:
    office.write_policy_of(STEP)
    write_sources(office)
    return office


def test_a_bundle_is_promoted_with_its_tests(place: Office) -> None:
    digest = bundle(place, "one")
    promoted(place, "one")
    made = place.history()[-1]
    assert (made["model"], made["version"], made["environment"]) == ("policies:platform", digest, "prod")
    said = place.statement()["predicate"]
    assert said["evidence"][0]["kind"] == "tests"
    assert said["evidence"][0]["values"] == {"failed": "0", "passed": "1"}
    assert said["change"]["policies"].startswith("sha256:")


def changes(place: Office, *more: str) -> list[dict[str, Any]]:
    """What A10 answers."""
    asked = place.run(
        "audit",
        "query",
        "--question",
        "a10",
        "--format",
        "json",
        "--trail",
        str(place.folder / "trail"),
        *more,
    )
    assert asked.code == 0, asked.err
    lines: list[dict[str, Any]] = json.loads(asked.out)["lines"]
    return lines


def test_an_auditor_is_told_with_which_tests_policies_were_promoted(place: Office) -> None:
    first = bundle(place, "one")
    promoted(place, "one")
    write_sources(place, word="team")
    second = bundle(place, "two")
    promoted(place, "two")
    told = [one for one in changes(place, "--reveal") if one["what"] == "promotion"]
    assert [(one["policy"], one["before"], one["after"]) for one in told] == [
        ("policies:platform to staging", "", first),
        ("policies:platform to prod", "", first),
        ("policies:platform to staging", first, second),
        ("policies:platform to prod", first, second),
    ]
    assert {one["tests"] for one in told} == {"1 passed, 0 failed"} and all(one["by"] for one in told)
    sealed = [one for one in changes(place) if one["what"] == "promotion"]
    assert [(one["entry"], one["tests"], one["by"]) for one in sealed] == [
        (one["entry"], "", "") for one in told
    ]


def test_a_change_in_force_is_told_with_the_tests_of_the_bundle_that_brought_it(place: Office) -> None:
    """A check under the bundle records the policies in force: they are the set that the bundle was tested as."""
    bundle(place, "one")
    promoted(place, "one")
    ran = place.run(
        "check",
        "-p",
        "bundles/one.tar.gz",
        "--trail",
        str(place.folder / "trail"),
        "sources/samples/nobody.yaml",
    )
    assert ran.code in (0, 1), ran.err
    (told,) = [one for one in changes(place, "--reveal") if one["what"] == "policy-change"]
    assert told["tests"] == "1 passed, 0 failed" and told["decisions"] == 1
    (made,) = [one for one in changes(place, "--reveal") if one["policy"].endswith("to prod")]
    assert made["decisions"] == 1


def test_tests_that_fail_keep_it_out(place: Office) -> None:
    write_sources(place, violations="2")
    bundle(place, "one")
    assert ask(place, "one", "staging").code == 0
    asked = ask(place, "one", "prod", "--require")
    assert asked.code == 1
    assert "missing: prod needs tests that passed of these very bytes" in asked.out


def test_tests_of_other_policies_say_nothing(place: Office) -> None:
    bundle(place, "one")
    write_sources(place, word="team")
    asked = ask(place, "one", "staging")
    assert asked.code == 2
    assert "are not those of sources, so that the tests there say nothing of it" in asked.err


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("quota", quota(), quota(limits=[{"class": "gpu.example.com", "hard": 9}])),
        ("exemption", EXEMPTED, {}),
    ],
)
def test_tests_of_other_quotas_and_exemptions_say_nothing(
    place: Office, name: str, value: dict[str, Any], other: dict[str, Any]
) -> None:
    place.write(f"sources/{name}.yaml", json.dumps(value))
    bundle(place, "one")
    assert ask(place, "one", "staging").code == 0
    place.write(f"sources/{name}.yaml", json.dumps(other))
    asked = ask(place, "one", "prod")
    assert (asked.code, "say nothing of it" in asked.err) == (2, True)


def test_a_wrong_quota_is_in_no_bundle(place: Office) -> None:
    place.write("sources/quota.yaml", json.dumps(quota(limits=[{"class": "gpu.example.com", "hard": -1}])))
    made = place.run("policy", "bundle", "sources", "-o", "one.tar.gz")
    assert (made.code, "spec.limits[0].hard" in made.err) == (2, True), made.err


def test_exemptions_count_where_they_were_promoted(place: Office, tmp_path: Path) -> None:
    place.write("sources/exemption.yaml", json.dumps(EXEMPTED))
    bundle(place, "one")
    promoted(place, "one")
    with running_server(tmp_path, place.folder / "bundles", options(place)) as server:
        assert denial(server, "exempted") == ""
        assert "settings has no owner" in denial(server)


def test_quotas_without_a_ledger_are_not_passed_over(
    place: Office, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place.write("sources/quota.yaml", json.dumps(quota()))
    bundle(place, "one")
    promoted(place, "one")
    command = ["serve", "-p", str(place.folder / "bundles"), *options(place), "--listen", "127.0.0.1:0"]
    assert run_cli([*command, "--certificates", str(tmp_path / "tls")]) == 2
    assert "has a DeviceQuota, and without a ledger nothing is held to it" in capfd.readouterr().err


def test_a_rollback_has_the_tests_that_it_had(place: Office) -> None:
    first = bundle(place, "one")
    promoted(place, "one")
    write_sources(place, word="team")
    bundle(place, "two")
    promoted(place, "two")
    back = ask(place, "one", "prod", command="rollback")
    assert back.code == 0, back.err
    assert place.approve("--require").code == 0
    assert (place.history()[-1]["event"], place.history()[-1]["version"]) == ("rolled-back", first)


def test_what_is_no_bundle(place: Office) -> None:
    asked = place.run(
        "policy",
        "promote",
        "sources",
        "--name",
        "platform",
        "--to",
        "prod",
        "--key",
        "asker.pem",
        *place.desk(),
    )
    assert asked.code == 2
    assert "sources is no PolicyBundle" in asked.err


def bundles(office: Office) -> set[str]:
    """The digests that are promoted into prod."""
    with open_trail(str(office.folder / "trail")) as trail:
        found = KnownPromotions(PromotionLog(trail)).bundles()
    return {digest for (_, environment, _), digest in found.items() if environment == "prod"}


def test_to_erase_the_later_bundle_brings_no_former_one_back(place: Office) -> None:
    first = bundle(place, "one")
    promoted(place, "one")
    assert bundles(place) == {first}
    write_sources(place, word="team")
    second = bundle(place, "two")
    promoted(place, "two")
    assert bundles(place) == {second}
    asked = place.history()[-1]["request"]
    assert place.run("audit", "erase", str(asked), "--reason", "no", "--trail", "trail").code == 0
    assert bundles(place) == set()


# More connections than there are workers.
AROUND = 8


def denial(server: Server, name: str = "settings") -> str:
    answer = server.admit(review_of(config_map(name)))
    return "" if answer["allowed"] else str(answer["status"]["message"])


def until(server: Server, text: str) -> None:
    """Waits until each worker's denial says so: connections are dealt out among them in turn."""
    end = time.monotonic() + SECONDS
    while not all(text in denial(server) for _ in range(AROUND)):
        assert time.monotonic() < end, denial(server)
        time.sleep(0.2)


def options(office: Office) -> list[str]:
    trail = str(office.folder / "trail")
    return ["--promotions", trail, "--promoted-policies", "platform", "--environment", "prod"]


def test_a_server_has_in_force_what_was_promoted_last(place: Office, tmp_path: Path) -> None:
    bundle(place, "one")
    promoted(place, "one")
    write_sources(place, word="team")
    place.write("sources/template.yaml", TEMPLATE.replace("has no owner", "has no team"))
    bundle(place, "two")
    with running_server(tmp_path, place.folder / "bundles", options(place)) as server:
        # It lies there, and nobody promoted it.
        assert "settings has no owner" in denial(server)
        promoted(place, "two")
        until(server, "settings has no team")
        back = ask(place, "one", "prod", command="rollback")
        assert back.code == 0, back.err
        assert place.approve("--require").code == 0
        until(server, "settings has no owner")
        last = place.history()[-1]["entry"]
        assert place.run("revoke", str(last), "--reason", "wrong", "--trail", "trail").code == 0
        told = server.wait_for("policies not read")
        assert "the last one was revoked" in str(told)
        # What was in force stays until another one is promoted.
        assert "settings has no owner" in denial(server)


def test_a_server_without_promoted_policies_does_not_begin(
    place: Office, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle(place, "one")
    command = [
        "serve",
        "-p",
        str(place.folder / "bundles"),
        *options(place),
        "--certificates",
        str(tmp_path / "tls"),
    ]
    assert run_cli([*command, "--listen", "127.0.0.1:0"]) == 2
    assert "no PolicyBundle platform is promoted to prod" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--environment", "prod"], "--environment is for --promoted-policies"),
        (["--promoted-policies", "a"], "into which they have to be promoted is not said"),
        (
            ["--promoted-policies", "a", "--environment", "b"],
            "which trail tells what was promoted is not said",
        ),
        (
            [
                *("--promoted-policies", "a", "--environment", "b", "--promotions", "trail"),
                *("--exemptions", "exemptions"),
            ],
            "--exemptions with --promoted-policies: exemptions count where they were promoted",
        ),
        (
            [
                *("--promoted-policies", "a", "--environment", "b", "--promotions", "trail"),
                *("--model-facts", "facts", "--facts-trust", "facts-trust.toml"),
            ],
            "whose facts count is said by what was promoted",
        ),
    ],
)
def test_options_that_do_not_fit(
    place: Office, tmp_path: Path, capfd: pytest.CaptureFixture[str], given: list[str], message: str
) -> None:
    command = ["serve", "-p", str(tmp_path), "--certificates", str(tmp_path / "tls"), *given]
    assert run_cli(command) == 2
    assert message in capfd.readouterr().err
