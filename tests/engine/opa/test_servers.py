"""What names servers, tokens and certificates is checked, and errors show no secret."""

from pathlib import Path

import pytest
from lockgate.engine.errors import UsageError
from lockgate.engine.opa.servers import (
    MAX_SERVERS,
    check_authorities,
    parse_address,
    parse_addresses,
    read_token,
)

from tests.engine.http_server import certificate

ADDRESSES = {
    "http://127.0.0.1:8181": "http://127.0.0.1:8181",
    "http://localhost": "http://localhost:8181",
    "https://OPA.example.com/": "https://opa.example.com:8181",
    "https://[::1]:443": "https://[::1]:443",
}
WRONG = [
    "",
    "opa.example.com",
    "ftp://opa.example.com",
    "https://opa.example.com/v1",
    "https://opa.example.com:0",
    "https://opa.example.com:65536",
    "https://opa.example.com:1234567",
    "https://a b",
    "https://opa\n",
    "https://opa.example.com?x=1",
    "https://opa.example.com#x",
    "https://пример",
    "unix:///run/opa.sock",
]


@pytest.mark.parametrize("text", ADDRESSES)
def test_address(text: str) -> None:
    assert str(parse_address(text)) == ADDRESSES[text]


@pytest.mark.parametrize("text", WRONG)
def test_wrong_address(text: str) -> None:
    with pytest.raises(UsageError):
        parse_address(text)


def test_a_password_in_a_url_is_not_shown() -> None:
    with pytest.raises(UsageError) as told:
        parse_address("https://me:secret@opa.example.com")
    assert "secret" not in str(told.value)


def test_each_server_counts_once() -> None:
    made = parse_addresses(("http://localhost", "http://localhost:8181", "https://b"), token="")
    assert [str(one) for one in made] == ["http://localhost:8181", "https://b:8181"]


@pytest.mark.parametrize("token", ["", "t"])
def test_nothing_crosses_a_network_in_the_clear(token: str) -> None:
    with pytest.raises(UsageError, match="without TLS"):
        parse_addresses(("http://opa.example.com",), token=token)


@pytest.mark.parametrize("count", [0, MAX_SERVERS + 1])
def test_number_of_servers(count: int) -> None:
    with pytest.raises(UsageError):
        parse_addresses(tuple([f"https://s{number}" for number in range(count)]), token="")


def test_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("abc.def\n")
    assert read_token(str(path)) == "abc.def"


@pytest.mark.parametrize("content", [b"", b"\n", b"a b", b"a\r\nX: y", "é".encode(), b"x" * 70_000])
def test_wrong_token(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="token"):
        read_token(str(path))


def test_missing_token_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_token(str(tmp_path / "token"))


def test_authorities(tmp_path: Path) -> None:
    made, _ = certificate(tmp_path, "localhost")
    assert check_authorities(str(made)) == str(made)


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"]
)
def test_wrong_authorities(content: str, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"ca\.pem"):
        check_authorities(str(path))
