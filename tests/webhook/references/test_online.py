"""References resolved by asking: each kind of server, what is believed of its answers, and whom else nobody asks."""

import base64
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest
from lockgate.webhook.references.config import read_resolvers
from lockgate.webhook.references.reference import read_references
from lockgate.webhook.references.resolution import Resolution, Resolved, Unresolved
from lockgate.webhook.references.resolving import resolve

from tests.engine.http_server import certificate, tls_of
from tests.webhook.helpers import run_here
from tests.webhook.references.servers import Reply, Server, as_json, serving

COMMIT = "0123456789abcdef0123456789abcdef01234567"
RUN = "0123456789abcdef0123456789abcdef"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = b'{"schemaVersion": 2}'
DIGEST = sha256(MANIFEST).hexdigest()
TAG = "/v2/ml/fraud/manifests/1"
FRAUD = "oci://registry.example.com/ml/fraud:1"
MLFLOW = "/api/2.0/mlflow"
KUBEFLOW = "/api/model_registry/v1alpha3"


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def other() -> Iterator[Server]:
    with serving() as made:
        yield made


def secret(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def ask(place: Path, configuration: str, text: str) -> Resolution:
    (place / "resolvers.toml").write_text(configuration)
    return resolve(read_references([text])[text], read_resolvers(str(place / "resolvers.toml")))


def registry(server: Server, more: str = "") -> str:
    return f'timeout = 5\n[[registry]]\nhost = "registry.example.com"\nurl = "{server.url}"\n{more}\n'


def hub(server: Server, more: str = "") -> str:
    return f'[hugging-face]\nurl = "{server.url}"\n{more}\n'


def reason(resolution: Resolution) -> str:
    assert isinstance(resolution.end, Unresolved)
    return resolution.end.reason


def manifest(**headers: str) -> Reply:
    return Reply(MANIFEST, headers={"Content-Type": INDEX, **headers})


def test_a_tag_is_its_manifests_digest(server: Server, tmp_path: Path) -> None:
    server.replies[TAG] = manifest(**{"Docker-Content-Digest": f"sha256:{DIGEST}"})
    end = ask(tmp_path, registry(server), FRAUD).end
    assert isinstance(end, Resolved)
    assert (end.digest.shown, end.how) == (f"sha256:{DIGEST}", "asked")
    assert end.uri == f"oci://registry.example.com/ml/fraud@sha256:{DIGEST}"
    assert server.asked[0].authorization is None


REFUSED_MANIFESTS = {
    "not there": (Reply(status=404), "does not know it"),
    "error": (Reply(status=500), "answers with status 500"),
    "another digest": (manifest(**{"Docker-Content-Digest": f"sha256:{'0' * 64}"}), "says sha256:0000"),
    "no manifest": (Reply(MANIFEST, headers={"Content-Type": "text/html"}), "answers with text/html"),
    "no kind": (Reply(MANIFEST), "answers with nothing known"),
    "too large": (Reply(b" " * (8 * 1024 * 1024 + 1), headers={"Content-Type": INDEX}), "more than 8 MiB"),
    "cut short": (
        Reply(MANIFEST, headers={"Content-Type": INDEX, "Content-Length": "99"}),
        "answers with no HTTP",
    ),
    "who asks": (Reply(status=401), "wants to know who asks"),
    "token from nowhere": (
        Reply(status=401, headers={"WWW-Authenticate": "Bearer x"}),
        "wants to know who asks",
    ),
}


@pytest.mark.parametrize(("reply", "why"), REFUSED_MANIFESTS.values(), ids=REFUSED_MANIFESTS)
def test_what_a_registry_may_not_answer(server: Server, tmp_path: Path, reply: Reply, why: str) -> None:
    server.replies[TAG] = reply
    assert why in reason(ask(tmp_path, registry(server), FRAUD))


def test_what_a_server_says_about_its_refusal_is_told(server: Server, tmp_path: Path) -> None:
    server.replies[TAG] = as_json({"message": "no such\x1b[31m tag" + "g" * 500}, 400)
    why = reason(ask(tmp_path, registry(server), FRAUD))
    assert "answers with status 400: no such\\x1b[31m tag" in why
    assert len(why) < 300
    errors = [{"code": "DENIED", "message": "this account may not pull"}]
    server.replies[TAG] = as_json({"errors": errors}, 403)
    assert "let this be asked: this account may not pull" in reason(ask(tmp_path, registry(server), FRAUD))
    odds: list[dict[str, Any]] = [{"errors": "x"}, {"errors": []}, {"errors": [3]}, {"message": 3}]
    for odd in odds:
        server.replies[TAG] = as_json(odd, 403)
        assert reason(ask(tmp_path, registry(server), FRAUD)).endswith("does not let this be asked")


def test_nobody_is_sent_elsewhere(server: Server, other: Server, tmp_path: Path) -> None:
    server.replies[TAG] = Reply(status=307, headers={"Location": f"{other.url}{TAG}"})
    other.replies[TAG] = manifest()
    why = reason(ask(tmp_path, registry(server), FRAUD))
    assert f"sends on to {other.url}{TAG}, which is not followed" in why
    assert other.asked == []


def challenge(realm: str) -> Reply:
    demanded = f'Bearer realm="{realm}",service="registry.example.com",scope="repository:ml/fraud:pull,push"'
    return Reply(status=401, headers={"WWW-Authenticate": demanded})


def test_a_token_comes_from_where_it_was_agreed(server: Server, other: Server, tmp_path: Path) -> None:
    secret(tmp_path / "password", "word\n")
    query = urlencode({"scope": "repository:ml/fraud:pull", "service": "registry.example.com"})
    server.replies[TAG] = challenge(f"{other.url}/token")
    other.replies[f"/token?{query}"] = as_json({"token": "abc"})
    more = f'token-url = "{other.url}/token"\nuser = "ci"\npassword-file = "password"'
    assert "wants to know who asks" in reason(ask(tmp_path, registry(server, more), FRAUD))
    # The password for the tokens' server, the token for the registry, and nothing else for either.
    basic = f"Basic {base64.b64encode(b'ci:word').decode()}"
    assert [one.authorization for one in other.asked] == [basic]
    assert [one.authorization for one in server.asked] == [None, "Bearer abc"]


def test_credentials_are_not_given_to_whom_a_registry_names(
    server: Server, other: Server, tmp_path: Path
) -> None:
    secret(tmp_path / "password", "word")
    server.replies[TAG] = challenge(f"{other.url}/token")
    why = reason(ask(tmp_path, registry(server, 'user = "ci"\npassword-file = "password"'), FRAUD))
    assert f"wants a token from {other.url}/token, and [[registry]] does not name it as token-url" in why
    assert other.asked == []
    assert [one.authorization for one in server.asked] == [None]


def test_a_registry_that_takes_passwords(server: Server, tmp_path: Path) -> None:
    secret(tmp_path / "password", "word")
    server.replies[TAG] = Reply(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})
    ask(tmp_path, registry(server, 'user = "ci"\npassword-file = "password"'), FRAUD)
    assert [bool(one.authorization) for one in server.asked] == [False, True]
    # Without them it is asked once.
    ask(tmp_path, registry(server), FRAUD)
    assert len(server.asked) == 3


def test_a_host_in_a_reference_is_no_reason_to_ask_it(server: Server, other: Server, tmp_path: Path) -> None:
    for text in (f"oci://127.0.0.1:{other.port}/ml/fraud:1", f"https://127.0.0.1:{other.port}/m.onnx"):
        assert ask(tmp_path, registry(server), text).end.__class__ is Unresolved
    assert (server.asked, other.asked) == ([], [])


@pytest.mark.parametrize(
    "text",
    [
        "hf://../x:main",
        "hf://org/..:main",
        "hf://org/model:..",
        "models:/../1",
        "oci://registry.example.com/../m:1",
    ],
)
def test_no_reference_leads_out_of_the_path(server: Server, tmp_path: Path, text: str) -> None:
    ask(tmp_path, registry(server) + hub(server), text)
    assert server.asked == []


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("hf://org/model", "/api/models/org/model/revision/main"),
        ("hf://org/model:v1", "/api/models/org/model/revision/v1"),
        ("hf://org/model:refs/pr/1?x#y", "/api/models/org/model/revision/refs%2Fpr%2F1%3Fx%23y"),
    ],
)
def test_a_branch_is_a_commit(server: Server, tmp_path: Path, text: str, target: str) -> None:
    secret(tmp_path / "token", "hf_secret")
    server.replies[target] = as_json({"id": "org/model", "sha": COMMIT})
    end = ask(tmp_path, hub(server, 'token-file = "token"'), text).end
    assert isinstance(end, Resolved)
    assert (end.digest.shown, end.uri) == (f"gitCommit:{COMMIT}", f"hf://org/model:{COMMIT}")
    assert [one.authorization for one in server.asked] == ["Bearer hf_secret"]


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (as_json({"id": "org/other", "sha": COMMIT}), "calls it org/other"),
        (as_json({"id": "org/model", "sha": "main"}), "answers with no commit"),
        (as_json({"id": "org/model"}), "has no sha"),
        (Reply(b"<html>"), "is no JSON"),
        (Reply(b'{"sha": "a", "sha": "b"}'), "a key is in it twice"),
        (Reply(status=403), "does not let this be asked"),
    ],
    ids=["another model", "no commit", "nothing", "no JSON", "two readings", "forbidden"],
)
def test_what_a_hub_may_not_answer(server: Server, tmp_path: Path, reply: Reply, why: str) -> None:
    server.replies["/api/models/org/model/revision/main"] = reply
    assert why in reason(ask(tmp_path, hub(server), "hf://org/model:main"))


def mlflow(server: Server) -> str:
    return f'{registry(server)}[mlflow]\nurl = "{server.url}"\n'


def version(server: Server, number: str, source: str, **more: Any) -> None:
    query = urlencode({"name": "fraud", "version": number})
    told = {"name": "fraud", "version": number, "source": source, **more}
    server.replies[f"{MLFLOW}/model-versions/get?{query}"] = as_json({"model_version": told})


def test_an_alias_leads_to_a_digest(server: Server, tmp_path: Path) -> None:
    query = urlencode({"name": "fraud", "alias": "champion"})
    alias = {"model_version": {"name": "fraud", "version": "3"}}
    server.replies[f"{MLFLOW}/registered-models/alias?{query}"] = as_json(alias)
    version(server, "3", FRAUD)
    server.replies[TAG] = manifest()
    resolution = ask(tmp_path, mlflow(server), "models:/fraud@champion")
    assert [one.uri for one in resolution.steps] == ["models:/fraud@champion", "models:/fraud/3", FRAUD]
    assert isinstance(resolution.end, Resolved)
    assert resolution.end.digest.hex == DIGEST


def test_a_digest_that_a_registry_is_told_is_merely_said(server: Server, tmp_path: Path) -> None:
    version(server, "3", "s3://models/fraud/3", tags=[{"key": "sha256", "value": DIGEST}])
    end = ask(tmp_path, mlflow(server), "models:/fraud/3").end
    assert isinstance(end, Resolved)
    assert (end.digest.hex, end.how, end.uri) == (DIGEST, "name", "")
    assert "scan verify" in end.note


def test_what_names_its_bytes_comes_before_what_is_said(server: Server, tmp_path: Path) -> None:
    pinned = f"hf://org/model:{COMMIT}"
    version(server, "3", pinned, tags=[{"key": "sha256", "value": DIGEST}])
    end = ask(tmp_path, mlflow(server), "models:/fraud/3").end
    assert isinstance(end, Resolved)
    assert (end.digest.hex, end.how, end.uri) == (COMMIT, "content", pinned)


def test_a_run_is_where_its_artefacts_lie(server: Server, tmp_path: Path) -> None:
    info = {"run_id": RUN, "artifact_uri": "mlflow-artifacts:/1/abc/artifacts"}
    server.replies[f"{MLFLOW}/runs/get?run_id={RUN}"] = as_json({"run": {"info": info}})
    resolution = ask(tmp_path, mlflow(server), f"runs:/{RUN}/model")
    assert resolution.steps[-1].uri == "mlflow-artifacts:/1/abc/artifacts/model"
    assert "MLflow's store of artefacts" in reason(resolution)


def test_a_version_that_leads_to_a_logged_model(server: Server, tmp_path: Path) -> None:
    logged = f"m-{RUN}"
    version(server, "3", f"models:/{logged}")
    info = {"model_id": logged, "artifact_uri": FRAUD}
    server.replies[f"{MLFLOW}/logged-models/{logged}"] = as_json({"model": {"info": info}})
    server.replies[TAG] = manifest()
    resolution = ask(tmp_path, mlflow(server), "models:/fraud/3")
    assert isinstance(resolution.end, Resolved)
    assert [one.uri for one in resolution.steps] == ["models:/fraud/3", f"models:/{logged}", FRAUD]
    info["model_id"] = "m-" + "0" * 32
    server.replies[f"{MLFLOW}/logged-models/{logged}"] = as_json({"model": {"info": info}})
    assert "is another model's" in reason(ask(tmp_path, mlflow(server), f"models:/{logged}"))


@pytest.mark.parametrize(
    ("text", "told", "why"),
    [
        (
            "models:/fraud/3",
            {"name": "other", "version": "3", "source": "s3://b/m"},
            "answers with another version",
        ),
        (
            "models:/fraud/3",
            {"name": "fraud", "version": "4", "source": "s3://b/m"},
            "answers with another version",
        ),
        ("models:/fraud/3", {"name": "fraud", "version": "3"}, "has no source"),
        (
            "models:/fraud/3",
            {"name": "fraud", "version": "3", "source": "models:/fraud/3"},
            "leads back to itself",
        ),
        ("models:/fraud/Production", {}, "a stage, or whatever is latest, moves"),
        ("models:/fraud/latest", {}, "a stage, or whatever is latest, moves"),
        ("models:/fraud@nobody", {}, "does not know it"),
    ],
)
def test_what_mlflow_may_not_answer(server: Server, tmp_path: Path, text: str, told: Any, why: str) -> None:
    query = urlencode({"name": "fraud", "version": "3"})
    server.replies[f"{MLFLOW}/model-versions/get?{query}"] = as_json({"model_version": told})
    assert why in reason(ask(tmp_path, mlflow(server), text))


def kubeflow(server: Server, *uris: str, parent: str = "7") -> str:
    query = urlencode({"name": "v3", "parentResourceId": "7"})
    found = {"id": "12", "name": "v3", "registeredModelId": parent}
    artefacts = [{"artifactType": "model-artifact", "uri": uri} for uri in uris]
    server.replies |= {
        f"{KUBEFLOW}/registered_model?name=fraud": as_json({"id": "7", "name": "fraud"}),
        f"{KUBEFLOW}/model_version?{query}": as_json(found),
        f"{KUBEFLOW}/model_versions/12/artifacts": as_json({"items": artefacts}),
    }
    return f'{registry(server)}[model-registry]\nurl = "{server.url}/"\n'


def test_a_registered_version_leads_to_a_digest(server: Server, tmp_path: Path) -> None:
    server.replies[TAG] = manifest()
    end = ask(tmp_path, kubeflow(server, FRAUD), "model-registry://fraud/v3").end
    assert isinstance(end, Resolved)
    assert end.digest.hex == DIGEST


@pytest.mark.parametrize(
    ("text", "uris", "parent", "why"),
    [
        ("model-registry://fraud", [FRAUD], "7", "the newest is loaded"),
        ("model-registry://fraud/v4", [FRAUD], "7", "does not know it"),
        ("model-registry://fraud/v3", [], "7", "the version has 0 artefacts"),
        ("model-registry://fraud/v3", [FRAUD, FRAUD], "7", "the version has 2 artefacts"),
        ("model-registry://fraud/v3", [FRAUD], "8", "is another model's"),
        ("model-registry://fraud/v3", ["s3://b/m"], "7", "S3 does not name objects"),
    ],
)
def test_what_a_model_registry_may_not_answer(
    server: Server, tmp_path: Path, text: str, uris: list[str], parent: str, why: str
) -> None:
    assert why in reason(ask(tmp_path, kubeflow(server, *uris, parent=parent), text))


def test_a_server_that_does_not_answer_is_waited_for_once(server: Server, tmp_path: Path) -> None:
    server.replies[TAG] = Reply(waits=True)
    (tmp_path / "resolvers.toml").write_text(registry(server).replace("timeout = 5", "timeout = 1"))
    resolvers = read_resolvers(str(tmp_path / "resolvers.toml"))
    reference = read_references([FRAUD])[FRAUD]
    for _ in range(2):
        assert "gave no answer within 1 s" in reason(resolve(reference, resolvers))
    assert server.targets == [TAG]


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    text = f'[hugging-face]\nurl = "http://127.0.0.1:{port}"\n'
    assert "cannot be asked: Connection refused" in reason(ask(tmp_path, text, "hf://org/model"))


HOSTILE = {
    "nothing": (b"", 1, "cannot be asked: Remote end closed"),
    "noise": (b"\x00\xff" * 50, 1, "answers with no HTTP"),
    "a line without end": (b"HTTP/1.1 200 " + b"O" * 70_000, 1, "answers with no HTTP"),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200, 1, "answers with no HTTP"),
    "a body without end": (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 65_536, 200, "more than 8 MiB"),
    "chunks without end": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b" " * 4096 + b"\r\n",
        1,
        "answers with no HTTP",
    ),
    "a length that is none": (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}", 1, "has no sha"),
}


@pytest.mark.parametrize(("data", "times", "why"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_server(tmp_path: Path, data: bytes, times: int, why: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            peer, _ = listening.accept()
            with peer, suppress(OSError):
                peer.recv(65_536)
                for _ in range(times):
                    peer.sendall(data)

        thread = Thread(target=answer, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        said = reason(ask(tmp_path, f'[hugging-face]\nurl = "{url}"\n', "hf://org/model"))
        thread.join()
    assert why in said


CONFIGURATIONS = {
    "plain HTTP": ('[mlflow]\nurl = "http://mlflow.example.com"', "is plain HTTP"),
    "a user in it": ('[mlflow]\nurl = "https://me:word@mlflow.example.com"', "a URL has no user"),
    "a query": ('[mlflow]\nurl = "https://mlflow.example.com/?a=b"', "a URL has no user"),
    "another scheme": ('[mlflow]\nurl = "file:///etc/passwd"', "is no URL of https://"),
    "no URL": ('[mlflow]\nurl = "https://[x"', "is no URL"),
    "a port": ('[mlflow]\nurl = "https://mlflow.example.com:99999"', "is no URL"),
    "unknown key": ('[mlflow]\nurl = "https://mlflow.example.com"\nx = 1', "x"),
    "unknown table": ('[wandb]\nurl = "https://mlflow.example.com"', "wandb"),
    "timeout": ("timeout = 61", "timeout"),
    "two registries": ('[[registry]]\nhost = "a.example.com"\n' * 2, "two registries of one host"),
    "a user alone": ('[[registry]]\nhost = "a.example.com"\nuser = "ci"', "belong together"),
    "a token for all": (
        '[mlflow]\nurl = "https://m.example.com"\ntoken-file = "open"',
        "others may read the key",
    ),
    "a token of two lines": ('[mlflow]\nurl = "https://m.example.com"\ntoken-file = "two"', "holds no token"),
    "no token": ('[mlflow]\nurl = "https://m.example.com"\ntoken-file = "absent"', "cannot read the key"),
    "empty authorities": (
        '[mlflow]\nurl = "https://m.example.com"\nca-file = "empty"',
        "holds no certificates",
    ),
    "no certificates": ('[mlflow]\nurl = "https://m.example.com"\nca-file = "two"', "holds no certificates"),
    "no authorities": (
        '[mlflow]\nurl = "https://m.example.com"\nca-file = "absent"',
        "cannot read the authorities",
    ),
}


@pytest.mark.parametrize(("text", "why"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_configuration_that_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "open").write_text("token")
    (tmp_path / "empty").write_text("")
    secret(tmp_path / "two", "a\nb")
    (tmp_path / "resolvers.toml").write_text(text)
    ran = run_here("scan", "resolve", "models:/fraud/3", "--online", "resolvers.toml", cwd=tmp_path)
    assert (ran.code, why in ran.err) == (2, True), ran.err


def test_a_server_is_known_by_its_certificate(tmp_path: Path) -> None:
    pem, key = certificate(tmp_path, "127.0.0.1")
    with serving(tls_of((pem, key))) as secured:
        secured.replies["/api/models/org/model/revision/main"] = as_json({"id": "org/model", "sha": COMMIT})
        end = ask(tmp_path, hub(secured, f'ca-file = "{pem.name}"'), "hf://org/model").end
        assert isinstance(end, Resolved)
        assert len(secured.asked) == 1
        # The system's authorities do not know it.
        assert "is not trusted" in reason(ask(tmp_path, hub(secured), "hf://org/model"))
        # Nor has it that name.
        named = hub(secured, f'ca-file = "{pem.name}"').replace("127.0.0.1", "localhost")
        assert "is not trusted" in reason(ask(tmp_path, named, "hf://org/model"))
        assert len(secured.asked) == 1


def test_the_command_asks_only_when_told_to(server: Server, tmp_path: Path) -> None:
    server.replies["/api/models/org/model/revision/main"] = as_json({"id": "org/model", "sha": COMMIT})
    (tmp_path / "resolvers.toml").write_text(hub(server))
    ran = run_here("scan", "resolve", "hf://org/model", cwd=tmp_path)
    assert (ran.code, server.asked) == (1, [])
    ran = run_here("scan", "resolve", "hf://org/model", "--online", "resolvers.toml", cwd=tmp_path)
    assert ran.code == 0, ran.out
    assert f"that is hf://org/model:{COMMIT}" in ran.out
    ran = run_here(
        *("scan", "resolve", "hf://org/model", "--online", "resolvers.toml", "--format", "json"), cwd=tmp_path
    )
    (found,) = json.loads(ran.out)["references"]
    assert (found["how"], found["resolved"]) == ("asked", f"hf://org/model:{COMMIT}")
