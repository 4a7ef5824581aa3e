"""`lockgate check -p` on plain Rego beside the real Conftest: the same failures, warnings, messages and kind of exit."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lockgate.webhook.cli import run

from tests.e2e.programs import run_program
from tests.shared_folder import ROOT

pytestmark = pytest.mark.e2e

# Failures and warnings, by file and message, and how the run ended: clean, violations, error.
Told = tuple[Counter[tuple[str, str, str]], str]

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: 'x:latest'}]}\n"
DENY_A = 'package main\ndeny contains "no a" if input.a\n'


@dataclass(frozen=True)
class Case:
    """Files by name, the arguments (in Conftest's words), and what is judged."""

    rego: str | Mapping[str, str]
    inputs: str | Mapping[str, str] = "a: 1\n"
    arguments: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)


def rules(text: str) -> str:
    return f"package main\n{text}\n"


EXCEPTION = rules(
    'deny_a contains "no a" if input.a\ndeny_b contains "no b" if input.b\nwarn_a contains "soft a" if input.a\n'
    'deny contains "bare" if input.a\n'
)

CASES: dict[str, Case] = {
    # Names of rules
    "deny": Case(DENY_A),
    "deny that does not hold": Case(DENY_A, "b: 1\n"),
    "warn": Case(rules('warn contains "w" if input.a')),
    "violation": Case(rules('violation contains {"msg": "v"} if input.a')),
    "deny and warn": Case(rules('deny contains "d" if input.a\nwarn contains "w" if input.a')),
    "deny with a suffix": Case(rules('deny_root contains "d" if input.a')),
    "violation with a suffix": Case(rules('violation_root contains "d" if input.a')),
    "warn with a suffix": Case(rules('warn_root contains "w" if input.a')),
    "suffix of parts": Case(rules('deny_a_b_9 contains "d" if input.a')),
    "suffix in capitals": Case(rules('deny_AbC contains "d" if input.a')),
    "a name that only begins so": Case(
        rules('denyall contains "d" if input.a\nallow := 1\ndeny contains "x" if input.b')
    ),
    "empty part of a suffix": Case(rules('deny__a contains "d" if input.a\ndeny contains "x" if input.b')),
    "underscore at the end": Case(rules('deny_ contains "d" if input.a\ndeny contains "x" if input.b')),
    "several bodies": Case(
        rules('deny contains "1" if input.a\ndeny contains "2" if input.a\ndeny contains "3" if input.b')
    ),
    "one message twice": Case(rules('deny contains "1" if input.a\ndeny contains "1" if input.a == 1')),
    "rules in two files": Case(
        {"a.rego": rules('deny contains "1" if input.a'), "b.rego": rules('deny contains "2" if input.a')}
    ),
    "rules in folders": Case(
        {
            "x/a.rego": rules('deny contains "1" if input.a'),
            "y/z/b.rego": rules('warn contains "2" if input.a'),
        }
    ),
    "a helper package": Case(
        {
            "a.rego": rules("import data.lib.h\ndeny contains h.text if h.bad(input.a)"),
            "lib.rego": 'package lib.h\ntext := "from lib"\nbad(x) if x == 1\n',
        }
    ),
    "unit tests beside": Case(
        {"a.rego": DENY_A, "a_test.rego": 'package main\ntest_a if deny with input as {"a": 1}\n'}
    ),
    # Results
    "object with msg": Case(rules('deny contains {"msg": "m"} if input.a')),
    "object with more": Case(rules('deny contains {"msg": "m", "details": {"x": 1}} if input.a')),
    "object with a place": Case(
        rules('deny contains {"msg": "m", "_loc": {"file": "x", "line": 3}} if input.a')
    ),
    "msg is a number": Case(rules('deny contains {"msg": 1} if input.a')),
    "no msg": Case(rules('deny contains {"text": "m"} if input.a')),
    "empty msg": Case(rules('deny contains {"msg": ""} if input.a')),
    "empty string": Case(rules('deny contains "" if input.a')),
    "number": Case(rules("deny contains 7 if input.a")),
    "true": Case(rules("deny contains true if input.a")),
    "null": Case(rules("deny contains null if input.a")),
    "a list in the set": Case(rules('deny contains ["x"] if input.a')),
    "mixed": Case(
        rules(
            'deny contains 7 if input.a\ndeny contains "s" if input.a\ndeny contains {"msg": "o"} if input.a'
        )
    ),
    "a list of strings": Case(rules('deny := ["x", "y"] if input.a')),
    "a list with one string twice": Case(rules('deny := ["x", "x"] if input.a')),
    "an empty list": Case(rules("deny := [] if input.a")),
    "complete string": Case(rules('deny := "x" if input.a')),
    "complete true": Case(rules("deny if input.a")),
    "complete false": Case(rules("deny := false if input.a")),
    "an object": Case(rules('deny := {"x": "y"} if input.a')),
    "default": Case(rules('default deny := []\ndeny := ["x"] if input.a')),
    "if without contains": Case(rules('deny[msg] if { input.a; msg := "x" }')),
    "sprintf": Case(
        rules('deny contains sprintf("%s has %d", [input.n, input.a]) if input.a'), "a: 3\nn: x\n"
    ),
    "lines in a message": Case(rules('deny contains "one\\ntwo" if input.a')),
    "a fault of a builtin": Case(
        rules('deny contains to_number(input.s) if input.s\ndeny contains "x" if input.a'), "a: 1\ns: no\n"
    ),
    "two values of a complete rule": Case(
        rules('x := 1 if input.a\nx := 2 if input.a\ndeny contains "d" if x == 2')
    ),
    "does not compile": Case(rules("deny contains x if y")),
    "does not parse": Case("package main\ndeny contains {"),
    "print": Case(rules('deny contains "d" if { print("hello"); input.a }')),
    # Exceptions
    "exception": Case(EXCEPTION + 'exception contains ["a"] if input.ex\n', "a: 1\nb: 1\nex: 1\n"),
    "exception that does not hold": Case(
        EXCEPTION + 'exception contains ["a"] if input.ex\n', "a: 1\nb: 1\n"
    ),
    "exception of two": Case(
        EXCEPTION + 'exception contains ["a", "b"] if input.ex\n', "a: 1\nb: 1\nex: 1\n"
    ),
    "exception of bare names": Case(
        EXCEPTION + 'exception contains [""] if input.ex\n', "a: 1\nb: 1\nex: 1\n"
    ),
    "exception by a full name": Case(
        EXCEPTION + 'exception contains ["deny_a"] if input.ex\n', "a: 1\nex: 1\n"
    ),
    "exception of nothing known": Case(EXCEPTION + 'exception contains ["zzz"]\n', "a: 1\n"),
    "exception as strings": Case(EXCEPTION + 'exception contains "a"\n', "a: 1\n"),
    "exception as sets": Case(EXCEPTION + 'exception contains {"a"}\n', "a: 1\n"),
    "exception as an object": Case(EXCEPTION + 'exception := {"x": {"y": "a"}}\n', "a: 1\n"),
    "exceptions of several rules": Case(
        EXCEPTION + 'exception contains ["a"]\nexception contains ["b"]\n', "a: 1\nb: 1\n"
    ),
    "exception of a document": Case(
        EXCEPTION + 'exception contains ["a"] if input.ex\n', "a: 1\nex: 1\n---\na: 1\n"
    ),
    # Documents
    "documents": Case(DENY_A, "a: 1\n---\nb: 1\n---\na: 2\n"),
    "an empty document": Case(rules('deny contains "nothing" if not input.a'), "a: 1\n---\n---\na: 1\n"),
    "a separator at the end": Case(rules('deny contains "nothing" if not input.a'), "a: 1\n---\n"),
    "a separator at the start": Case(rules('deny contains "nothing" if not input.a'), "---\na: 1\n"),
    "only a comment": Case(rules('deny contains "nothing" if not input.a'), "# nothing\n"),
    "windows lines": Case(DENY_A, "a: 1\r\n---\r\na: 2\r\n"),
    "a directive": Case(DENY_A, "%YAML 1.1\n---\na: 1\n---\na: 2\n"),
    "a list": Case(DENY_A, "- a: 1\n- b: 1\n- a: 2\n"),
    "a list among documents": Case(
        rules('deny contains "list" if is_array(input)\ndeny contains "a" if input.a'), "- a: 1\n---\na: 1\n"
    ),
    "a scalar": Case(rules('deny contains "text" if input == "hello"'), "hello\n"),
    "a list of scalars": Case(
        rules('deny contains sprintf("%v", [input]) if is_number(input)'), "[1, 2, x]\n"
    ),
    "json": Case(DENY_A, {"in.json": '{"a": 1}'}),
    "a json list": Case(DENY_A, {"in.json": '[{"a": 1}, {"b": 1}]'}),
    "a broken json": Case(DENY_A, {"in.json": '{"a": 1'}),
    "two json values": Case(DENY_A, {"in.json": '{"a": 1}{"a": 1}'}),
    "a broken yaml": Case(DENY_A, "a: [\n"),
    "a key twice": Case(
        rules('deny contains sprintf("%v", [input.a]) if input.a'), {"in.json": '{"a": 1, "a": 2}'}
    ),
    "several files": Case(
        DENY_A, {"x.yaml": "a: 1\n", "y.yml": "a: 1\n", "z.json": '{"a": 1}', "w.yaml": "b: 1\n"}
    ),
    "yaml's own booleans": Case(
        rules('deny contains sprintf("%v %v", [input.a, input.b]) if true'), "a: yes\nb: on\n"
    ),
    "numbers": Case(
        rules('deny contains sprintf("%v %v %v", [input.a, input.b, input.c]) if true'),
        "a: 1.5\nb: 0x10\nc: 10\n",
    ),
    "anchors": Case(rules('deny contains sprintf("%v", [input.b.x]) if true'), "a: &a {x: 1}\nb: {<<: *a}\n"),
    "kubernetes' objects": Case(
        rules('deny contains input.metadata.name if endswith(input.spec.containers[_].image, ":latest")'), POD
    ),
    "a list of kubernetes": Case(
        rules('deny contains "list" if input.kind == "List"'),
        f"apiVersion: v1\nkind: List\nitems:\n- {json.dumps({'kind': 'Pod', 'apiVersion': 'v1'})}\n",
    ),
    "no namespace is added": Case(rules('deny contains "none" if not input.metadata.namespace'), POD),
    "the file's name": Case(
        rules("deny contains data.conftest.file.name if input.a"), {"sub/in.yaml": "a: 1\n"}
    ),
    "the file's folder": Case(
        rules("deny contains data.conftest.file.dir if input.a"), {"sub/in.yaml": "a: 1\n"}
    ),
    # Combined
    "combine": Case(
        rules('deny contains sprintf("%s", [x.path]) if { some x in input; x.contents.a }'),
        {"x.yaml": "a: 1\n", "y.yaml": "b: 1\n", "z.json": '{"a": 1}'},
        ("--combine",),
    ),
    "combine documents": Case(
        rules('deny contains sprintf("%d", [count(input)]) if true'),
        {"x.yaml": "a: 1\n---\nb: 1\n", "y.json": "[1, 2, 3]"},
        ("--combine",),
    ),
    "combine across files": Case(
        rules(
            'deny contains "no service" if { some x in input; x.contents.kind == "Pod"; not has_service }\nhas_service if { some x in input; x.contents.kind == "Service" }'
        ),
        {"x.yaml": POD, "y.yaml": "kind: Config\n"},
        ("--combine",),
    ),
    "combine with an exception": Case(
        rules('deny_x contains "x" if count(input) > 0\nexception contains ["x"] if input[0].contents.a'),
        "a: 1\n",
        ("--combine",),
    ),
    # Data
    "data": Case(
        rules("deny contains data.text if input.a"),
        data={"data.yaml": "text: from data\n"},
        arguments=("--data", "data"),
    ),
    "data in folders": Case(
        rules("deny contains data.x.y.text if input.a"),
        data={"x/y/any.json": '{"text": "deep"}'},
        arguments=("--data", "data"),
    ),
    "a file of data": Case(
        rules("deny contains data.text if input.a"),
        data={"x/data.yaml": "text: one\n"},
        arguments=("--data", "data/x/data.yaml"),
    ),
    "data beside the policy is not read": Case(
        {
            "p.rego": rules('deny contains data.text if input.a\ndeny contains "b" if input.a'),
            "data.yaml": "text: no\n",
        }
    ),
    "files of data": Case(
        rules('deny contains sprintf("%v %v", [data.a.v, data.b.v]) if input.a'),
        data={"a/x.yaml": "v: 1\n", "b/y.yaml": "v: 2\n"},
        arguments=("--data", "data"),
    ),
    # Namespaces
    "another namespace": Case(
        {"a.rego": DENY_A, "b.rego": 'package other\ndeny contains "other" if input.a\n'},
        arguments=("--namespace", "other"),
    ),
    "two namespaces": Case(
        {"a.rego": DENY_A, "b.rego": 'package other\ndeny contains "other" if input.a\n'},
        arguments=("--namespace", "other", "--namespace", "main"),
    ),
    "all namespaces": Case(
        {
            "a.rego": DENY_A,
            "b.rego": 'package other.deep\nwarn contains "other" if input.a\n',
            "lib.rego": "package lib\nx := 1\n",
        },
        arguments=("--all-namespaces",),
    ),
    "a namespace of parts": Case(
        {"b.rego": 'package a.b\ndeny contains "ab" if input.a\n'}, arguments=("--namespace", "a.b")
    ),
    "a pattern of namespaces": Case(
        {
            "a.rego": 'package main.x\ndeny contains "x" if input.a\n',
            "b.rego": 'package main.y\ndeny contains "y" if input.a\n',
            "c.rego": DENY_A,
        },
        arguments=("--namespace", "main.*"),
    ),
    "exceptions are of their namespace": Case(
        {
            "a.rego": EXCEPTION,
            "b.rego": 'package other\ndeny_a contains "other" if input.a\nexception contains ["a"]\n',
        },
        arguments=("--all-namespaces",),
    ),
    # Rego v0
    "v0": Case('package main\ndeny[msg] { input.a; msg := "x" }\n', arguments=("--rego-version", "v0")),
    "v0 objects": Case(
        'package main\nviolation[{"msg": msg}] { input.a; msg := "x" }\n', arguments=("--rego-version", "v0")
    ),
    "v0 exception": Case(
        'package main\ndeny_a[msg] { input.a; msg := "x" }\nexception[names] { input.a; names := ["a"] }\n',
        arguments=("--rego-version", "v0"),
    ),
    "v0 without saying so": Case('package main\ndeny[msg] { input.a; msg := "x" }\n'),
}


def theirs(place: Path, arguments: tuple[str, ...], inputs: list[str]) -> Told:
    done = run_program("conftest", "test", "-o", "json", *arguments, *inputs, cwd=place)
    if done.returncode and not done.stdout.startswith("["):
        return Counter(), "error"
    found: Counter[tuple[str, str, str]] = Counter()
    for result in json.loads(done.stdout):
        for name in ("failures", "warnings"):
            # What a rule says of its place is told beside the file's name there.
            found.update(
                (name, one.get("loc", {}).get("file", result["filename"]), one["msg"])
                for one in result.get(name, [])
            )
    return found, "violations" if done.returncode else "clean"


OURS: Mapping[str, str] = {"--namespace": "--rego-namespace"}


def ours(arguments: tuple[str, ...], inputs: list[str], capsys: pytest.CaptureFixture[str]) -> Told:
    made = [OURS.get(one, one) for one in arguments]
    if "--rego-version" in made:
        made[made.index("--rego-version") :] = ["--v0-compatible"]
    capsys.readouterr()
    code = run(["check", "--format", "json", "--no-cache", *made, *inputs])
    out = capsys.readouterr().out
    if code == 2:
        return Counter(), "error"
    names = {"deny": "failures", "warn": "warnings"}
    found = Counter(
        (names[action], one["file"], one["message"])
        for one in json.loads(out)["violations"]
        for action in one["actions"]
        if action in names
    )
    return found, "violations" if code else "clean"


def write(place: Path, files: Mapping[str, str]) -> list[str]:
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(text.encode())
    return list(files)


@pytest.mark.parametrize("name", CASES)
def test_as_conftest(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "policy", {"p.rego": case.rego} if isinstance(case.rego, str) else case.rego)
    write(tmp_path / "data", case.data)
    inputs = write(tmp_path, {"in.yaml": case.inputs} if isinstance(case.inputs, str) else case.inputs)
    arguments = ("-p", "policy", *case.arguments)
    assert ours(arguments, inputs, capsys) == theirs(tmp_path, arguments, inputs)


def shipped() -> list[str]:
    """Manifests of the example repository, with its mistakes."""
    before = ROOT / "examples" / "repository" / "before"
    return [
        str(path.relative_to(ROOT))
        for path in sorted(before.rglob("*.yaml"))
        if "policies" not in path.parts and path.name not in ("lockgate.yaml", "kustomization.yaml")
    ]


PARAMETERS = {
    "parameters": {
        "claims": {"approved_device_classes": {"allowedDeviceClasses": ["gpu.nvidia.com"]}},
        "workloads": {"immutable_images": {"allowedRepositories": ["registry.example.com/ml"]}},
    }
}


@pytest.mark.parametrize("parameters", [PARAMETERS, {}], ids=["with parameters", "without"])
def test_the_shipped_rules(
    parameters: Mapping[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "parameters.yaml").write_text(json.dumps(parameters))
    arguments = ("-p", "policies", "--data", str(tmp_path))
    inputs = shipped()
    told = ours(arguments, inputs, capsys)
    assert sum(told[0].values()) > 3
    assert told == theirs(ROOT, arguments, inputs)


# What is another thing here on purpose: policies, input → Conftest's kind of exit, ours, what ours says.
DIFFERENCES: dict[str, tuple[str, str, str, str, str]] = {
    "a package without rules": (
        "package main\nx := 1\n",
        "a: 1\n",
        "clean",
        "error",
        "nothing would be judged",
    ),
    "no such package": (
        "package other\ndeny contains 1 if true\n",
        "a: 1\n",
        "clean",
        "error",
        "no package main",
    ),
    "text after a document's end": (DENY_A, "b: 1\n...\na: 1\n", "clean", "error", "text after the end"),
    "a builtin that reaches outside": (
        rules('deny contains "x" if opa.runtime().env.NONE'),
        "a: 1\n",
        "clean",
        "error",
        "reaches outside of the evaluation",
    ),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_differences(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy, text, their_end, our_end, said = DIFFERENCES[name]
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"policy/p.rego": policy, "in.yaml": text})
    assert theirs(tmp_path, (), ["in.yaml"])[1] == their_end
    capsys.readouterr()
    assert run(["check", "-p", "policy", "in.yaml"]) == {"error": 2, "clean": 0}[our_end]
    shown = capsys.readouterr()
    assert said in shown.out + shown.err
