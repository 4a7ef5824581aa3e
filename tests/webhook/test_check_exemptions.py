"""`lockgate check` with exemptions: what is exempt is told and never a pass in silence; baselines; the record."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lockgate.audit.entry import parse_entry
from lockgate.engine.documents.reading import read_documents
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.gatekeeper.exemptions.making import policy
from tests.shared_folder import ROOT
from tests.webhook.test_check import BAD, TEMPLATE, constraint


def moment(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def exemption(name: str = "known", begins: int = -1, ends: int = 30, **spec: Any) -> str:
    made = {
        "apiVersion": "exemptions.lockgate.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": name},
        "spec": {
            "policies": [{"kind": "NeededLabels", "name": "owner"}],
            "match": {"namespaces": ["default"]},
            "reason": "moved next week",
            "owner": "team-a",
            "issuedAt": moment(begins),
            "expiresAt": moment(ends),
            **spec,
        },
    }
    return json.dumps(made)


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: str) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    Path("policies").mkdir()
    Path("policies/template.yaml").write_text(TEMPLATE)
    Path("policies/constraint.yaml").write_text(constraint())
    Path("deploy").mkdir()
    Path("deploy/bad.yaml").write_text(BAD)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(["check", "-p", "policies", *arguments, "deploy"])
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = check(capsys, "--format", "json", *arguments)
    made = json.loads(out)
    schema = json.loads((ROOT / "webhook" / "schemas" / "check.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(made)
    return code, made


@pytest.mark.parametrize("place", ["policies/exemption.json", "exemptions/exemption.json"])
def test_what_is_exempt_is_told(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(place).parent.mkdir(exist_ok=True)
    Path(place).write_text(exemption(ticket="OPS-7"))
    given = ["--exemptions", "exemptions"] if place.startswith("exemptions") else []
    code, out, err = check(capsys, *given)
    assert (code, err) == (0, "")
    assert (
        f"Exempt\n  deploy/bad.yaml:6  NeededLabels/owner  ConfigMap default/a  by known (team-a, OPS-7, until {moment(30)[:10]}"
        in out
    )
    assert "0 not evaluated, 1 exempt\n" in out
    code, made = as_json(capsys, *given)
    (one,) = made["exempted"]
    assert (code, made["violations"]) == (0, [])
    assert (one["exemption"], one["owner"], one["ticket"], one["line"]) == ("known", "team-a", "OPS-7", 6)


def test_sarif_has_it_as_suppressed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/exemption.json").write_text(exemption())
    _, out, _ = check(capsys, "--format", "sarif")
    (result,) = json.loads(out)["runs"][0]["results"]
    (suppression,) = result["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert suppression["justification"].startswith("exemption known of team-a, until ")


def test_test_reports_and_annotations_say_what_is_exempt(capsys: pytest.CaptureFixture[str]) -> None:
    """And the object is not said to be clean."""
    Path("policies/exemption.json").write_text(exemption(ticket="OPS-7"))
    told = f"exempt by known (team-a, OPS-7, until {moment(30)[:10]}"
    code, out, _ = check(capsys, "--format", "junit")
    (case,) = ElementTree.fromstring(out).iter("testcase")
    assert code == 0 and case.get("name") == ("ConfigMap default/a: NeededLabels/owner (exempt by known)")
    assert told in "".join(case.itertext()) and "label owner is missing" in "".join(case.itertext())
    code, out, _ = check(capsys, "--format", "tap")
    assert code == 0 and out.splitlines()[1:3] == [
        "1..1",
        "ok 1 - deploy/bad.yaml: ConfigMap default/a: NeededLabels/owner (exempt by known)",
    ]
    assert told in out and out.endswith("0 notEvaluated, 1 exempt\n")
    code, out, _ = check(capsys, "--format", "github")
    assert code == 0 and out.startswith(
        "::notice file=deploy/bad.yaml,line=6,title=Exempt%3A NeededLabels/owner::ConfigMap default/a: exempt by known"
    )
    assert out.endswith(", 1 exempt\n")


def test_explanations_say_what_is_exempt(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/exemption.json").write_text(exemption())
    code, out, _ = check(capsys, "--trace")
    assert code == 0 and "NeededLabels/owner  exempt\n" in out
    assert "exempt by known: label owner is missing" in out
    code, made = as_json(capsys, "--explain")
    (one,) = made["explanations"]
    assert (code, one["outcome"], one["violations"][0]["exemption"]) == (0, "exempt", "known")
    assert run(["explain", "-p", "policies", "deploy/bad.yaml"]) == 0
    assert "exempt by known: label owner is missing" in capsys.readouterr().out
    # Of two violations one is exempt.
    Path("policies/constraint.yaml").write_text(constraint().replace("[owner]", "[owner, team]"))
    Path("policies/exemption.json").write_text(exemption(violations=[{"message": "label owner is missing"}]))
    code, out, _ = check(capsys, "--trace")
    assert code == 1 and "NeededLabels/owner  violated\n" in out
    assert "exempt by known: label owner is missing" in out and "deny: label team is missing" in out


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ("name: my.config", "my.config"),
        ("generateName: run-", "run-*"),
        ("name: Upper_x", "Upper_x"),
    ],
)
def test_a_baseline_exempts_what_it_was_written_for(
    metadata: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("deploy/bad.yaml").write_text(BAD.replace("name: a", metadata))
    assert check(capsys, "--write-baseline", "today.yaml", "--owner", "a")[0] == 1
    (made,) = read_documents(Path("today.yaml").read_bytes(), "today.yaml", duplicates="error").documents
    spec: Any = made.value["spec"]
    assert spec["match"]["name"] == name
    code, out, _ = check(capsys, "--exemptions", "today.yaml")
    assert code == 0 and "1 exempt" in out


@pytest.mark.parametrize(
    "metadata", ['name: "*"', 'name: "a*"', 'name: a, namespace: "*"', 'generateName: "*"']
)
def test_no_baseline_for_a_name_that_would_stand_for_others(
    metadata: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("deploy/bad.yaml").write_text(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{{metadata}, labels: {{x: y}}}}\n"
    )
    code, _, err = check(capsys, "--write-baseline", "today.yaml", "--owner", "a")
    assert code == 2 and "has a * in it" in err and not Path("today.yaml").exists()


def test_no_baseline_for_a_namespace_that_no_exemption_can_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A placeholder of an example: the file would be refused when it is read."""
    Path("deploy/bad.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: '<namespace>', labels: {x: y}}\n"
    )
    code, _, err = check(capsys, "--write-baseline", "today.yaml", "--owner", "a")
    assert code == 2 and "<namespace> is no namespace" in err and not Path("today.yaml").exists()


def test_by_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    Path("exemptions").mkdir()
    Path("exemptions/one.json").write_text(exemption())
    Path("lockgate.yaml").write_text("policies: [policies]\nexemptions: [exemptions]\npaths: [deploy]\n")
    assert run(["check"]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (exemption(begins=-31, ends=-1), "the exemption known of team-a has no effect: it expired on "),
        (exemption(begins=1), "the exemption known of team-a has no effect: it begins on "),
        (exemption(policies=[{"kind": "Nothing"}]), "has no effect: no policy that is loaded is Nothing"),
        (exemption(match={"namespaces": ["other"]}), "exempts nothing here: remove it if nothing needs it"),
        (exemption(violations=[{"path": "metadata.name"}]), "exempts nothing here"),
    ],
)
def test_what_has_no_effect_is_told(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/exemption.json").write_text(text)
    code, out, _ = check(capsys)
    assert code == 1 and said in out and "1 denied" in out


def test_one_among_what_is_judged_has_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    Path("deploy/exemption.yaml").write_text(exemption())
    code, out, _ = check(capsys)
    assert code == 1
    assert "an Exemption in deploy/exemption.yaml has no effect: it is among what is judged" in out


def test_a_broken_one_is_an_error_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/exemption.yaml").write_text(
        "apiVersion: exemptions.lockgate.dev/v1alpha1\nkind: Exemption\nmetadata: {name: a}\nspec:\n  match: {}\n"
    )
    code, out, err = check(capsys)
    assert (code, out) == (2, "")
    assert "policies/exemption.yaml:5:3" in err and "spec.policies is empty" in err


def test_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = check(capsys, "--write-baseline", "today.yaml", "--owner", "team-a", "--expires", "30d")
    assert code == 1
    assert (
        "wrote exemptions for 1 violations to today.yaml; they expire in 30d, and team-a answers for them"
        in err
    )
    (made,) = read_documents(Path("today.yaml").read_bytes(), "today.yaml", duplicates="error").documents
    spec: Any = made.value["spec"]
    assert spec["violations"] == [{"path": "metadata.labels", "message": "label owner is missing"}]
    assert spec["match"] == {
        "kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}],
        "namespaces": ["default"],
        "name": "a",
    }
    code, out, _ = check(capsys, "--exemptions", "today.yaml")
    assert code == 0 and "1 exempt" in out
    # What is new is not exempt, in the same object or in another.
    Path("policies/constraint.yaml").write_text(constraint().replace("[owner]", "[owner, team]"))
    code, out, _ = check(capsys, "--exemptions", "today.yaml")
    assert code == 1 and "label team is missing" in out and "1 denied" in out and "1 exempt" in out
    Path("deploy/other.yaml").write_text(BAD.replace("name: a", "name: other"))
    code, out, _ = check(capsys, "--exemptions", "today.yaml")
    assert code == 1 and "3 denied" in out and "1 exempt" in out


def test_a_baseline_is_never_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    Path("today.yaml").write_text("mine")
    code, _, err = check(capsys, "--write-baseline", "today.yaml", "--owner", "team-a")
    assert code == 2 and "is there already" in err and Path("today.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--write-baseline", "a.yaml"], "belong together"),
        (["--owner", "a"], "belong together"),
        (["--write-baseline", "a.yaml", "--owner", "b", "--expires", "soon"], "span of time"),
        (["--write-baseline", "no/a.yaml", "--owner", "b"], "cannot write no/a.yaml"),
        (["--exemptions", "none"], "does not exist"),
        (["--exemptions", "policies"], "policies has no Exemption"),
        (["--group", "dev"], "--group is for --user"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = check(capsys, *arguments)
    assert code == 2 and said in err and "Traceback" not in err


def test_secrets_are_in_no_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/template.yaml").write_text(
        TEMPLATE.replace(
            'msg := sprintf("label %v is missing", [wanted])',
            'msg := sprintf("the password %v is weak", [input.review.object.data.password])',
        )
    )
    secret = "c3VwZXItc2VjcmV0LXZhbHVl"
    Path("deploy/bad.yaml").write_text(
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a, labels: {{x: y}}}}\ndata: {{password: {secret}}}\n"
    )
    check(capsys, "--write-baseline", "today.yaml", "--owner", "team-a")
    text = Path("today.yaml").read_text()
    assert secret not in text and 'messageMasked: "the password *** is weak"' in text
    # Neither is a digest that guesses could be tried against.
    assert re.search("[0-9a-f]{32}", text) is None
    code, out, _ = check(capsys, "--exemptions", "today.yaml")
    assert code == 0 and secret not in out and "1 exempt" in out


def test_a_message_that_is_all_secret_is_in_no_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/template.yaml").write_text(
        TEMPLATE.replace(
            'msg := sprintf("label %v is missing", [wanted])', "msg := input.review.object.data.password"
        ).replace('"path": ["metadata", "labels"], ', "")
    )
    Path("deploy/bad.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {password: c3VwZXItc2VjcmV0LXZhbHVl}\n"
    )
    code, _, err = check(capsys, "--write-baseline", "today.yaml", "--owner", "team-a")
    assert code == 2 and "all of it is secret" in err and not Path("today.yaml").exists()


def test_jobs_find_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    Path("policies/exemption.json").write_text(exemption(match={"name": "a1", "namespaces": ["default"]}))
    for number in range(12):
        Path(f"deploy/{number}.yaml").write_text(BAD.replace("name: a", f"name: a{number}"))
    assert check(capsys, "-j", "3") == check(capsys)
    one = check(capsys, "--write-baseline", "one.yaml", "--owner", "a")
    three = check(capsys, "--write-baseline", "three.yaml", "--owner", "a", "--jobs", "3")
    assert one[:2] == three[:2]
    assert Path("one.yaml").read_text().count("kind: Exemption") == 12
    assert Path("one.yaml").read_text().count("\n") == Path("three.yaml").read_text().count("\n")


def recorded() -> list[dict[str, Any]]:
    trail = open_trail("trail")
    try:
        return [dict(parse_entry(entry).value) for entry in trail.store.entries(0, 1000)]
    finally:
        trail.close()


def test_uses_and_changes_are_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "init", "trail", "--origin", "example.com/ci"]) == 0
    Path("policies/exemption.json").write_text(exemption())
    assert check(capsys, "--trail", "trail")[0] == 0
    events = [(one["event"], one["exemption"]) for one in recorded() if one["kind"] == "exemption"]
    assert events == [("granted", "known"), ("used", "known")]
    decision = next(one for one in recorded() if one["kind"] == "decision")
    assert decision["outcome"] == "allow"
    # Nothing changed: only its use.
    assert check(capsys, "--trail", "trail")[0] == 0
    Path("policies/exemption.json").write_text(exemption(begins=-31, ends=-1))
    assert check(capsys, "--trail", "trail")[0] == 1
    Path("policies/exemption.json").unlink()
    assert check(capsys, "--trail", "trail")[0] == 1
    events = [(one["event"], one["exemption"]) for one in recorded() if one["kind"] == "exemption"]
    assert events == [
        ("granted", "known"),
        ("used", "known"),
        ("used", "known"),
        ("granted", "known"),
        ("expired", "known"),
        ("revoked", "known"),
    ]


@pytest.mark.parametrize(
    "signer", ["lead", "yes", "on call: a", "#1", "012", 'O\'Neil \\ "x"', "Ærlig 😀", "null"]
)
def test_signing(signer: str, capsys: pytest.CaptureFixture[str]) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    Path("lead.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    text = (
        "apiVersion: exemptions.lockgate.dev/v1alpha1\nkind: Exemption\nmetadata: {name: known}\nspec:\n"
        "  policies: [{kind: NeededLabels}]\n  match: {namespaces: [default]}\n  reason: because\n  owner: a\n"
        f"  issuedAt: {moment(-1)}\n  expiresAt: {moment(9)}\n"
    )
    Path("policies/exemption.yaml").write_text(text)
    Path("policies/rules.json").write_text(json.dumps(policy({"requireSignature": True}, **{signer: key})))
    code, out, _ = check(capsys)
    assert code == 1 and f"NeededLabels/owner needs a signature by {signer}" in out
    assert run(["policy", "sign", "policies/exemption.yaml", "--key", "lead.pem", "--signer", signer]) == 0
    name, _, signatures = capsys.readouterr().out.partition("\n")
    assert name == "# known"
    Path("policies/exemption.yaml").write_text(text + signatures)
    assert check(capsys)[0] == 0
    Path("policies/exemption.yaml").write_text(text.replace("[default]", "[default, x]") + signatures)
    assert check(capsys)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.yaml", "--key", "k", "--signer", "a"], "does not exist"),
        (["policies", "--key", "k", "--signer", "a"], "has no Exemption"),
        (["one.json", "--key", "none.pem", "--signer", "a"], "cannot read none.pem"),
        (["one.json", "--key", "one.json", "--signer", "a"], "no private key in PEM"),
    ],
)
def test_signing_what_cannot_be(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("one.json").write_text(exemption())
    assert run(["policy", "sign", *arguments]) == 2
    assert said in capsys.readouterr().err
