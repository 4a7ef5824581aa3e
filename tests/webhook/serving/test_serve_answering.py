"""`lockgate serve` answers who asks its providers, and tells apart who may ask from who sends reviews."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lockgate.engine.decision import Item, Reply
from lockgate.gatekeeper.external_data.client_certificate import ClientFiles
from lockgate.gatekeeper.external_data.https import HttpsProvider
from lockgate.gatekeeper.external_data.provider import parse_provider
from lockgate.gatekeeper.external_data.wire import ProviderError, parse_response, render_request

from tests.gatekeeper.external_data.making import provider
from tests.gatekeeper.workbench import document
from tests.webhook.serving.server_processes import (
    ADDRESS,
    SECONDS,
    STEP_SECONDS,
    Identity,
    Server,
    config_map,
    issue_identity,
    review_of,
    running_server,
    write_identity,
    write_policies,
)

GATEKEEPER = "gatekeeper-webhook-service.gatekeeper-system.svc"


@dataclass(frozen=True, slots=True)
class World:
    """A server with two authorities: of the API server (`kube-apiserver`), and of Gatekeeper."""

    server: Server
    answers: Path
    asker_ca: Path
    caller: Identity
    gatekeeper: Identity
    # By Gatekeeper's authority, and by the API server's for Gatekeeper's name.
    other_name: Identity
    other_authority: Identity
    # By the API server's and Gatekeeper's authorities, with each other's names.
    false_caller: Identity


def fixtures(**values: str) -> str:
    value = {
        "apiVersion": "externaldata.lockgate.dev/v1alpha1",
        "kind": "ExternalData",
        "providers": [{"provider": "models", "values": values, "errors": {"bad": "withdrawn"}}],
    }
    return json.dumps(value)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("serve")
    places = [folder / name for name in ("api", "gatekeeper")]
    for place in places:
        place.mkdir()
    api, gatekeeper = [write_identity(place, f"{place.name}-authority") for place in places]
    answers, asker_ca = folder / "answers.yaml", folder / "askers.crt"
    answers.write_text(fixtures(a="fine"))
    asker_ca.write_bytes(gatekeeper.certificate.read_bytes())
    options = ["--client-ca", str(api.certificate), "--client-name", "kube-apiserver"]
    options += ["--provider-client-ca", str(asker_ca), "--external-data", str(answers)]
    with running_server(folder, write_policies(folder), options) as server:
        yield World(
            server,
            answers,
            asker_ca,
            issue_identity(places[0], api, "kube-apiserver"),
            issue_identity(places[1], gatekeeper, "gatekeeper", GATEKEEPER),
            issue_identity(places[1], gatekeeper, "somebody"),
            issue_identity(places[0], api, GATEKEEPER),
            issue_identity(places[1], gatekeeper, "kube-apiserver"),
        )


def ask(
    world: World, client: Identity | None, name: str = "models", method: str = "POST", body: bytes = b""
) -> Reply:
    """What is read of the answer, as Gatekeeper reads it: whatever its status."""
    connection = world.server.connect(client)
    try:
        connection.request(method, f"/providers/{name}", body or render_request(("a", "bad", "c")))
        answer = connection.getresponse()
        return parse_response(answer.status, answer.read())
    finally:
        connection.close()


def until(is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not is_done():
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)


def test_gatekeeper_is_answered(world: World) -> None:
    assert ask(world, world.gatekeeper) == Reply(
        (
            Item("a", "fine"),
            Item("bad", None, "withdrawn"),
            Item("c", None, "provider 'models' knows nothing of it"),
        ),
        200,
    )


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_is_taken_up_again(world: World, version: ssl.TLSVersion) -> None:
    """One that is has no chain, by which an authority is known."""
    context = ssl.create_default_context(cafile=str(world.server.identity.certificate))
    context.maximum_version = version
    context.load_cert_chain(world.gatekeeper.certificate, world.gatekeeper.key)
    session: ssl.SSLSession | None = None
    for _ in range(3):
        with (
            socket.create_connection((ADDRESS, world.server.port), SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=ADDRESS, session=session) as secured,
        ):
            body = render_request(("a",))
            head = f"POST /providers/models HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            secured.sendall(head.encode() + body)
            assert secured.recv(64).startswith(b"HTTP/1.1 200 ")
            assert not secured.session_reused
            session = secured.session


@pytest.mark.parametrize("client", ["caller", "other_name", "other_authority", "false_caller", ""])
def test_nobody_else_is(world: World, client: str) -> None:
    found = ask(world, getattr(world, client) if client else None)
    assert (found.status, found.items) == (401, ())
    assert "shows no certificate of those who may ask" in found.system_error


@pytest.mark.parametrize("client", ["gatekeeper", "other_name", "other_authority", "false_caller", ""])
def test_who_may_ask_providers_sends_no_reviews(world: World, client: str) -> None:
    shown = getattr(world, client) if client else None
    body = json.dumps(review_of(config_map())).encode()
    assert world.server.post(body, client=shown)[0] == 401
    assert world.server.post(body, client=world.caller)[0] == 200


def test_an_authority_that_nobody_knows_gets_no_connection(world: World, tmp_path: Path) -> None:
    stranger = issue_identity(tmp_path, write_identity(tmp_path, "strangers"), "gatekeeper", GATEKEEPER)
    with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
        ask(world, stranger)


@pytest.mark.parametrize(
    ("name", "method", "body", "status"),
    [
        ("absent", "POST", b"", 404),
        ("models", "GET", b"", 405),
        ("models", "POST", b"{}", 400),
        ("models", "POST", b" " * ((7 << 20) + 1), 413),
    ],
)
def test_no_refusal_is_taken_for_an_answer(
    world: World, name: str, method: str, body: bytes, status: int
) -> None:
    found = ask(world, world.gatekeeper, name, method, body)
    assert (found.status, found.items) == (status, ())
    assert found.system_error


def test_a_client_of_ours_reads_the_answer(world: World) -> None:
    """As policies of another Lockgate see it: our client and our server know the same."""
    url = f"https://127.0.0.1:{world.server.port}/providers/models?timeout=3s"
    value: Any = provider(url, world.server.identity.certificate.read_bytes())
    made = parse_provider(document(value))
    shown = HttpsProvider(made, ClientFiles(str(world.gatekeeper.certificate), str(world.gatekeeper.key)))
    hidden = HttpsProvider(made)
    try:
        assert shown.answer(("a",), None) == Reply((Item("a", "fine"),), 200)
        assert hidden.answer(("a",), None).status == 401
    except ProviderError as error:
        pytest.fail(error.message)
    finally:
        shown.close()
        hidden.close()


def test_what_is_answered_follows_the_files(world: World) -> None:
    world.answers.write_text(fixtures(a="changed"))
    until(lambda: Item("a", "changed") in (ask(world, world.gatekeeper).items or ()))
    world.answers.write_text(fixtures(a="fine"))
    until(lambda: Item("a", "fine") in (ask(world, world.gatekeeper).items or ()))


def test_it_is_counted(world: World) -> None:
    ask(world, world.gatekeeper)
    ask(world, None, "made-up")
    shown = 'lockgate_provider_requests_total{answer="answered",provider="models"}'
    until(lambda: shown in world.server.probe("/metrics")[1])
    until(lambda: 'answer="refused",provider="(other)"' in world.server.probe("/metrics")[1])
    assert "made-up" not in world.server.probe("/metrics")[1]


def test_the_last_of_a_new_authority_counts_and_the_former_no_more(world: World, tmp_path: Path) -> None:
    former = world.asker_ca.read_bytes()
    authority = write_identity(tmp_path, "new-authority")
    new = issue_identity(tmp_path, authority, "gatekeeper", GATEKEEPER)
    count = len(world.server.events("certificate changed"))
    world.asker_ca.write_bytes(authority.certificate.read_bytes())
    world.server.wait_for("certificate changed", count + 1)

    def is_answered(client: Identity) -> bool:
        try:
            return ask(world, client).status == 200
        except (OSError, http.client.HTTPException):
            return False

    until(lambda: is_answered(new))
    # Each worker is told for itself.
    until(lambda: not any(is_answered(world.gatekeeper) for _ in range(4)))
    world.asker_ca.write_bytes(former)
    until(lambda: is_answered(world.gatekeeper))


def test_without_a_ca_of_callers_reviews_need_no_certificate_and_providers_do(tmp_path: Path) -> None:
    authority = write_identity(tmp_path, "gatekeeper-authority")
    client = issue_identity(tmp_path, authority, "somebody")
    answers = tmp_path / "answers.yaml"
    answers.write_text(fixtures(a="fine"))
    options = ["--provider-client-ca", str(authority.certificate), "--provider-client-name", "*"]
    options += ["--external-data", str(answers)]
    with running_server(tmp_path, write_policies(tmp_path), options) as server:
        made = World(server, answers, answers, *[client] * 5)
        body = json.dumps(review_of(config_map())).encode()
        assert [server.post(body, client=one)[0] for one in (None, client)] == [200, 200]
        assert [ask(made, one).status for one in (None, client)] == [401, 200]
        until(lambda: len(server.events("request")) == 2)
        assert {one["caller"] for one in server.events("request")} == {"unauthenticated"}
