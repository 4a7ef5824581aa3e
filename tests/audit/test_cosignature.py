"""Cosignatures: both kinds, what their messages are, and what is refused."""

import base64
import sys
from dataclasses import replace
from struct import pack

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.cosignature import (
    Cosignature,
    CosignatureSigner,
    MlDsa44CosignatureSigner,
    cosigned_message,
    cosigned_subtree,
    verify_cosignature,
    verify_cosignatures,
)
from lockgate.audit.errors import FormatError, TrailError, UnverifiableError, VerificationError
from lockgate.audit.note import ED25519, Note, Signature, make_verifier_key, parse_note, render_note

ORIGIN = "example.com/behind-the-sofa"
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
TEXT = f"{ORIGIN}\n20852163\n{ROOT}\n"
TIME = 1679315147

ED = CosignatureSigner("w.example", Ed25519PrivateKey.from_private_bytes(bytes(32)))
ML = MlDsa44CosignatureSigner("m.example", MLDSA44PrivateKey.from_seed_bytes(bytes(32)))
SIGNERS: dict[str, CosignatureSigner | MlDsa44CosignatureSigner] = {"ed25519": ED, "ml-dsa-44": ML}


def test_the_messages_of_the_specification() -> None:
    assert cosigned_message(TEXT, TIME) == f"cosignature/v1\ntime 1679315147\n{TEXT}".encode()
    assert cosigned_subtree("m.example", TEXT, TIME) == b"".join(
        (
            b"subtree/v1\n\x00",
            b"\x09m.example",
            TIME.to_bytes(8),
            bytes((len(ORIGIN),)) + ORIGIN.encode(),
            bytes(8),
            (20852163).to_bytes(8),
            base64.b64decode(ROOT),
        )
    )


@pytest.mark.parametrize("kind", SIGNERS)
def test_signed_and_verified(kind: str) -> None:
    signer = SIGNERS[kind]
    line = signer.sign(TEXT, TIME)
    note = parse_note(render_note(Note(TEXT, (line,))))
    assert verify_cosignature(note, note.signatures[0], signer.verifier_key) == Cosignature(
        signer.verifier_key, TIME
    )
    assert verify_cosignatures(note, [signer.verifier_key])[0].time == TIME
    assert verify_cosignatures(note, []) == ()


@pytest.mark.parametrize("kind", SIGNERS)
@given(data=st.data())
def test_any_flipped_bit_is_found(kind: str, data: st.DataObject) -> None:
    signer = SIGNERS[kind]
    line = signer.sign(TEXT, TIME)
    changed = bytearray(line.data)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    note = Note(TEXT, (replace(line, data=bytes(changed)),))
    with pytest.raises(VerificationError):
        verify_cosignatures(note, [signer.verifier_key])


@pytest.mark.parametrize("kind", SIGNERS)
@pytest.mark.parametrize(
    "text", [TEXT.replace("sofa", "sofb"), TEXT.replace("63\n", "64\n"), TEXT.replace("Cs", "Ct")]
)
def test_another_checkpoint(kind: str, text: str) -> None:
    signer = SIGNERS[kind]
    with pytest.raises(VerificationError):
        verify_cosignatures(Note(text, (signer.sign(TEXT, TIME),)), [signer.verifier_key])


def test_extension_lines_are_signed_by_ed25519_alone() -> None:
    """As the specification says of ML-DSA-44: no statement is made about them."""
    longer = TEXT + "more\n"
    with pytest.raises(VerificationError):
        verify_cosignatures(Note(longer, (ED.sign(TEXT, TIME),)), [ED.verifier_key])
    assert len(verify_cosignatures(Note(longer, (ML.sign(TEXT, TIME),)), [ML.verifier_key])) == 1


def test_a_logs_signature_is_no_cosignature() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key = make_verifier_key("w.example", private.public_key().public_bytes_raw(), ED25519)
    line = Signature(key.name, key.key_id, private.sign(TEXT.encode()))
    with pytest.raises(VerificationError, match="no cosignature"):
        verify_cosignature(Note(TEXT, (line,)), line, key)
    assert verify_cosignatures(Note(TEXT, (line,)), [key]) == ()


@pytest.mark.parametrize("kind", SIGNERS)
def test_sizes_and_times(kind: str) -> None:
    signer = SIGNERS[kind]
    line = signer.sign(TEXT, TIME)
    for data in (line.data[:-1], line.data + b"\0", line.data[8:], line.data[:8], b"\0"):
        with pytest.raises(VerificationError):
            verify_cosignatures(Note(TEXT, (replace(line, data=data),)), [signer.verifier_key])
    for time in (0, 253_402_300_800, 2**63, 2**64 - 1):
        signed = replace(line, data=pack(">Q", time) + signer.sign(TEXT, time).data[8:])
        with pytest.raises(VerificationError, match="has no time"):
            verify_cosignatures(Note(TEXT, (signed,)), [signer.verifier_key])


def test_names_in_what_ml_dsa_signs() -> None:
    for name, text in (("a" * 256, TEXT), ("", TEXT), ("a", TEXT.replace(ORIGIN, "o" * 256))):
        with pytest.raises(FormatError):
            cosigned_subtree(name, text, TIME)
    with pytest.raises(TrailError):
        cosigned_subtree("a", "no checkpoint\n", TIME)


def test_the_later_of_two_lines_counts() -> None:
    note = Note(TEXT, (ED.sign(TEXT, TIME), ED.sign(TEXT, TIME + 5), ED.sign(TEXT, TIME + 1)))
    assert [one.time for one in verify_cosignatures(note, [ED.verifier_key])] == [TIME + 5]


def test_another_witnesss_line() -> None:
    other = CosignatureSigner("v.example", Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
    line = other.sign(TEXT, TIME)
    assert verify_cosignatures(Note(TEXT, (line,)), [ED.verifier_key]) == ()
    pretended = Signature(ED.verifier_key.name, ED.verifier_key.key_id, line.data)
    with pytest.raises(VerificationError):
        verify_cosignatures(Note(TEXT, (pretended,)), [ED.verifier_key])


def test_libraries_without_ml_dsa_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be verified here is not called tampered with."""
    line = ML.sign(TEXT, TIME)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    with pytest.raises(UnverifiableError) as caught:
        verify_cosignatures(Note(TEXT, (line,)), [ML.verifier_key])
    assert "cryptography" in caught.value.hint
