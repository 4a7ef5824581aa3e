"""Signed notes and their keys: the specification's example, round trips, and what is refused."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError, TrailError, VerificationError
from lockgate.audit.note import (
    COSIGNATURE,
    MAX_NOTE,
    MAX_SIGNATURES,
    Note,
    Signature,
    make_verifier_key,
    parse_note,
    parse_verifier_key,
    render_note,
    render_verifier_key,
    verify_note,
)
from lockgate.audit.signing import Ed25519Signer, sign_note

# golang.org/x/mod, sumdb/note: the key and the note of its documentation.
EXAMPLE_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
EXAMPLE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# c2sp.org/signed-note; its key is not published.
QUASIMODO = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)


def signer(seed: int = 1, name: str = "example.com/log") -> Ed25519Signer:
    return Ed25519Signer(name, Ed25519PrivateKey.from_private_bytes(bytes((seed,)) * 32))


def test_the_example_of_the_specification() -> None:
    note = parse_note(QUASIMODO.encode())
    assert note.text.endswith("\n\ned è subito sera.\n")
    assert [(one.name, one.key_id.hex()) for one in note.signatures] == [
        ("quasimodo.example/salvatore", "367ba04b")
    ]
    assert len(note.signatures[0].data) == 64
    assert render_note(note) == QUASIMODO.encode()


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="+"), min_size=1
)
lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]))
texts = st.lists(lines).map(lambda some: "".join(f"{one}\n" for one in some) or "\n")


@given(texts, st.lists(names, min_size=1, max_size=4))
def test_round_trip(text: str, some: list[str]) -> None:
    signers = [signer(place, name) for place, name in enumerate(some)]
    note = sign_note(text, *signers)
    keys = [one.verifier_key for one in signers]
    assert parse_note(render_note(note)) == note
    assert verify_note(note, keys) == tuple(keys)
    for key in keys:
        assert parse_verifier_key(render_verifier_key(key)) == key


@given(st.data())
def test_any_change_of_a_byte_is_found(data: st.DataObject) -> None:
    whole = bytearray(render_note(sign_note("some\n\ntext\n", signer())))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(TrailError):
        verify_note(parse_note(bytes(whole)), [signer().verifier_key])


def test_signatures() -> None:
    ours, other = signer(), signer(2, "other.example")
    note = sign_note("text\n", other, ours)
    assert verify_note(note, [ours.verifier_key]) == (ours.verifier_key,)
    with pytest.raises(VerificationError, match="not signed by"):
        verify_note(note, [])
    with pytest.raises(VerificationError, match="not signed by"):
        verify_note(note, [signer(3).verifier_key])
    twice = Note(note.text, (note.signatures[1], note.signatures[1]))
    with pytest.raises(VerificationError, match="two signatures"):
        verify_note(twice, [ours.verifier_key])
    # A wrong line of a known key spoils the note, whoever else signed.
    wrong = Note(
        note.text,
        (note.signatures[0], Signature(ours.verifier_key.name, ours.verifier_key.key_id, bytes(64))),
    )
    with pytest.raises(VerificationError, match="not over this text"):
        verify_note(wrong, [ours.verifier_key, other.verifier_key])


def test_a_name_or_an_id_alone_makes_no_key() -> None:
    ours = signer()
    key, line = ours.verifier_key, ours.sign(b"text\n")
    for stranger in (Signature("b.example", key.key_id, line.data), Signature(key.name, b"abcd", line.data)):
        with pytest.raises(VerificationError, match="not signed by"):
            verify_note(Note("text\n", (stranger,)), [key])
        assert verify_note(Note("text\n", (stranger, line)), [key]) == (key,)


def test_a_cosignatures_key_signs_no_note() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key = make_verifier_key("w.example", private.public_key().public_bytes_raw(), COSIGNATURE)
    note = Note("text\n", (Signature(key.name, key.key_id, private.sign(b"text\n")),))
    with pytest.raises(VerificationError, match="not signed by"):
        verify_note(note, [key])


@pytest.mark.parametrize("size", [1, 63, 65, 72])
def test_signatures_of_another_size(size: int) -> None:
    key = signer().verifier_key
    with pytest.raises(VerificationError):
        verify_note(Note("text\n", (Signature(key.name, key.key_id, bytes(size)),)), [key])


GOOD = render_note(sign_note("text\n", signer())).decode()
LINE = GOOD.split("\n")[2]
REFUSED: dict[str, bytes] = {
    "empty": b"",
    "newlines only": b"\n\n\n",
    "no signature": b"text\n\n",
    "no blank line": f"text\n{LINE}\n".encode(),
    "no newline at the end": GOOD[:-1].encode(),
    "a byte behind it": GOOD.encode() + b"x",
    "a newline behind it": GOOD.encode() + b"\n",
    "a NUL": GOOD.replace("text", "te\0t").encode(),
    "a tab": GOOD.replace("text", "te\tt").encode(),
    "a carriage return": GOOD.replace("\n", "\r\n").encode(),
    "no UTF-8": b"te\xfft" + GOOD[4:].encode(),
    "an overlong byte": b"te\xc1\xbft" + GOOD[4:].encode(),
    "half of a surrogate pair": b"te\xed\xa0\x80t" + GOOD[4:].encode(),
    "a hyphen for the dash": GOOD.replace("\u2014", "-").encode(),
    "no space behind the dash": GOOD.replace("\u2014 ", "\u2014").encode(),
    "two spaces behind the dash": GOOD.replace("\u2014 ", "\u2014  ").encode(),
    "two spaces before the signature": GOOD.replace("log ", "log  ").encode(),
    "a space behind the signature": GOOD[:-1].encode() + b" \n",
    "no name": f"text\n\n\u2014 {LINE.split()[2]}\n".encode(),
    "a name with a plus": GOOD.replace("/log", "+log").encode(),
    "a name with a space of Unicode": GOOD.replace("/log", "\u2003log").encode(),
    "a name with a line separator": GOOD.replace("/log", "\u2028log").encode(),
    "a name with a control character": GOOD.replace("/log", "\x01log").encode(),
    "no padding": GOOD.replace("=", "").encode(),
    "bits left over": (GOOD[:-3] + "B" + GOOD[-2:]).encode(),
    "the URL's alphabet": f"text\n\n\u2014 a {'_' * 8}\n".encode(),
    "nothing but a key id": f"text\n\n\u2014 a {base64.b64encode(b'1234').decode()}\n".encode(),
    "less than a key id": f"text\n\n\u2014 a {base64.b64encode(b'123').decode()}\n".encode(),
    "an empty signature": b"text\n\n\xe2\x80\x94 a \n",
    "a line that is none": (GOOD + "hello\n").encode(),
    "too many signatures": (GOOD + f"{LINE}\n" * MAX_SIGNATURES).encode(),
    "too long": b"a" * MAX_NOTE + GOOD.encode(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(FormatError):
        parse_note(REFUSED[name])


def test_sixteen_signatures_are_few() -> None:
    note = sign_note("text\n", *[signer(one, f"{one}.example") for one in range(16)])
    assert len(verify_note(parse_note(render_note(note)), [signer(7, "7.example").verifier_key])) == 1


@pytest.mark.parametrize("text", ["", "text", "te\rxt\n", "te\0xt\n", "te\ud800xt\n"])
def test_texts_that_are_not_rendered(text: str) -> None:
    with pytest.raises(FormatError):
        render_note(Note(text, ()))


def test_the_example_of_the_first_implementation() -> None:
    key = parse_verifier_key(EXAMPLE_KEY)
    assert (key.name, key.key_id.hex(), key.algorithm) == ("PeterNeumann", "c74f20a3", 1)
    assert render_verifier_key(key) == EXAMPLE_KEY
    assert verify_note(parse_note(EXAMPLE.encode()), [key]) == (key,)
    with pytest.raises(VerificationError):
        verify_note(parse_note(EXAMPLE.replace("your", "my").encode()), [key])


NAME, KEY_ID, KEY = EXAMPLE_KEY.split("+", 2)


def with_id(name: str, data: bytes) -> str:
    """A key with the id that it would have."""
    return f"{name}+{sha256(name.encode() + bytes((10,)) + data).hexdigest()[:8]}+{base64.b64encode(data).decode()}"


KEYS_REFUSED: dict[str, str] = {
    "empty": "",
    "no id": NAME,
    "no key": f"{NAME}+{KEY_ID}",
    "an empty key": f"{NAME}+{KEY_ID}+",
    "another id": f"{NAME}+c74f20a4+{KEY}",
    "another name": f"{NAME}n+{KEY_ID}+{KEY}",
    "the id in capitals": f"{NAME}+{KEY_ID.upper()}+{KEY}",
    "a longer id": f"{NAME}+0{KEY_ID}+{KEY}",
    "an empty name": with_id("", b"\x01" + bytes(32)),
    "a name with a space": with_id("a b", b"\x01" + bytes(32)),
    "a name with a newline": with_id("a\nb", b"\x01" + bytes(32)),
    "a name that is not UTF-8": f"\udcff+{KEY_ID}+{KEY}",
    "no base64": EXAMPLE_KEY[:-1] + "!",
    "base64 cut short": EXAMPLE_KEY[:-4],
    "bits left over": with_id("a", b"\x01" + bytes(31) + b"\x10")[:-2] + "B=",
    "a newline behind it": EXAMPLE_KEY + "\n",
    "an algorithm that is not known": with_id("a", b"\x02" + bytes(32)),
    "no algorithm": with_id("a", b""),
    "a short key": with_id("a", b"\x01" + bytes(31)),
    "a long key": with_id("a", b"\x01" + bytes(33)),
    "a key of ML-DSA of another size": with_id("a", b"\x06" + bytes(32)),
}


def test_a_key_with_its_id() -> None:
    assert parse_verifier_key(with_id("a", b"\x01" + bytes(32))).public == bytes(32)


@pytest.mark.parametrize("name", KEYS_REFUSED)
def test_keys_refused(name: str) -> None:
    with pytest.raises(FormatError):
        parse_verifier_key(KEYS_REFUSED[name])
