"""`lockgate audit replay`: what was decided comes out again, what other policies would have said, and what is refused."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from lockgate.webhook.cli import run

from tests.webhook.replay.trails import (
    TEMPLATE,
    checked,
    constraint,
    entries_of,
    made_trail,
    pod,
    policies,
    replayed,
)

OBJECTS = pod("good", "v1") + pod("old", "latest") + pod("next", "rc", "team-b")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, compiled: str) -> Path:
    """A folder with a trail, the policies `v1`, and what those have decided."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CACHE_HOME", compiled)
        made_trail()
        checked(policies("v1", constraint("latest", ":latest")), OBJECTS)
    return folder


@pytest.fixture(autouse=True)
def place(
    tmp_path: Path,
    kept: Path,
    compiled: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[None]:
    shutil.copytree(kept, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    yield


def test_decisions_come_out_as_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    made = replayed(capsys, "-p", "v1")
    assert (made["replayed"], made["notReplayed"]) == (3, {})
    assert (made["fidelity"]["judged"], made["fidelity"]["same"]) == (3, 3)
    assert made["fidelity"]["misses"] == []
    assert "difference" not in made
    assert made["state"] == "self-attested"


def test_the_log_keeps_that_bodies_were_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    replayed(capsys, "-p", "v1", "--outcome", "deny")
    (access,) = entries_of("access")
    assert (access["action"], access["entries"]) == ("replay", 1)


def test_nothing_is_recorded_where_the_policies_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "replay", "--trail", "trail", "-p", "absent"]) == 2
    assert "absent does not exist" in capsys.readouterr().err
    assert entries_of("access") == []


# constraints of the other policies → changes; by policy; by namespace
OTHERS = {
    "the same": ([constraint("latest", ":latest")], {}, {}, {}),
    "one more denies": (
        [constraint("latest", ":latest"), constraint("rc", ":rc")],
        {"denied": 1},
        {"K8sNo/rc": {"denied": 1}},
        {"team-b": {"denied": 1}},
    ),
    "one more warns": (
        [constraint("latest", ":latest"), constraint("rc", ":rc", "warn")],
        {"warned": 1},
        {"K8sNo/rc": {"warned": 1}},
        {"team-b": {"warned": 1}},
    ),
    "one less": (
        [constraint("rc", ":never")],
        {"letThrough": 1},
        {"K8sNo/latest": {"letThrough": 1}},
        {"team-a": {"letThrough": 1}},
    ),
    "it only warns": (
        [constraint("latest", ":latest", "warn")],
        {"letThrough": 1},
        {"K8sNo/latest": {"letThrough": 1}},
        {"team-a": {"letThrough": 1}},
    ),
    "by another constraint": (
        [constraint("renamed", ":latest")],
        {"saidOtherwise": 1},
        {"K8sNo/latest": {"saidOtherwise": 1}, "K8sNo/renamed": {"saidOtherwise": 1}},
        {"team-a": {"saidOtherwise": 1}},
    ),
    "all are denied": (
        [constraint("latest", "")],
        {"denied": 2},
        {"K8sNo/latest": {"denied": 2}},
        {"team-a": {"denied": 1}, "team-b": {"denied": 1}},
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_what_other_policies_would_have_decided(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    constraints, changes, by_policy, by_namespace = OTHERS[case]
    made = replayed(capsys, "-p", "v1", "--against", policies("v2", *constraints))
    difference = made["difference"]
    assert difference["compared"] == 3
    assert {name: count for name, count in difference["changes"].items() if count} == changes
    assert {one.pop("policy"): one for one in difference["policies"]} == by_policy
    assert {one.pop("namespace"): one for one in difference["namespaces"]} == by_namespace
    assert sum(sum(one["changes"].values()) for one in difference["objects"]) == sum(changes.values())


def test_an_object_is_told_with_its_record_and_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    made = replayed(capsys, "-p", "v1", "--against", policies("v2", constraint("rc", ":rc")))
    denied = [one for one in made["difference"]["objects"] if "denied" in one["changes"]]
    (one,) = denied
    assert one["resource"] == {"apiVersion": "v1", "kind": "Pod", "namespace": "team-b", "name": "next"}
    (first,) = one["first"]
    assert first["gained"] == [
        {
            "policy": "K8sNo",
            "constraint": "rc",
            "how": "violation",
            "actions": ["deny"],
            "message": "next has the image registry.example/app:rc",
        }
    ]
    assert (
        run(["audit", "show", str(first["entry"]), "--trail", "trail", "--format", "json", "--reveal"]) == 0
    )
    (shown,) = json.loads(capsys.readouterr().out)["entries"]
    assert shown["body"]["input"]["name"] == "next"


def test_what_was_decided_by_other_policies_is_no_miss(capsys: pytest.CaptureFixture[str]) -> None:
    checked(policies("v0", constraint("latest", ":latest", "warn")), OBJECTS)
    fidelity = replayed(capsys, "-p", "v1")["fidelity"]
    assert (fidelity["judged"], fidelity["same"]) == (3, 3)
    others = fidelity["underOtherPolicies"]
    assert (others["judged"], others["same"], list(others["sets"].values())) == (3, 2, [3])


# options → names of the objects that are replayed
WINDOWS = {
    "all": ([], {"good", "old", "next"}),
    "an outcome": (["--outcome", "deny"], {"old"}),
    "a namespace": (["--namespace", "team-b"], {"next"}),
    "a namespace without decisions": (["--namespace", "team-z"], set[str]()),
    "a moment ago": (["--since", "1h"], {"good", "old", "next"}),
    "long ago": (["--until", "2020-01-01"], set[str]()),
    "from the future": (["--since", "2999-01-01T00:00:00Z"], set[str]()),
}


@pytest.mark.parametrize("case", WINDOWS)
@pytest.mark.parametrize("exported", [False, True])
def test_which_decisions_are_replayed(case: str, exported: bool, capsys: pytest.CaptureFixture[str]) -> None:
    options, names = WINDOWS[case]
    home = "trail"
    if exported:
        home = "exported"
        assert run(["audit", "export", home, "--trail", "trail", "--bodies", "opened"]) == 0
        capsys.readouterr()
    made = replayed(
        capsys, "-p", "v1", "--against", policies("v2", constraint("x", "", "dryrun")), *options, home=home
    )
    assert made["replayed"] == len(names)
    assert {one["resource"]["name"] for one in made["difference"]["objects"]} == names


@pytest.mark.parametrize("moment", ["yesterday", "30", "2026-13-01", "-3d", ""])
def test_what_is_no_moment(moment: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["audit", "replay", "--trail", "trail", "-p", "v1", "--since", moment or "x"])
    assert (code, "--since takes a moment" in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("bodies", ["none", "sealed"])
def test_an_export_whose_bodies_do_not_open(bodies: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "export", "exported", "--trail", "trail", "--bodies", bodies]) == 0
    capsys.readouterr()
    assert run(["audit", "replay", "--trail", "exported", "-p", "v1"]) == 2
    assert "--bodies opened" in capsys.readouterr().err


def test_several_processes_come_to_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    many = "".join([pod(f"pod-{number}", "rc" if number % 3 else "latest") for number in range(600)])
    checked("v1", many)
    arguments = ("-p", "v1", "--against", policies("v2", constraint("rc", ":rc")))
    shutil.copytree("trail", "copy")
    one = replayed(capsys, *arguments, "--jobs", "1")
    assert (one["replayed"], one["difference"]["changes"]["denied"]) == (603, 401)
    assert one == replayed(capsys, *arguments, "--jobs", "3", home="copy")


def test_what_was_erased_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "erase", "--trail", "trail", "--namespace", "team-a", "--reason", "asked to"]) == 0
    capsys.readouterr()
    made = replayed(capsys, "-p", "v1")
    assert (made["replayed"], made["notReplayed"]) == (1, {"erased": 2})


# what is changed in the database → what is told
TAMPERING = {
    "an entry": "UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), 'deny', 'warn') AS BLOB)",
    "the body of another": "UPDATE body SET sealed = (SELECT sealed FROM body ORDER BY place DESC LIMIT 1)",
    "an entry is gone": 'DELETE FROM leaf WHERE instr(CAST(entry AS TEXT), \'"outcome":"deny"\') > 0',
}


@pytest.mark.parametrize("case", TAMPERING)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_tampering_ends_a_replay(case: str, jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect("trail/trail.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        assert database.execute(TAMPERING[case]).rowcount > 0
    assert run(["audit", "replay", "--trail", "trail", "-p", "v1", "--jobs", jobs]) == 3
    assert "Traceback" not in capsys.readouterr().err


EXTERNAL = TEMPLATE.replace(
    "endswith(image, input.parameters.image)",
    "endswith(image, input.parameters.image)\n"
    '        answer := external_data({"provider": "images", "keys": [image]})\n'
    '        answer.responses[_][1] == "bad"',
)
ANSWERS = """apiVersion: externaldata.lockgate.dev/v1alpha1
kind: ExternalData
providers:
- provider: images
  values: {'registry.example/app:latest': bad}
"""


def test_policies_are_told_what_they_were_told_then(capsys: pytest.CaptureFixture[str]) -> None:
    Path("answers.yaml").write_text(ANSWERS)
    shutil.rmtree("trail")
    made_trail()
    given = policies("asking", constraint("latest", ":latest"), template=EXTERNAL)
    checked(given, OBJECTS, "--external-data", "answers.yaml")
    made = replayed(
        capsys, "-p", given, "--against", policies("v2", constraint("rc", ":rc"), template=EXTERNAL)
    )
    assert (made["fidelity"]["judged"], made["fidelity"]["same"]) == (3, 3)
    changes = made["difference"]["changes"]
    assert (changes["letThrough"], changes["unknown"]) == (1, 1)
    (unknown,) = [one for one in made["difference"]["objects"] if "unknown" in one["changes"]]
    assert "was not recorded" in unknown["first"][0]["gained"][0]["message"]


def test_text_tells_fidelity_first_and_then_the_difference(capsys: pytest.CaptureFixture[str]) -> None:
    v2 = policies("v2", constraint("rc", ":rc"))
    assert run(["audit", "replay", "--trail", "trail", "-p", "v1", "--against", v2]) == 0
    out = capsys.readouterr().out
    assert "3 of 3 (100.00 %) as recorded" in out
    assert "1 of 3 Decisions newly denied" in out
    assert "1 of 3 Decisions newly let through" in out
    assert "v1 Pod team-b/next (entry" in out
    assert out.index("Fidelity") < out.index("newly denied")


def test_plain_rego_judges_no_records(capsys: pytest.CaptureFixture[str]) -> None:
    Path("plain").mkdir()
    Path("plain/a.rego").write_text('package main\n\nimport rego.v1\n\ndeny contains "no" if input.x\n')
    assert run(["audit", "replay", "--trail", "trail", "-p", "plain"]) == 2
    assert "plain Rego" in capsys.readouterr().err


def test_a_copy_of_the_trail_replays_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree("trail", "copy")
    assert replayed(capsys, "-p", "v1") == replayed(capsys, "-p", "v1", home="copy")
