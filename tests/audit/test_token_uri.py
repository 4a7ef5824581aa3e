"""URIs of keys in tokens (RFC 7512)."""

import pytest
from lockgate.audit.errors import FormatError
from lockgate.audit.keys.token_uri import TokenUri, parse_token_uri


def test_uri() -> None:
    made = parse_token_uri(
        "pkcs11:token=my%20trail;object=log;id=%01%ff?module-path=/lib/token.so&pin-source=file:/etc/pin"
    )
    assert made == TokenUri("my trail", "log", b"\x01\xff", "/lib/token.so", "/etc/pin")


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("file:x", "begins with"),
        ("pkcs11:token=t;object=o", "module-path"),
        ("pkcs11:object=o?module-path=m", "names its token"),
        ("pkcs11:token=t?module-path=m", "names its token"),
        ("pkcs11:token=t;object=o?module-path=m&pin-value=1234", "does not stand"),
        ("pkcs11:token=t;object=o;serial=1?module-path=m", "not known here"),
        ("pkcs11:token=t;token=u;object=o?module-path=m", "twice"),
        ("pkcs11:token=t;object=o;type=public?module-path=m", "private key"),
    ],
)
def test_no_uri(uri: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        parse_token_uri(uri)
    assert "1234" not in str(caught.value)
