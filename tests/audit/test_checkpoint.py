"""Checkpoints: the specification's example, round trips, and what is refused."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.checkpoint import (
    MAX_EXTENSIONS,
    Checkpoint,
    open_checkpoint,
    parse_checkpoint,
    parse_size,
    render_checkpoint,
)
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.merkle import EMPTY_ROOT, MAX_SIZE
from lockgate.audit.note import parse_note, render_note
from lockgate.audit.signing import Ed25519Signer, sign_note

ORIGIN = "example.com/behind-the-sofa"
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
# c2sp.org/tlog-cosignature.
EXAMPLE = (
    f"{ORIGIN}\n20852163\n{ROOT}\n\n"
    f"— {ORIGIN} Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe"
    "+mbIUBkBIfZ+qnA==\n"
)


def test_the_example_of_the_specification() -> None:
    note = parse_note(EXAMPLE.encode())
    checkpoint = parse_checkpoint(note.text)
    assert checkpoint == Checkpoint(ORIGIN, 20852163, base64.b64decode(ROOT))
    assert render_checkpoint(checkpoint) == note.text
    # The cosignature's time is the one that the specification writes out.
    assert int.from_bytes(note.signatures[1].data[:8]) == 1679315147
    assert [len(one.data) for one in note.signatures] == [64, 72]


lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)
checkpoints = st.builds(
    Checkpoint,
    lines,
    st.integers(1, MAX_SIZE - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(lines, max_size=MAX_EXTENSIONS).map(tuple),
)


@given(checkpoints)
def test_round_trip(checkpoint: Checkpoint) -> None:
    assert parse_checkpoint(render_checkpoint(checkpoint)) == checkpoint


def text(origin: str = ORIGIN, size: str = "7", root: str = ROOT, rest: str = "") -> str:
    return f"{origin}\n{size}\n{root}\n{rest}"


REFUSED: dict[str, str] = {
    "empty": "",
    "one line": "origin\n",
    "two lines": "origin\n7\n",
    "no newline at the end": text()[:-1],
    "an empty origin": text(origin=""),
    "an empty line at the end": text(rest="\n"),
    "an empty extension": text(rest="a\n\nb\n"),
    "too many extensions": text(rest="a\n" * (MAX_EXTENSIONS + 1)),
    "no size": text(size=""),
    "a negative size": text(size="-7"),
    "a size with a plus": text(size="+7"),
    "a size with a zero before it": text(size="07"),
    "a size of zeros": text(size="00"),
    "a size with a space": text(size=" 7"),
    "a size with an underscore": text(size="1_0"),
    "a size in hex": text(size="0x7"),
    "a fraction": text(size="7.0"),
    "a power": text(size="1e3"),
    "other digits": text(size="\u0667"),
    "a superscript": text(size="\u00b2"),
    "a size beyond every log": text(size=str(MAX_SIZE)),
    "a very long size": text(size="9" * 10_000),
    "no root": text(root=""),
    "a short root": text(root=base64.b64encode(bytes(31)).decode()),
    "a long root": text(root=base64.b64encode(bytes(33)).decode()),
    "a root without padding": text(root=ROOT[:-1]),
    "bits left over": text(root=ROOT[:-2] + "J="),
    "the URL's alphabet": text(root=ROOT.replace("/", "_")),
    "a space in the root": text(root=ROOT + " "),
    "size 0 with a root": text(size="0"),
    "no root of the empty tree": text(size="0", root=base64.b64encode(bytes(32)).decode()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(FormatError):
        parse_checkpoint(REFUSED[name])


def test_the_empty_tree() -> None:
    assert parse_checkpoint(text(size="0", root=base64.b64encode(EMPTY_ROOT).decode())).size == 0


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 7, bytes(32)),
        Checkpoint("a\nb", 7, bytes(32)),
        Checkpoint("a", -1, bytes(32)),
        Checkpoint("a", MAX_SIZE, bytes(32)),
        Checkpoint("a", 7, bytes(31)),
        Checkpoint("a", 7, bytes(32), ("",)),
        Checkpoint("a", 7, bytes(32), ("a\nb",)),
        Checkpoint("a", 7, bytes(32), ("a",) * (MAX_EXTENSIONS + 1)),
    ],
)
def test_not_rendered(checkpoint: Checkpoint) -> None:
    with pytest.raises(FormatError):
        render_checkpoint(checkpoint)


def test_sizes() -> None:
    assert [parse_size(one, "it") for one in ("0", "1", "10", str(MAX_SIZE - 1))] == [0, 1, 10, MAX_SIZE - 1]


def test_opened_by_the_logs_key_for_its_origin() -> None:
    signer = Ed25519Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    note = render_note(sign_note(text(), signer))
    assert open_checkpoint(note, ORIGIN, [signer.verifier_key]).keys == (signer.verifier_key,)
    with pytest.raises(VerificationError, match="is of the log"):
        open_checkpoint(note, ORIGIN + "/2", [signer.verifier_key])
    with pytest.raises(VerificationError, match="not signed"):
        open_checkpoint(note, ORIGIN, [])
    with pytest.raises(FormatError):
        open_checkpoint(render_note(sign_note("no checkpoint\n", signer)), ORIGIN, [signer.verifier_key])
