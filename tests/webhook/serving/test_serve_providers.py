"""`lockgate serve` asks providers of external data: over HTTPS with its certificate, and those that files speak for."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.http_server import certificate, tls_of
from tests.gatekeeper.external_data.making import asking, bound, pod, provider
from tests.gatekeeper.external_data.provider_server import ProviderServer, response, serving
from tests.webhook.serving.server_processes import (
    SECONDS,
    STEP_SECONDS,
    Server,
    review_of,
    running_server,
    write_identity,
    write_policies,
)

Json = dict[str, Any]

MATCH = {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}


@dataclass(frozen=True, slots=True)
class Asking:
    """A server and the provider `p` that it asks; `local` is spoken for by the file `answers`."""

    server: Server
    provider: ProviderServer
    object: Path
    answers: Path
    authority: bytes

    def says(self, *images: str, timeout: str = "10s") -> list[str]:
        answer = self.server.admit(review_of(pod(*images)), f"/v1/admit?timeout={timeout}")
        return [] if answer["allowed"] else sorted(answer["status"]["message"].split("\n"))

    def point_to(self, path: str) -> None:
        """The Provider is another one now."""
        self.object.write_text(provider_text(self.provider, self.authority, path))


def provider_text(remote: ProviderServer, authority: bytes, path: str) -> str:
    return json.dumps(provider(f"https://{remote.address}{path}", authority))


def answers(**errors: str) -> str:
    """What `local` says is wrong with keys; everything else in them is fine."""
    values = {key: "fine" for key in ("a", "b", "bad") if key not in errors}
    value = {
        "apiVersion": "externaldata.lockgate.dev/v1alpha1",
        "kind": "ExternalData",
        "providers": [{"provider": "local", "errors": errors, "values": values}],
    }
    return json.dumps(value)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    folder = tmp_path_factory.mktemp("serve")
    (folder / "provider").mkdir()
    paths = certificate(folder / "provider", "127.0.0.1")
    client = write_identity(folder, "client")
    place, authority = folder / "answers.yaml", paths[0].read_bytes()
    place.write_text(answers())
    with serving(tls_of(paths, clients=client.certificate)) as remote:
        policies = write_policies(
            folder,
            json.dumps(asking()),
            json.dumps(bound("remote", match=MATCH)),
            json.dumps(bound("here", asks="local", match=MATCH)),
            provider_text(remote, authority, "/ask"),
        )
        options = ["--external-data", str(place)]
        options += ["--provider-certificate", str(client.certificate), "--provider-key", str(client.key)]
        with running_server(folder, policies, options) as server:
            yield Asking(server, remote, policies / "3.yaml", place, authority)


def _until(is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not is_done():
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)


def test_providers_are_asked_and_shown_who_asks(asked: Asking) -> None:
    assert asked.says("a") == []
    assert asked.says("bad") == ["[remote] bad: no such thing"]
    assert {peer["subject"][0][0][1] for peer in asked.provider.peers} == {"client"}


def test_what_nothing_is_known_of_is_denied(asked: Asking) -> None:
    (said,) = asked.says("c")
    assert said == "[here] not evaluated: it needs what provider 'local' answers for 'c' (externalData)"


def test_answers_in_files_are_followed(asked: Asking) -> None:
    asked.answers.write_text(answers(b="it is withdrawn"))
    _until(lambda: any("it is withdrawn" in one for one in asked.says("b")))
    asked.answers.write_text(answers())
    _until(lambda: asked.says("b") == [])


def test_a_provider_that_changes_is_asked_from_then_on(asked: Asking) -> None:
    items = [{"key": "a", "error": "another one says no"}]
    asked.provider.answers["/another"] = (200, json.dumps(response(items=items)).encode())
    assert asked.says("a") == []
    asked.point_to("/another")
    _until(lambda: any("another one says no" in one for one in asked.says("a")))
    asked.point_to("/ask")
    # What it said before is kept.
    _until(lambda: asked.says("a") == [])


def test_a_provider_that_does_not_answer_is_waited_for_within_the_request(asked: Asking) -> None:
    asked.point_to("/slow")
    _until(lambda: any("deadline" in one or "not judged" in one for one in asked.says("a", timeout="1s")))
    asked.point_to("/ask")
    _until(lambda: asked.says("a") == [])
