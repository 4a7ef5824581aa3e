"""A real API server as the issuer of tokens that approve: what it signs for a statement verifies offline, with the key set that it publishes."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lockgate.audit.errors import UnverifiableError, VerificationError
from lockgate.audit.promotions.token import TokenIssuer, binding_of, verify_token
from lockgate.audit.promotions.web_keys import parse_web_keys

from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.webhook.promoting.office import open_office

pytestmark = pytest.mark.e2e

PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'
BINDING = binding_of(PAYLOAD)


@dataclass(frozen=True)
class Issuing:
    """A cluster, and the issuer that it is."""

    cluster: Cluster
    issuer: TokenIssuer

    def token(self, *audiences: str) -> bytes:
        """A token of the account `approver`, as `kubectl` gets it; without audiences the server's own."""
        options = [f"--audience={one}" for one in audiences]
        done = kubectl(self.cluster, "create", "token", "approver", "--duration=10m", *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.encode()


def _text(cluster: Cluster, path: str) -> Any:
    status, answer = cluster.ask("GET", path)
    assert status == 200, answer
    return answer


@pytest.fixture(scope="module")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuing]:
    with running_cluster() as cluster:
        assert kubectl(cluster, "create", "serviceaccount", "approver").returncode == 0
        told = _text(cluster, "/.well-known/openid-configuration")
        # The media type of key sets is none of JSON's to the helper, so that this is text.
        keys = _text(cluster, "/openid/v1/jwks")
        assert isinstance(keys, str)
        yield Issuing(cluster, TokenIssuer(told["issuer"], (), parse_web_keys(keys.encode(), "the key set")))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def test_a_token_for_a_statement_approves_it(issuing: Issuing) -> None:
    found = verify_token(issuing.token(BINDING), [issuing.issuer], PAYLOAD, _now_ms())
    assert found.issuer == "https://kubernetes.default.svc"
    assert found.subject == "system:serviceaccount:default:approver"
    assert (found.email, found.expires - found.issued_at) == ("", 600)


def test_it_approves_no_other_statement_and_nothing_later(issuing: Issuing) -> None:
    data = issuing.token(BINDING)
    with pytest.raises(VerificationError, match="another statement"):
        verify_token(data, [issuing.issuer], PAYLOAD + b" ", _now_ms())
    with pytest.raises(VerificationError, match="expired"):
        verify_token(data, [issuing.issuer], PAYLOAD, _now_ms() + 700_000)


def test_a_token_for_something_else_approves_nothing(issuing: Issuing) -> None:
    for audiences in ((), ("vault",), (BINDING, "https://kubernetes.default.svc")):
        with pytest.raises(VerificationError, match="which is no client whose tokens are taken"):
            verify_token(issuing.token(*audiences), [issuing.issuer], PAYLOAD, _now_ms())


def test_it_approves_by_the_command(issuing: Issuing, tmp_path: Path) -> None:
    office = open_office(tmp_path)
    office.write("cluster.jwks.json", _text(issuing.cluster, "/openid/v1/jwks"))
    url = issuing.issuer.issuer
    subject = "system:serviceaccount:default:approver"
    office.write_people(
        f"[[person]]\nname = 'risk-9'\ngroups = ['risk']\ntokens = ['{url} {subject}']\n",
        f"[[issuer]]\nurl = '{url}'\nkeys = 'cluster.jwks.json'\n",
    )
    assert office.approve("--require").code == 1
    office.write("another", issuing.token(BINDING).decode())
    office.write("own", issuing.token(binding_of(office.payload())).decode())
    given = ["approve", "prod.json", *office.desk(), "--require", "--token"]
    assert office.run(*given, "another").code == 2
    ran = office.run(*given, "own")
    assert ran.code == 0 and "approved by risk-9 (token)" in ran.out


def test_another_cluster_of_the_same_name_is_another_issuer(issuing: Issuing) -> None:
    with running_cluster() as other:
        keys = parse_web_keys(_text(other, "/openid/v1/jwks").encode(), "the key set")
    issuer = TokenIssuer(issuing.issuer.issuer, (), keys)
    with pytest.raises(UnverifiableError, match="none of the issuer's keys"):
        verify_token(issuing.token(BINDING), [issuer], PAYLOAD, _now_ms())
