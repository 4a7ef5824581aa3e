"""The certificates themselves: openssl and Python's TLS verify them, for the names that they are for."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from lockgate.engine.errors import UsageError
from lockgate.webhook.certificates.authority import (
    DAY_NS,
    SECOND_NS,
    alternative_names,
    days_left,
    is_issued_by,
    issue_serving,
    make_authority,
    service_names,
)

NOW_NS = 1_800_000_000 * SECOND_NS


def test_a_certificate_is_for_the_names_of_its_service() -> None:
    names = (*service_names("lockgate", "gate"), "127.0.0.1", "::1")
    serving = issue_serving(make_authority(NOW_NS), names, NOW_NS)
    assert set(alternative_names(serving.pair.certificate.encode())) == {
        "lockgate.gate.svc",
        "lockgate.gate",
        "lockgate",
        "lockgate.gate.svc.cluster.local",
        "127.0.0.1",
        "::1",
    }
    assert serving.names == names


def test_days_are_those_until_it_expires() -> None:
    serving = issue_serving(make_authority(NOW_NS), ("a",), NOW_NS)
    text = serving.pair.certificate.encode()
    assert days_left(text, NOW_NS) == 90
    assert days_left(text, NOW_NS + 91 * DAY_NS) == -1


def test_it_never_outlives_its_authority() -> None:
    authority = make_authority(NOW_NS)
    late = authority.pair.not_after_ns - 5 * DAY_NS
    assert issue_serving(authority, ("a",), late).pair.not_after_ns == authority.pair.not_after_ns


def test_only_its_authority_issued_it() -> None:
    one, other = make_authority(NOW_NS), make_authority(NOW_NS)
    serving = issue_serving(one, ("a",), NOW_NS)
    assert is_issued_by(serving.pair.certificate, one.pair.certificate)
    assert not is_issued_by(serving.pair.certificate, other.pair.certificate)
    assert not is_issued_by("rubbish", one.pair.certificate)


@pytest.mark.parametrize("names", [(), ("ü.example",), ("a",) * 101])
def test_names_that_are_none_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        issue_serving(make_authority(NOW_NS), names, NOW_NS)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_it_strictly(tmp_path: Path) -> None:
    authority = make_authority(NOW_NS)
    serving = issue_serving(authority, ("lockgate.gate.svc",), NOW_NS)
    (tmp_path / "ca").write_text(authority.pair.certificate)
    (tmp_path / "crt").write_text(serving.pair.certificate)
    command = [
        "openssl",
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-attime",
        str(NOW_NS // SECOND_NS),
    ]
    for name, code in (("lockgate.gate.svc", 0), ("other.gate.svc", 2)):
        told = subprocess.run(
            [*command, "-verify_hostname", name, "-CAfile", str(tmp_path / "ca"), str(tmp_path / "crt")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == code, told.stderr


def test_python_takes_it_in_a_handshake(tmp_path: Path) -> None:
    import time

    now_ns = time.time_ns()
    authority = make_authority(now_ns)
    serving = issue_serving(authority, ("lockgate.gate.svc",), now_ns)
    chain = tmp_path / "chain.pem"
    chain.write_text(serving.pair.certificate + serving.pair.key)
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_context.load_cert_chain(chain)
    client_context = ssl.create_default_context(cadata=authority.pair.certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname="lockgate.gate.svc")
    done: set[ssl.SSLObject] = set()
    for _ in range(10):
        for side in (client, server):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                continue
    assert done == {client, server}
    assert client.getpeercert()
