"""When certificates end, by what they are for."""

import pytest
from lockgate.engine.errors import UsageError
from lockgate.webhook.certificates.authority import (
    AUTHORITY_NS,
    DAY_NS,
    SECOND_NS,
    SERVING_NS,
    issue_serving,
    make_authority,
)
from lockgate.webhook.certificates.ends import certificate_ends

NOW_NS = 1_780_272_000 * SECOND_NS
OLD, NEW = make_authority(NOW_NS), make_authority(NOW_NS + 100 * DAY_NS)
SERVING = issue_serving(OLD, ["example.com"], NOW_NS).pair.certificate.encode()
BUNDLE = (OLD.pair.certificate + "# and — its successor\n" + NEW.pair.certificate).encode()


def test_a_chain_holds_until_its_first_end() -> None:
    wanted = {"serving": (NOW_NS + SERVING_NS) / SECOND_NS}
    assert certificate_ends(SERVING) == wanted
    assert certificate_ends(SERVING + OLD.pair.certificate.encode()) == wanted
    assert certificate_ends(OLD.pair.certificate.encode() + SERVING) == wanted


def test_callers_are_known_until_the_last_end_of_their_authorities() -> None:
    found = certificate_ends(SERVING, BUNDLE)
    assert found["client-ca"] == (NOW_NS + 100 * DAY_NS + AUTHORITY_NS) / SECOND_NS


@pytest.mark.parametrize(
    "chain", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_told(chain: bytes) -> None:
    with pytest.raises(UsageError, match="no certificate in PEM"):
        certificate_ends(chain)
