"""`lockgate check --trail`: every Decision is in the log before the answer is given, or there is no answer."""

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import lockgate.webhook
import pytest
from lockgate.audit.completeness import parse_stream_proof, verify_stream_proof
from lockgate.audit.entry import parse_entry
from lockgate.audit.store.database import WriterLock
from lockgate.audit.tlog_proof import parse_tlog_proof, verify_tlog_proof
from lockgate.webhook.cli import run
from lockgate.webhook.given_keys import read_key
from lockgate.webhook.trail import open_trail

from tests.audit.trails import tampered
from tests.gatekeeper.malformed_cases import CONFIG, EXPANSION, PROVIDER, SYNC_SET

ORIGIN = "example.com/lockgate/ci"
SCHEMA = Path(lockgate.webhook.__file__).parent / "schemas" / "check.schema.json"
PODS = """apiVersion: v1
kind: Pod
metadata: {name: good, namespace: team-a}
spec: {containers: [{name: c, image: 'registry.example/app:latest'}]}
---
apiVersion: v1
kind: LimitRange
metadata: {name: plain, namespace: team-a}
spec: {limits: []}
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, compiled: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    Path("app.yaml").write_text(PODS)
    yield


@pytest.fixture
def key(place: None, capsys: pytest.CaptureFixture[str]) -> str:
    """The log's key, kept outside of the trail."""
    assert run(["audit", "init", "trail", "--origin", ORIGIN]) == 0
    capsys.readouterr()
    shutil.copy("trail/log.vkey", "kept.vkey")
    return "kept.vkey"


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = run(["check", "--trail", "trail", "--format", "json", *arguments, "app.yaml"])
    made = json.loads(capsys.readouterr().out)
    jsonschema.validate(made, json.loads(SCHEMA.read_text()))
    return code, made


def test_a_run_is_recorded(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, made = checked(capsys, "--model", "fraud", "--environment", "prod")
    assert code == 0
    trail = made["trail"]
    assert (trail["origin"], trail["first"]) == (ORIGIN, 1)
    assert trail["checkpoint"].startswith(f"{ORIGIN}\n{trail['size']}\n")
    with open_trail("trail") as opened:
        entries = [parse_entry(one) for one in opened.store.entries(trail["first"], trail["last"] + 1)]
    decisions = [entry.value for entry in entries if entry.kind == "decision"]
    assert "warn" in [one["outcome"] for one in decisions]
    assert all((one["model"], one["environment"]) == ("fraud", "prod") for one in decisions)
    (coverage,) = [entry.value for entry in entries if entry.kind == "coverage"]
    assert coverage["judged"] == len(decisions)
    assert coverage["judged"] + coverage["unmatched"] == 2  # type: ignore[operator]


def entries_of(kind: str) -> list[dict[str, Any]]:
    with open_trail("trail") as opened:
        found = [parse_entry(one) for one in opened.store.entries(0, opened.store.head().size)]
    return [dict(entry.value) for entry in found if entry.kind == kind]


def test_a_check_judges_objects_as_created(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    checked(capsys)
    assert {one["operation"] for one in entries_of("decision")} == {"CREATE"}
    assert run(["audit", "show", "2", "--trail", "trail", "--format", "json", "--reveal"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["entries"]
    assert entry["body"]["input"]["operation"] == "CREATE"


TEMPLATE = """apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8sno}
spec:
  crd: {spec: {names: {kind: K8sNo}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package k8sno
      violation[{"msg": "no"}] { input.review.object.kind == "Pod" }
"""


def constraint(name: str, action: str = "warn") -> str:
    return (
        "---\napiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sNo\n"
        f"metadata: {{name: {name}}}\nspec: {{enforcementAction: {action}}}\n"
    )


# policies of each run → what the log has of them: event, policy
RUNS = [
    ([constraint("a"), constraint("b")], [("added", None)]),
    ([constraint("a"), constraint("b")], []),
    (
        [constraint("b", "dryrun"), constraint("c")],
        [("removed", "K8sNo/a"), ("changed", "K8sNo/b"), ("added", "K8sNo/c")],
    ),
    ([constraint("b", "dryrun"), constraint("c")], []),
    (
        [constraint("a"), constraint("b")],
        [("added", "K8sNo/a"), ("changed", "K8sNo/b"), ("removed", "K8sNo/c")],
    ),
    ([constraint(f"n{n}") for n in range(40)], [("changed", None)]),
    ([constraint(f"n{n}") for n in range(40)], []),
    ([constraint(f"n{n}") for n in range(39)], [("removed", "K8sNo/n39")]),
]


def test_each_change_of_the_policies_is_recorded_once(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[dict[str, Any]] = []
    sets: list[str] = []
    for constraints, expected in RUNS:
        Path("policies.yaml").write_text(TEMPLATE + "".join(constraints))
        assert run(["check", "--trail", "trail", "-p", "policies.yaml", "app.yaml"]) == 0
        found = entries_of("policy")
        new = found[len(told) :]
        assert [(one["event"], one.get("policy")) for one in new] == expected
        in_force = entries_of("decision")[-1]["policies"]
        for one in new:
            assert one["policies"] == in_force
            assert one.get("before") == (sets[-1] if sets else None)
        sets.append(in_force)
        told = found
    # The digests of the policy itself lie in the body.
    index = next(entry["streams"][0]["n"] for entry in told if entry.get("policy") == "K8sNo/b")
    assert index == 3
    with open_trail("trail") as opened:
        ((_, place),) = opened.store.stream_entries("policy-change", 2, 1)
    capsys.readouterr()
    assert run(["audit", "show", str(place), "--trail", "trail", "--format", "json", "--reveal"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["entries"]
    details = entry["body"]["details"]
    assert all(len(details[name]) == 64 for name in ("before", "after"))
    assert details["before"] != details["after"]
    assert run(["audit", "verify", "trail", "--log-key", key]) == 0


def test_what_decides_beside_the_policies_is_named_too(key: str) -> None:
    config = CONFIG.replace("[webhook]", "[sync]")
    moved = EXPANSION.replace("templateSource: spec.template", "templateSource: spec.other")
    late = PROVIDER.replace("timeout: 3", "timeout: 4")
    runs: list[tuple[list[str], list[tuple[str, str | None]]]] = [
        ([CONFIG, SYNC_SET, EXPANSION, PROVIDER], [("added", None)]),
        ([config, SYNC_SET, EXPANSION, PROVIDER], [("changed", "Config/config")]),
        ([config, EXPANSION, PROVIDER], [("removed", "SyncSet/services")]),
        (
            [config, moved, late],
            [("changed", "ExpansionTemplate/workloads"), ("changed", "Provider/signatures")],
        ),
    ]
    told = 0
    for others, expected in runs:
        Path("policies.yaml").write_text("---\n".join([TEMPLATE + constraint("a"), *others]))
        assert run(["check", "--trail", "trail", "-p", "policies.yaml", "app.yaml"]) == 0
        found = entries_of("policy")
        assert [(one["event"], one.get("policy")) for one in found[told:]] == expected
        told = len(found)


def test_a_constraint_called_like_the_config(key: str) -> None:
    """Both are named, and apart."""
    template = TEMPLATE.replace("K8sNo", "Config").replace("k8sno", "config")
    own = constraint("config").replace("K8sNo", "Config")
    for config in (CONFIG, CONFIG.replace("[webhook]", "[sync]")):
        Path("policies.yaml").write_text("---\n".join([template + own, config]))
        assert run(["check", "--trail", "trail", "-p", "policies.yaml", "app.yaml"]) == 0
    last = entries_of("policy")[-1]
    assert (last["event"], last["policy"]) == ("changed", "Config/config (beside the policies)")


def test_another_instance_has_its_own_policies(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies.yaml").write_text(TEMPLATE + constraint("a"))
    config = Path("trail/trail.toml")
    mine = config.read_text()
    theirs = re.sub("(?m)^instance = .*$", 'instance = "other"', mine)
    events = []
    for text in (mine, theirs, mine, theirs):
        config.write_text(text)
        assert run(["check", "--trail", "trail", "-p", "policies.yaml", "app.yaml"]) == 0
        events.append(len(entries_of("policy")))
    assert events == [1, 2, 2, 2]


def test_what_is_known_of_the_policies_was_erased(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies.yaml").write_text(TEMPLATE + constraint("a"))
    for erases in (True, False, False):
        assert run(["check", "--trail", "trail", "-p", "policies.yaml", "app.yaml"]) == 0
        if erases:
            assert erased(capsys, "erase", "1")[0] == 0
    assert [one["event"] for one in entries_of("policy")] == ["added", "added"]


def test_the_text_ends_with_where_it_is(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--trail", "trail", "app.yaml"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"recorded in {ORIGIN}: entr")
    assert "tree size" in last


@pytest.mark.parametrize("chosen", ["sarif", "github"])
def test_formats_without_a_place_for_it_say_it_beside(
    key: str, chosen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "--trail", "trail", "--format", chosen, "app.yaml"]) == 0
    assert f"recorded in {ORIGIN}" in capsys.readouterr().err


def test_the_environment_of_a_folder_is_the_configurations(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("lockgate.yaml").write_text('folders: [{path: ".", environment: staging}]\n')
    checked(capsys, "--model", "fraud")
    with open_trail("trail") as opened:
        entry = parse_entry(next(iter(opened.store.entries(2, 3))))
    assert entry.value["environment"] == "staging"
    assert "model/fraud/staging" in {link.name for link in entry.links}


def test_without_a_trail_nothing_says_anything_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--format", "json", "app.yaml"]) == 0
    assert "trail" not in json.loads(capsys.readouterr().out)
    assert run(["check", "--model", "fraud", "app.yaml"]) == 2


def lock_elsewhere() -> Any:
    return WriterLock(Path("trail/trail.db"))


def refuse_leaves() -> None:
    connection = sqlite3.connect("trail/trail.db")
    connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON leaf BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    connection.commit()
    connection.close()


def move_head() -> None:
    tampered(Path("trail/trail.db"), "UPDATE log_head SET size = 0")


def damage() -> None:
    """Pages of the database become something else."""
    path = Path("trail/trail.db")
    data = bytearray(path.read_bytes())
    data[8192 : len(data)] = b"\x5a" * (len(data) - 8192)
    path.write_bytes(data)


def lose_key() -> None:
    Path("trail/keys/log.pem").unlink()


FAILURES = {
    "another process appends": (lock_elsewhere, "nothing can be recorded"),
    "the database takes no more": (refuse_leaves, "could not be recorded"),
    "the database was changed": (move_head, "nothing can be recorded"),
    "the database is damaged": (damage, "nothing can be recorded"),
    "the key is gone": (lose_key, "nothing can be recorded"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_cannot_be_recorded_is_an_error(key: str, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    breaking, message = FAILURES[case]
    held = breaking()
    assert run(["check", "--trail", "trail", "app.yaml"]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert "recorded in" not in shown.out
    if held is not None:
        held.close()


def test_a_model_that_no_entry_can_name(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--trail", "trail", "--model", "m" * 200, "app.yaml"]) == 2
    assert "could not be recorded" in capsys.readouterr().err


# Verifying what was recorded


def test_verify_needs_a_key_from_elsewhere(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    checked(capsys)
    assert run(["audit", "verify", "trail", "--log-key", key]) == 0
    assert "self-attested" in capsys.readouterr().out
    assert run(["audit", "verify", "trail"]) == 4
    assert run(["audit", "verify", "trail", "--log-key", "trail/log.vkey"]) == 4
    assert run(["audit", "verify", "trail", "--trust", "trail/trust.toml"]) == 4
    shutil.copy("trail/trust.toml", "trust.toml")
    assert run(["audit", "verify", "trail", "--trust", "trust.toml"]) == 0
    capsys.readouterr()


def test_verify_says_where(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    checked(capsys)
    tampered(
        Path("trail/trail.db"),
        "UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), '\"warn\"', '\"deny\"') AS BLOB)",
    )
    assert run(["audit", "verify", "trail", "--log-key", key, "--format", "json"]) == 3
    made = json.loads(capsys.readouterr().out)
    assert made["verdict"] == "tampered"
    assert {"code": "entry-changed", "where": "entry 2"}.items() <= made["findings"][0].items()
    # Without a key from elsewhere too.
    assert run(["audit", "verify", "trail"]) == 3
    assert run(["audit", "show", "2", "--trail", "trail"]) == 3
    assert "entry 2" in capsys.readouterr().err


def test_verify_with_the_key_of_another_log(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "init", "other", "--origin", ORIGIN]) == 0
    assert run(["audit", "verify", "trail", "--log-key", "other/log.vkey"]) == 3
    assert "key-unknown" in capsys.readouterr().out


def test_bodies_are_opened_and_the_log_keeps_that_they_were(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checked(capsys)
    arguments = ["audit", "show", "2", "--trail", "trail", "--format", "json"]
    assert run([*arguments, "--reveal", "--actor", "auditor@example.com"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["entries"]
    assert entry["body"]["input"]["name"] == "good"
    assert run(["audit", "show", "--trail", "trail", "--kind", "access", "--format", "json"]) == 0
    (access,) = json.loads(capsys.readouterr().out)["entries"]
    assert (access["entry"]["action"], access["entry"]["index"]) == ("reveal", 2)
    assert "auditor@example.com" not in json.dumps(access)


def test_prove_an_entry(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    checked(capsys)
    arguments = ["audit", "prove", "2", "--trail", "trail", "--output", "1.proof", "--entry", "1.json"]
    assert run(arguments) == 0
    proof = parse_tlog_proof(Path("1.proof").read_bytes())
    verify_tlog_proof(proof, Path("1.json").read_bytes(), ORIGIN, [read_key(key)])


def test_prove_a_stream(
    key: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lockgate.audit.store.batch.HEADS_EVERY", 3)
    # Heads are logged after as many entries as there are streams.
    Path("app.yaml").write_text("\n---\n".join([PODS.replace("good", f"pod-{n}") for n in range(9)]))
    checked(capsys, "--model", "fraud", "--environment", "prod")
    for name, count in (("model/fraud/prod", None), ("model/none/prod", 0), ("a", 0), ("z", 0)):
        assert run(["audit", "prove", "--stream", name, "--trail", "trail", "--output", "p.json"]) == 0
        proof = parse_stream_proof(Path("p.json").read_bytes())
        found = verify_stream_proof(proof, ORIGIN, [read_key(key)])
        assert found == len(proof.entries)
        assert (found > 0) == (count is None)


def test_an_export_is_verified_and_opened(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    checked(capsys)
    assert run(["audit", "export", "out", "--trail", "trail", "--bodies", "opened"]) == 0
    capsys.readouterr()
    assert run(["audit", "verify", "out", "--log-key", key, "--format", "json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["bodies"]["opened"] == made["bodies"]["checked"] > 1
    assert made["state"] == "self-attested"
    assert run(["audit", "verify", "out"]) == 4
    assert run(["audit", "show", "2", "--trail", "out"]) == 0
    bundle = next(Path("out/tile/entries/000.p").iterdir())
    bundle.write_bytes(bundle.read_bytes().replace(b'"warn"', b'"deny"'))
    assert run(["audit", "verify", "out", "--log-key", key]) == 3
    capsys.readouterr()


@pytest.mark.parametrize("command", ["show", "verify", "export", "backup"])
def test_a_damaged_database_is_told_without_a_traceback(
    key: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage()
    arguments = {"verify": ["trail"], "show": ["--trail", "trail"]}.get(command, ["out", "--trail", "trail"])
    assert run(["audit", command, *arguments]) in (2, 3)
    shown = capsys.readouterr()
    assert "internal error" not in shown.err
    assert "database" in shown.err


def erased(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = run(["audit", *arguments, "--reason", "asked for", "--trail", "trail"])
    shown = capsys.readouterr()
    return code, shown.out + shown.err


def test_erased_and_held(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    checked(capsys)
    assert erased(capsys, "hold", "place", "case-7", "--namespace", "team-a")[0] == 0
    assert erased(capsys, "hold", "place", "case-7", "--index", "2")[0] == 2
    assert run(["audit", "hold", "list", "--trail", "trail"]) == 0
    assert "case-7" in capsys.readouterr().out
    for what in (("2",), ("--namespace", "team-a")):
        code, told = erased(capsys, "erase", *what)
        assert code == 2
        assert "case-7" in told
    assert erased(capsys, "hold", "lift", "case-7")[0] == 0
    assert erased(capsys, "hold", "lift", "case-7")[0] == 2
    assert erased(capsys, "erase", "2")[0] == 0
    assert erased(capsys, "erase", "2")[0] == 2
    assert erased(capsys, "erase", "--namespace", "team-a")[0] == 0
    assert erased(capsys, "erase", "--namespace", "nobody")[0] == 2
    assert erased(capsys, "erase")[0] == 2
    assert run(["audit", "verify", "trail", "--log-key", key, "--open", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["bodies"]["erased"] == 1
    assert run(["audit", "show", "2", "--reveal", "--trail", "trail"]) == 0
    assert "not here: erased" in capsys.readouterr().out
