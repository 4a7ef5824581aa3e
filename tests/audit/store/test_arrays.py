"""Arrays in PostgreSQL's binary form: bytes that were written down from a server, and what has no form."""

import pytest
from lockgate.audit.errors import FormatError
from lockgate.audit.store.arrays import bigint_array, bytea_array, text_array

# `SELECT array_send(ARRAY[…])` of PostgreSQL 15.
SENT = {
    "bigint": (
        bigint_array([1, -2]).data,
        "000000010000000000000014000000020000000100000008000000000000000100000008fffffffffffffffe",
    ),
    "bytea": (
        bytea_array([b"\x00\xff", b""]).data,
        "00000001000000000000001100000002000000010000000200ff00000000",
    ),
    "bytea with NULL": (
        bytea_array([b"a", None]).data,
        "00000001000000010000001100000002000000010000000161ffffffff",
    ),
    "text": (text_array(["é"]).data, "000000010000000000000019000000010000000100000002c3a9"),
    "empty": (bigint_array([]).data, "000000000000000000000014"),
}


@pytest.mark.parametrize("name", SENT)
def test_as_the_server_sends_it(name: str) -> None:
    made, sent = SENT[name]
    assert made.hex() == sent


def test_what_has_no_form() -> None:
    for number in (1 << 63, -(1 << 63) - 1):
        with pytest.raises(FormatError, match="64 bits"):
            bigint_array([number])
    with pytest.raises(FormatError, match="U\\+0000"):
        text_array(["a\x00"])
    with pytest.raises(FormatError, match="surrogate"):
        text_array(["\ud800"])
