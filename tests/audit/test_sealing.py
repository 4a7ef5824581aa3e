"""Sealing bodies: whatever their size, they come back, and zlib's default window reads them."""

import pytest
from lockgate.audit.sealing import seal, unseal

KEY = b"k" * 32


@pytest.mark.parametrize(
    "size", [0, 1, 200, 249, 250, 2**11 - 262, 2**11 - 261, 2**14 - 263, 2**14 - 262, 2**15, 2**17]
)
def test_a_body_of_any_size_comes_back(size: int) -> None:
    # Far repetitions, as of an object and its former state.
    body = bytes([place * place % 251 for place in range(size // 2)]) * 2
    assert unseal(KEY, seal(KEY, body)) == body
