"""Providers over HTTPS, asked for real: what is trusted, what is bounded, and what is refused."""

import json
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from lockgate.engine.decision import Item, Reply
from lockgate.engine.errors import UsageError
from lockgate.gatekeeper.external_data.client_certificate import ClientFiles
from lockgate.gatekeeper.external_data.https import HttpsProvider
from lockgate.gatekeeper.external_data.provider import parse_provider
from lockgate.gatekeeper.external_data.resolving import MAX_LOOKUPS
from lockgate.gatekeeper.external_data.wire import ProviderError

from tests.engine.http_server import certificate, tls_of
from tests.gatekeeper.external_data.making import provider
from tests.gatekeeper.external_data.provider_server import VERSION, ProviderServer, response, serving
from tests.gatekeeper.workbench import document
from tests.webhook.serving.server_processes import write_identity


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1", "localhost")


@pytest.fixture
def server(authority: tuple[Path, Path]) -> Iterator[ProviderServer]:
    with serving(tls_of(authority)) as made:
        yield made


def asked(
    server: ProviderServer,
    authority: tuple[Path, Path],
    path: str = "/ask",
    *,
    host: str = "127.0.0.1",
    client: ClientFiles | None = None,
    **spec: Any,
) -> HttpsProvider:
    url = f"https://{host}:{server.server_port}{path}"
    made = parse_provider(document(provider(url, authority[0].read_bytes(), **spec)))
    return HttpsProvider(made, client)


def test_asks_and_is_answered(server: ProviderServer, authority: tuple[Path, Path]) -> None:
    one = asked(server, authority, "/validate?x=1")
    reply = one.answer(("a", "bad", "é"), None)
    assert reply == Reply((Item("a", "A"), Item("bad", None, "no such thing"), Item("é", "É")), 200)
    assert server.requests == [
        {"apiVersion": VERSION, "kind": "ProviderRequest", "request": {"keys": ["a", "bad", "é"]}}
    ]
    assert server.paths == ["/validate?x=1"]
    one.close()


def test_a_connection_is_used_again(server: ProviderServer, authority: tuple[Path, Path]) -> None:
    one = asked(server, authority)
    for number in range(5):
        assert one.answer((str(number),), None).status == 200
    assert len(server.requests) == 5
    assert server.connections == 1
    one.close()


def test_a_connection_that_was_closed_meanwhile_is_made_anew(
    server: ProviderServer, authority: tuple[Path, Path]
) -> None:
    one = asked(server, authority, "/closes")
    for key in ("a", "b", "c"):
        assert one.answer((key,), None).items == (Item(key, key.upper()),)
    one.close()


def test_several_threads_ask_at_once(server: ProviderServer, authority: tuple[Path, Path]) -> None:
    one = asked(server, authority)

    def ask(number: int) -> Reply:
        return one.answer((f"k{number}",), None)

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(ask, range(80)))
    assert [reply.items for reply in replies] == [(Item(f"k{n}", f"K{n}"),) for n in range(80)]
    assert server.connections <= 8
    one.close()


def failure(one: HttpsProvider, seconds: float | None = None) -> str:
    with pytest.raises(ProviderError) as caught:
        one.answer(("a",), seconds)
    one.close()
    return caught.value.message


def test_tls_1_2_is_refused(authority: tuple[Path, Path]) -> None:
    old = tls_of(authority)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(old) as server:
        assert failure(asked(server, authority)).startswith("failed to send external data request: TLS: ")
        assert not server.requests


def test_another_authority_is_refused(server: ProviderServer, tmp_path: Path) -> None:
    other = certificate(tmp_path, "127.0.0.1")
    assert "the provider's certificate is not trusted" in failure(asked(server, other))
    assert not server.requests


def test_another_name_is_refused(authority: tuple[Path, Path], tmp_path: Path) -> None:
    elsewhere = certificate(tmp_path, "elsewhere.example")
    with serving(tls_of(elsewhere)) as server:
        assert "the provider's certificate is not trusted" in failure(asked(server, elsewhere))
        assert not server.requests


def test_nothing_is_sent_by_a_proxy_of_the_environment(
    server: ProviderServer, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    one = asked(server, authority)
    assert one.answer(("a",), None).status == 200
    one.close()


@pytest.mark.parametrize("path", ["/slow", "/drip"])
def test_a_slow_answer_ends_with_the_time(
    path: str, server: ProviderServer, authority: tuple[Path, Path]
) -> None:
    assert failure(asked(server, authority, path), seconds=0.3).endswith("context deadline exceeded")


def test_the_timeout_of_the_provider_counts(server: ProviderServer, authority: tuple[Path, Path]) -> None:
    assert failure(asked(server, authority, "/slow", timeout=1)).endswith("context deadline exceeded")


def test_no_time_is_left(server: ProviderServer, authority: tuple[Path, Path]) -> None:
    assert failure(asked(server, authority), seconds=0).endswith("context deadline exceeded")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/large", "it is larger than 4000000 bytes"),
        ("/endless", "it is larger than 4000000 bytes"),
        ("/truncated", "unexpected EOF"),
        ("/garbage", "failed to send external data request"),
        *[
            (f"/redirect/{status}", f"redirects (status {status}), which is refused")
            for status in (301, 307, 308)
        ],
    ],
)
def test_answers_that_are_none(
    path: str, said: str, server: ProviderServer, authority: tuple[Path, Path]
) -> None:
    assert said in failure(asked(server, authority, path))
    assert server.paths == [path]


def test_the_status_is_passed_on(server: ProviderServer, authority: tuple[Path, Path]) -> None:
    body = json.dumps(response(systemError="overloaded")).encode()
    server.answers["/503"] = (503, body)
    one = asked(server, authority, "/503")
    assert one.answer(("a",), None) == Reply((), 503, "overloaded")
    one.close()


def test_nobody_listens(authority: tuple[Path, Path]) -> None:
    with serving(tls_of(authority)) as server:
        one = asked(server, authority)
    assert failure(one).startswith("failed to send external data request: ")


def test_a_client_certificate_is_shown(authority: tuple[Path, Path], tmp_path: Path) -> None:
    paths = certificate(tmp_path, "client.example")
    with serving(tls_of(authority, clients=paths[0])) as server:
        shown = ClientFiles(str(paths[0]), str(paths[1]))
        one = asked(server, authority, client=shown)
        assert one.answer(("a",), None).status == 200
        assert server.peers[0]["subjectAltName"] == (("DNS", "client.example"),)
        one.close()
        # With TLS 1.3 the server's refusal comes when the answer is read.
        assert failure(asked(server, authority)).startswith("failed to send external data request: ")
        assert len(server.requests) == 1


def test_a_client_certificate_is_replaced(authority: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = write_identity(tmp_path, "first"), write_identity(tmp_path, "second")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(first.certificate.read_bytes() + second.certificate.read_bytes())
    with serving(tls_of(authority, clients=trusted)) as server:
        one = asked(server, authority, client=ClientFiles(str(first.certificate), str(first.key)))
        assert one.answer(("a",), None).status == 200
        # Half of a change is none.
        second.certificate.replace(first.certificate)
        assert one.answer(("b",), None).status == 200
        second.key.replace(first.key)
        assert one.answer(("c",), None).status == 200
        names = [peer["subject"][0][0][1] for peer in server.peers]
        assert names == ["first", "first", "second"]
        assert server.connections == 2
        one.close()


def test_without_its_client_certificate_nothing_is_asked(
    server: ProviderServer, authority: tuple[Path, Path], tmp_path: Path
) -> None:
    one = asked(server, authority, client=ClientFiles(str(tmp_path / "absent"), str(tmp_path / "absent")))
    assert failure(one).startswith("failed to send external data request: cannot use the client certificate")
    assert server.requests == []


def test_what_is_closed_keeps_no_connection(server: ProviderServer, authority: tuple[Path, Path]) -> None:
    one = asked(server, authority)
    one.close()
    for _ in range(2):
        assert one.answer(("a",), None).status == 200
    assert server.connections == 2


def test_a_client_certificate_that_cannot_be_used(authority: tuple[Path, Path], tmp_path: Path) -> None:
    other = certificate(tmp_path, "client.example")
    for key in (str(authority[1]), str(tmp_path / "absent.pem"), str(other[0])):
        with pytest.raises(UsageError, match="cannot use the client certificate"):
            ClientFiles(str(other[0]), key).check()


def test_a_resolver_that_does_not_answer_holds_up_nobody(
    server: ProviderServer, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    released, looked_up = Event(), socket.getaddrinfo

    def stalled(host: str, port: int, *, type: int, flags: int) -> Any:
        if flags == 0:
            released.wait(60)
        return looked_up(host, port, type=type, flags=flags)

    monkeypatch.setattr(socket, "getaddrinfo", stalled)
    one = asked(server, authority, host="localhost")
    try:
        for _ in range(MAX_LOOKUPS + 1):
            with pytest.raises(ProviderError) as raised:
                one.answer(("a",), 0.05)
            assert raised.value.message.endswith("context deadline exceeded")
    finally:
        released.set()
    assert one.answer(("a",), None).status == 200
    one.close()
