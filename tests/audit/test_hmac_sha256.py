"""Our HMAC is the standard one, for keys of any size."""

import hmac

from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.hmac_sha256 import hmac_sha256


@given(st.binary(max_size=200), st.binary(max_size=500))
def test_as_the_standard_library(key: bytes, message: bytes) -> None:
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")
