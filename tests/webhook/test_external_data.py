"""`check` and `explain` with policies that ask providers: who is asked, who never is, and what is told and recorded."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.body import mask_decision
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.cli import run

from tests.engine.http_server import certificate, tls_of
from tests.gatekeeper.expansion_cases import expansion_template
from tests.gatekeeper.external_data.making import asking, bound, pod, provider
from tests.gatekeeper.external_data.provider_server import ProviderServer, serving
from tests.gatekeeper.workbench import Json, document

ON_ERROR = "lockgate.dev/on-error"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: str) -> Path:
    """A folder with a policy that asks the provider `p`, and a Pod of the images `a` and `bad`."""
    folder = tmp_path / "tree"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    write("policies/template.json", asking())
    write("policies/constraint.json", bound())
    write("deploy/pod.json", pod("a", "bad"))
    return folder


def write(name: str, *values: Json) -> str:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(json.dumps(value, indent=1) for value in values))
    return name


def answers(**fields: Any) -> Json:
    one = {"provider": "p", **fields}
    return {"apiVersion": "externaldata.lockgate.dev/v1alpha1", "kind": "ExternalData", "providers": [one]}


SAID = answers(values={"a": 1}, errors={"bad": "from a file"})


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture
def server(authority: tuple[Path, Path]) -> Iterator[ProviderServer]:
    with serving(tls_of(authority)) as made:
        yield made


def served(server: ProviderServer, authority: tuple[Path, Path], path: str = "/ask") -> Json:
    return provider(f"https://{server.address}{path}", authority[0].read_bytes())


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any], str]:
    code = run(["check", "-p", "policies", "--format", "json", *arguments, "deploy"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def said(report: dict[str, Any]) -> list[str]:
    return [one["message"] for one in report["violations"]]


def needs(report: dict[str, Any]) -> list[str]:
    return [one["needs"] for one in report["notEvaluated"]]


def test_nobody_is_asked_without_being_allowed(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write("policies/provider.json", served(server, authority))
    code, report, _ = check(capsys)
    assert (code, said(report)) == (0, [])
    assert needs(report) == ["the answers of provider 'p' (external_data)"]
    assert check(capsys, "--fail-on", "not-evaluated")[0] == 2
    assert server.requests == []


def test_files_answer(capsys: pytest.CaptureFixture[str]) -> None:
    code, report, _ = check(capsys, "--external-data", write("answers.json", SAID))
    assert (code, said(report), needs(report)) == (1, ["bad: from a file"], [])


def test_what_files_do_not_say_is_not_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    _, report, _ = check(capsys, "--external-data", write("answers.json", answers(values={"a": 1})))
    assert (said(report), needs(report)) == ([], ["what provider 'p' answers for 'bad' (externalData)"])


def test_providers_answer_where_they_are_allowed(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write("policies/provider.json", served(server, authority))
    write("deploy/other.json", pod("bad"))
    code, report, _ = check(capsys, "--allow-providers")
    assert (code, said(report)) == (1, ["bad: no such thing"] * 2)
    # The second object's key is known by then, and what is asked for is the first's.
    assert sorted(request["request"]["keys"] for request in server.requests) in (
        [["a", "bad"]],
        [["a"], ["bad"]],
    )


def test_a_change_sends_nobody_to_its_own_provider(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """With --base the change's own policies are a second result, for which nobody is asked."""
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "base"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    write("policies/provider.json", served(server, authority))
    _, report, _ = check(capsys, "--allow-providers", "--base", "main")
    assert report["base"]["proposed"]["notEvaluated"] == 1
    assert server.requests == []


def test_files_come_first(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write("policies/provider.json", served(server, authority))
    _, report, _ = check(capsys, "--allow-providers", "--external-data", write("answers.json", SAID))
    assert said(report) == ["bad: from a file"]
    assert server.requests == []


def test_what_is_judged_is_never_asked(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write("deploy/provider.json", served(server, authority))
    _, report, _ = check(capsys, "--allow-providers")
    assert said(report) == ["down: key is not found in provider cache"]
    assert server.requests == []


def test_the_same_by_several_processes(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write("policies/provider.json", served(server, authority))
    for number in range(6):
        write(f"deploy/{number}.json", pod("a", f"bad{number}"))
    alone = check(capsys, "--allow-providers", "--jobs", "1")
    assert check(capsys, "--allow-providers", "--jobs", "2") == alone
    assert len(said(alone[1])) == 7


def test_providers_are_checked_when_policies_load(capsys: pytest.CaptureFixture[str]) -> None:
    write("policies/provider.json", {**provider(), "spec": {"url": "http://a"}})
    code, _, err = check(capsys)
    assert code == 2
    assert "policies/provider.json:" in err
    assert "only HTTPS is supported for Providers" in err


def test_two_providers_of_a_name(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write("policies/provider.json", served(server, authority))
    write("policies/second.json", served(server, authority))
    code, _, err = check(capsys)
    assert code == 2
    assert "provider 'p' is defined twice; the other is in policies/provider.json" in err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--provider-certificate", "c.pem"], "belong together"),
        (["--provider-key", "k.pem", "--allow-providers"], "belong together"),
        (["--provider-certificate", "c.pem", "--provider-key", "k.pem"], "for providers that are asked"),
        (["--external-data", "absent.json"], "does not exist"),
        (["--external-data", "policies/template.json"], "has no object of kind ExternalData"),
        (["--external-data", "wrong.json"], "unknown field providers[0].value"),
        (["--external-data", "answers.json", "--external-data", "again.json"], "is given twice"),
    ],
)
def test_wrong_options(arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("answers.json", SAID)
    write("again.json", SAID)
    write("wrong.json", answers(value={"a": 1}))
    code, _, err = check(capsys, *arguments)
    assert code == 2
    assert text in err
    assert "Traceback" not in err


def test_a_client_certificate_that_cannot_be_used(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write("policies/provider.json", served(server, authority))
    options = ["--provider-certificate", "absent.pem", "--provider-key", "absent.pem"]
    code, _, err = check(capsys, "--allow-providers", *options)
    assert code == 2
    assert "cannot use the client certificate absent.pem" in err


@pytest.mark.parametrize(
    ("word", "code", "found", "errors"),
    [
        ("allow", 0, [], 0),
        ("warn", 0, ["not judged, since provider 'p' of external data failed: gone"], 0),
        ("deny", 2, [], 1),
    ],
)
def test_on_error_is_told(
    word: str, code: int, found: list[str], errors: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write("policies/constraint.json", bound(annotations={ON_ERROR: word}))
    write("answers.json", answers(systemError="gone"))
    ended, report, err = check(capsys, "--external-data", "answers.json")
    assert (ended, said(report), len(report["errors"])) == (code, found, errors)
    assert (
        f"provider 'p' of external data failed on 1 object, and Probe/probe goes by its on-error: {word}"
        in err
    )


def test_explain_asks_too(capsys: pytest.CaptureFixture[str]) -> None:
    write("answers.json", SAID)
    assert run(["explain", "-p", "policies", "--external-data", "answers.json", "deploy"]) == 0
    out = capsys.readouterr().out
    assert "deny: bad: from a file" in out
    assert run(["explain", "-p", "policies", "deploy"]) == 0
    assert "not evaluated" in capsys.readouterr().out


def test_an_object_and_what_it_implies_are_told_the_same(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Two Pods of one Deployment ask for one key, and no cache is between: a failure is not kept."""
    write("policies/provider.json", served(server, authority, "/truncated"))
    write("policies/expansion.json", expansion_template("pods"), expansion_template("more"))
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("a")["spec"]}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    Path("deploy/pod.json").unlink()
    write("deploy/web.json", {**deployment, "spec": {"template": template}})
    _, report, _ = check(capsys, "--allow-providers")
    assert [one.partition("]")[0] for one in said(report)] == ["[Implied by more", "[Implied by pods"]
    assert [request["request"].get("keys", []) for request in server.requests] == [["a"]]


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def test_a_change_brings_neither_answers_nor_providers(
    server: ProviderServer, authority: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    write("answers.json", SAID)
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "base")
    write("answers.json", answers(values={"a": 1, "bad": 1}))
    write("policies/provider.json", served(server, authority))
    write("deploy/pod.json", pod("a", "bad", "a"))
    code, report, err = check(capsys, "--base", "main", "--external-data", "answers.json")
    assert (code, said(report)) == (1, ["bad: from a file"])
    _, report, err = check(capsys, "--base", "main", "--allow-providers")
    assert said(report) == ["down: key is not found in provider cache"]
    git("add", "-A")
    git("commit", "-qm", "change")
    write("new.json", SAID)
    code, _, err = check(capsys, "--base", "main", "--external-data", "new.json")
    assert (code, "main has no new.json" in err) == (2, True)


def test_what_was_asked_is_in_the_body_of_the_record() -> None:
    from dataclasses import replace

    from lockgate.engine.decision import Decision, Exchange, Item, OnErrorUse, PolicyKey, Reply

    decision = Decision("allow", (), (), (), "p", "f", 1)
    review = review_document(document(pod("a")), Cluster())
    plain = json.loads(mask_decision(review, decision, "e").body)
    assert not {"externalData", "onError"} & set(plain)
    asked = replace(
        decision,
        exchanges=(
            Exchange("p", ("a", "b"), Reply((Item("a", {"n": 1}), Item("b", None, "no")), 200)),
            Exchange("q", ("a",), Reply(None, 500, "gone")),
        ),
        on_error=(OnErrorUse(PolicyKey("K", "c"), "allow", "q", "gone"),),
    )
    body = json.loads(mask_decision(review, asked, "e").body)
    assert body["externalData"] == [
        {
            "provider": "p",
            "keys": ["a", "b"],
            "response": {
                "items": [{"key": "a", "value": {"n": 1}}, {"key": "b", "error": "no"}],
                "statusCode": 200,
                "systemError": "",
            },
        },
        {"provider": "q", "keys": ["a"], "response": {"statusCode": 500, "systemError": "gone"}},
    ]
    assert body["onError"] == [{"policy": "K/c", "onError": "allow", "provider": "q", "error": "gone"}]


def test_an_answer_that_echoes_a_secret_is_masked_in_the_record() -> None:
    from lockgate.engine.decision import Decision, Exchange, Item, Reply

    secret = base64.b64encode(b"correct horse battery staple").decode()
    value = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"password": secret}}
    review = review_document(document(value), Cluster())
    said = Reply((Item(secret, "correct horse battery staple"),), 200)
    decision = Decision("allow", (), (), (), "p", "f", 1, exchanges=(Exchange("p", (secret,), said),))
    body = mask_decision(review, decision, "e").body.decode()
    assert secret not in body
    assert "correct horse" not in body
