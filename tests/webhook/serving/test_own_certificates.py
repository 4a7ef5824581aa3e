"""`lockgate serve --certificates`: the server makes its certificates, keeps them, and shows what is kept."""

import ssl
from pathlib import Path

import pytest
from lockgate.webhook.cli import run

from tests.webhook.serving.server_processes import (
    ADDRESS,
    config_map,
    review_of,
    running_server,
    write_policies,
)


def shown(port: int, authority: Path) -> str:
    return ssl.get_server_certificate((ADDRESS, port), ca_certs=str(authority))


def test_it_makes_certificates_and_keeps_them(tmp_path: Path) -> None:
    policies = write_policies(tmp_path)
    place = tmp_path / "certificates"
    first = ""
    for _ in range(2):
        with running_server(tmp_path, policies, own=str(place)) as server:
            # Verified against the authority that it wrote.
            assert server.admit(review_of(config_map()))["allowed"] is False
            certificate = shown(server.port, place / "ca.crt")
            assert certificate.strip() == (place / "tls.crt").read_text().strip()
            first = first or certificate
            assert certificate == first
            server.wait_for("certificate kept")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--certificates", "secret:one"), "is not written secret:NAMESPACE/NAME"),
        (("--certificates", "x", "--tls-cert", "y"), "--certificates and --tls-cert"),
        ((), "the API server calls over TLS"),
    ],
)
def test_what_cannot_be_used_is_told(
    options: tuple[str, ...], message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "-p", str(write_policies(tmp_path)), *options]) == 2
    assert message in capfd.readouterr().err
