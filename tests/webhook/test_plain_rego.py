"""`lockgate check -p` on a folder of plain Rego: places, secrets, the trail, and what is not judged."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lockgate.audit.entry import parse_entry
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.shared_folder import ROOT
from tests.webhook.test_check import TEMPLATE, constraint

SCHEMA = json.loads((ROOT / "webhook" / "schemas" / "check.schema.json").read_text())
POLICY = """package main

deny contains {"msg": "image has no digest", "path": ["spec", "image"], "fix": "pin it"} if {
	not contains(input.spec.image, "@sha256:")
}

warn_owner contains "nobody owns it" if not input.owner

exception contains ["owner"] if input.sandbox
"""
APP = "owner: me\nspec:\n  image: app:1\n"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    write({"policy/main.rego": POLICY})
    return tmp_path


def write(files: Mapping[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = run(["check", "-p", "policy", "--no-cache", "--format", "json", *arguments])
    made = json.loads(capsys.readouterr().out)
    jsonschema.validate(made, SCHEMA)
    return code, made


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["check", "--no-cache", *arguments]) == 2
    return capsys.readouterr().err


def test_a_violation_has_its_place_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    write({"app.yaml": f"owner: me\n---\n{APP}"})
    code, made = checked(capsys, "app.yaml")
    assert code == 1
    # The first document has no image at all: nothing is undefined but the rule's body.
    (found,) = [one for one in made["violations"] if one["actions"] == ["deny"] and one["exact"]]
    assert (found["policy"], found["constraint"], found["message"]) == ("main", "deny", "image has no digest")
    assert (found["line"], found["column"], found["fix"]) == (5, 10, "pin it")
    assert made["summary"]["documents"] == 2


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ('{"file": "charts/app.yaml", "line": 12}', ("charts/app.yaml", 12, True)),
        ('{"file": "charts/app.yaml", "line": 0}', ("app.yaml", 1, False)),
        ('{"file": "charts/app.yaml", "line": "12"}', ("app.yaml", 1, False)),
        ('{"file": "", "line": 12}', ("app.yaml", 1, False)),
        ('{"line": 12}', ("app.yaml", 1, False)),
        ('"charts/app.yaml"', ("app.yaml", 1, False)),
        ('{"file": "charts/app.yaml", "line": 99999999999999999999}', ("app.yaml", 1, False)),
    ],
)
def test_a_result_tells_what_the_document_was_made_of(
    told: str, shown: tuple[str, int, bool], capsys: pytest.CaptureFixture[str]
) -> None:
    rule = f'deny contains {{"msg": "no", "_loc": {told}}} if input.spec\n'
    write({"policy/main.rego": f"package main\n\nimport rego.v1\n\n{rule}", "app.yaml": APP})
    code, made = checked(capsys, "app.yaml")
    (found,) = made["violations"]
    assert code == 1 and (found["file"], found["line"], found["exact"]) == shown
    for chosen in ("text", "sarif", "github"):
        capsys.readouterr()
        assert run(["check", "-p", "policy", "--no-cache", "--format", chosen, "app.yaml"]) == 1
        assert shown[0] in capsys.readouterr().out


def test_an_excepted_rule_is_told_and_denies_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        {"a.yaml": "sandbox: true\nspec: {image: 'a@sha256:1'}\n", "b.yaml": "spec: {image: 'a@sha256:1'}\n"}
    )
    code, made = checked(capsys, "--fail-on", "warn", "a.yaml")
    assert code == 0
    assert [one["actions"] for one in made["violations"]] == [["dryrun"]]
    assert checked(capsys, "--fail-on", "warn", "b.yaml")[0] == 1


def test_members_of_a_list_have_their_places(capsys: pytest.CaptureFixture[str]) -> None:
    write({"list.yaml": "- owner: me\n  spec: {image: a}\n- owner: me\n  spec: {image: b}\n"})
    write({"list.json": '[{"owner": 1, "spec": {"image": "a"}},\n {"owner": 1, "spec": {"image": "b"}}]'})
    _, made = checked(capsys, "list.yaml", "list.json")
    assert [(one["file"], one["line"]) for one in made["violations"]] == [
        ("list.json", 1),
        ("list.json", 2),
        ("list.yaml", 2),
        ("list.yaml", 4),
    ]


def test_kinds_of_policies_are_not_mixed(capsys: pytest.CaptureFixture[str]) -> None:
    write({"gatekeeper/all.yaml": TEMPLATE + "---\n" + constraint(), "app.yaml": APP})
    told = refused(capsys, "-p", "policy", "-p", "gatekeeper", "app.yaml")
    assert "policy is plain Rego" in told
    # Rego beside Gatekeeper's kinds is theirs.
    write({"gatekeeper/src.rego": POLICY})
    assert run(["check", "-p", "gatekeeper", "app.yaml"]) == 0


@pytest.mark.parametrize(
    ("policy", "arguments", "said"),
    [
        ("package main\nx := 1\n", (), "nothing would be judged"),
        ("package other\ndeny contains 1 if true\n", (), "no package main"),
        (POLICY, ("--rego-namespace", "absent.*"), "no package absent"),
        ("package main\ndeny[msg] if { msg := input.a }\n", (), "`if` without `contains`"),
        ("package main\ndeny contains", (), "rego_parse_error"),
        ("package main\ndeny contains x if y\n", (), "rego_unsafe_var_error"),
        (POLICY, ("--data", "absent"), "no such file"),
    ],
)
def test_policies_that_would_judge_nothing(
    policy: str, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write({"policy/main.rego": policy, "app.yaml": APP})
    assert said in refused(capsys, "-p", "policy", *arguments, "app.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [\n", "expected"),
        ("a: 1\n...\nb: 1\n", "text after the end of the document"),
    ],
)
def test_input_that_cannot_be_read(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    write({"app.yaml": text})
    code, made = checked(capsys, "app.yaml")
    assert code == 2
    assert said in made["errors"][0]["message"]


def test_one_broken_document_does_not_hide_others(capsys: pytest.CaptureFixture[str]) -> None:
    write({"app.yaml": f"a: [\n---\n{APP}"})
    code, made = checked(capsys, "app.yaml")
    assert (code, len(made["errors"]), len(made["violations"])) == (2, 1, 1)


def test_files_without_a_parser_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        {
            "app/app.yaml": APP,
            "app/Dockerfile": "FROM x\n",
            "app/main.tf": "",
            "app/dev.dockerfile": "",
            "app/readme.md": "",
        }
    )
    code, made = checked(capsys, "app")
    assert code == 1
    needs = [one["needs"] for one in made["notEvaluated"]]
    assert needs == [
        "a parser for dockerfile, which is not built: app/Dockerfile, app/dev.dockerfile",
        "a parser for hcl2, which is not built: app/main.tf",
    ]
    assert checked(capsys, "--fail-on", "not-evaluated", "app")[0] == 2
    _, made = checked(capsys, "--exclude", "*ockerfile", "--exclude", "*.tf", "app")
    assert made["notEvaluated"] == []
    # A file that is named itself is not read as something else.
    code, made = checked(capsys, "app/app.yaml", "app/Dockerfile", "app/readme.md")
    assert code == 2
    assert [one["file"] for one in made["skipped"]] == ["app/Dockerfile"]
    assert [one["file"] for one in made["errors"]] == ["app/readme.md"]


def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.webhook.helpers import run_lockgate

    ran = run_lockgate("check", "-p", "policy", "--format", "json", "-", cwd=tmp_path, stdin=APP.encode())
    assert ran.code == 1
    assert json.loads(ran.out)["violations"][0]["file"] == "<stdin>"


SECRET = "czNjcmV0LXZhbHVlLW9mLWNhbmFyeQ=="
SECRETS = {
    "alone": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{key: {SECRET}}}\n",
    "in a List": f"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  data: {{key: {SECRET}}}\n",
    "in a list": f"- apiVersion: v1\n  kind: Secret\n  metadata: {{name: a}}\n  data: {{key: {SECRET}}}\n",
}


@pytest.mark.parametrize("combine", [(), ("--combine",)], ids=["each", "combined"])
@pytest.mark.parametrize("name", SECRETS)
def test_values_of_secrets_are_masked(
    name: str, combine: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    write({"policy/main.rego": 'package main\ndeny contains sprintf("found %v", [input]) if true\n'})
    write({"secret.yaml": SECRETS[name]})
    for chosen in ("text", "json", "junit", "tap", "sarif"):
        capsys.readouterr()
        assert run(["check", "-p", "policy", "--format", chosen, *combine, "secret.yaml"]) == 1
        shown = capsys.readouterr()
        assert SECRET not in shown.out + shown.err
        assert "found" in shown.out


def test_decisions_are_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    write({"app.yaml": f"{APP}---\n- 1\n---\ntext\n"})
    assert run(["audit", "init", "trail", "--origin", "example.com/plain"]) == 0
    assert run(["check", "-p", "policy", "--trail", "trail", "app.yaml"]) == 1
    with open_trail("trail") as trail:
        entries = [parse_entry(one) for one in trail.store.entries(0, trail.store.head().size)]
    decisions = [one.value["outcome"] for one in entries if one.kind == "decision"]
    assert sorted(map(str, decisions)) == ["deny", "warn", "warn"]
    streams = {link.name for one in entries for link in one.links}
    assert {"policy/main/deny", "policy/main/warn_owner"} <= streams


def test_several_processes_tell_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    write({f"app/{number}.yaml": f"{APP}---\nspec: {{image: i{number}}}\n" for number in range(20)})
    made = []
    for jobs in ("1", "3"):
        capsys.readouterr()
        assert run(["check", "-p", "policy", "-j", jobs, "app"]) == 1
        made.append(capsys.readouterr().out)
    assert made[0] == made[1]


def test_the_base_decides(capsys: pytest.CaptureFixture[str]) -> None:
    """A change of the policy or its data does not approve itself."""
    write({"policy/main.rego": 'package main\ndeny contains "no" if input.name in data.refused\n'})
    write({"data/data.yaml": "refused: [a]\n", "app.yaml": "name: a\n"})
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True, capture_output=True)
    write({"data/data.yaml": "refused: []\n"})
    assert checked(capsys, "--data", "data", "app.yaml")[0] == 0
    assert checked(capsys, "--data", "data", "--base", "HEAD", "app.yaml")[0] == 1


def test_compiled_rules_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What comes from the cache says the same; another choice of packages, or another text, is another entry."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write({"app.yaml": APP, "policy/other.rego": 'package other\nwarn contains "other" if true\n'})
    said: list[str] = []
    for arguments in ((), (), ("--all-namespaces",), ("--all-namespaces",), ("--rego-namespace", "other")):
        assert run(["check", "-p", "policy", "--cache", *arguments, "app.yaml"]) in (0, 1)
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2] == said[3] != said[4]
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert len(kept) == 3
    write({"policy/main.rego": POLICY.replace("no digest", "another text")})
    assert run(["check", "-p", "policy", "--cache", "app.yaml"]) == 1
    assert "another text" in capsys.readouterr().out


def test_explained(capsys: pytest.CaptureFixture[str]) -> None:
    write({"app.yaml": APP})
    assert run(["explain", "-p", "policy", "app.yaml"]) == 0
    out = capsys.readouterr().out
    assert "main/deny  violated" in out
    assert "main/warn_owner  clean" in out
