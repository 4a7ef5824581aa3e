"""Requests and answers between log and witness: the specification's examples, tables of what is refused, round trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError
from lockgate.audit.note import Signature, encode_base64
from lockgate.audit.witness.wire import (
    MAX_REQUEST,
    AddCheckpoint,
    parse_add_checkpoint,
    parse_signature_lines,
    parse_size_answer,
    render_add_checkpoint,
    render_signature_lines,
    render_size,
)

# The example of C2SP tlog-witness, "add-checkpoint".
NOTE = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""
PROOF = (
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=",
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=",
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=",
)
BODY = "".join([f"{line}\n" for line in ("old 20852014", *PROOF, "")]) + NOTE
HASH = encode_base64(b"h" * 32)


def test_the_example_is_read_and_written_again() -> None:
    request = parse_add_checkpoint(BODY.encode())
    assert request.old_size == 20852014
    assert [encode_base64(one) for one in request.proof] == list(PROOF)
    assert request.note == NOTE.encode()
    assert render_add_checkpoint(request) == BODY.encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"old 0\n", id="no-blank-line"),
        pytest.param(b"0\n\nnote\n", id="no-word-old"),
        pytest.param(b"old  0\n\nnote\n", id="two-spaces"),
        pytest.param(b"old 00\n\nnote\n", id="leading-zero"),
        pytest.param(b"old +1\n\nnote\n", id="sign"),
        pytest.param(b"old -1\n\nnote\n", id="negative"),
        pytest.param("old \u0663\n\nnote\n".encode(), id="another-script's-digit"),
        pytest.param(b"old 9999999999999999999\n\nnote\n", id="beyond-any-log"),
        pytest.param(b"old 5\r\n\r\nnote\n", id="carriage-returns"),
        pytest.param(b"old 5\nAAAA\n\nnote\n", id="short-hash"),
        pytest.param(f"old 5\n{HASH[:-1]}\n\nnote\n".encode(), id="unpadded-hash"),
        pytest.param(f"old 5\n {HASH}\n\nnote\n".encode(), id="space-before-hash"),
        pytest.param(f"old 5\n{HASH}\n".encode() * 1 + b"note\n", id="no-blank-line-after-the-proof"),
        pytest.param(("old 5\n" + f"{HASH}\n" * 64 + "\nnote\n").encode(), id="64-hashes"),
        pytest.param(b"old 5\n\n" + b"x" * MAX_REQUEST, id="too-long"),
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(FormatError):
        parse_add_checkpoint(body)


def test_the_longest_proof_is_read() -> None:
    body = ("old 5\n" + f"{HASH}\n" * 63 + "\nnote\n").encode()
    assert len(parse_add_checkpoint(body).proof) == 63


@given(
    st.integers(0, (1 << 62) - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.binary(max_size=200),
)
def test_a_request_comes_back(old_size: int, proof: list[bytes], note: bytes) -> None:
    request = AddCheckpoint(old_size, tuple(proof), note)
    assert parse_add_checkpoint(render_add_checkpoint(request)) == request


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for parse in (parse_add_checkpoint, parse_size_answer, parse_signature_lines):
        try:
            parse(body)
        except FormatError:
            pass


def test_sizes_in_answers() -> None:
    assert parse_size_answer(render_size(0)) == 0
    assert parse_size_answer(b"200\n") == 200
    for body in (b"", b"200", b"200\n\n", b" 200\n", b"0200\n", b"200 \n", b"-1\n", b"\xff\n", b"two\n"):
        with pytest.raises(FormatError):
            parse_size_answer(body)


def test_signature_lines_in_answers() -> None:
    lines = (Signature("w.example/1", b"abcd", b"s" * 72), Signature("w.example/2", b"efgh", b"t" * 72))
    assert parse_signature_lines(render_signature_lines(lines)) == lines
    whole = render_signature_lines(lines)
    for body in (
        b"",
        b"\n",
        whole[:-1],
        whole + b"\n",
        b"\n" + whole,
        whole.replace(b"\xe2\x80\x94", b"-"),
        b"\xff\n",
    ):
        with pytest.raises(FormatError):
            parse_signature_lines(body)
    with pytest.raises(FormatError):
        parse_signature_lines(render_signature_lines(lines[:1] * 101))
