"""The tree of stream heads: every head is shown, absence too, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.merkle import EMPTY_ROOT, leaf_hash
from lockgate.audit.streams import (
    StreamHead,
    check_stream_name,
    find_heads,
    heads_root,
    model_stream,
    policy_stream,
    verify_absence,
    verify_head,
)

names = st.text("abc/*-~", min_size=1, max_size=6)


@given(st.sets(names, max_size=20), names)
def test_heads_and_their_absence(some: set[str], asked: str) -> None:
    heads = [StreamHead(name, len(name), leaf_hash(name.encode())) for name in some]
    root = heads_root(heads)
    proofs = find_heads(heads, asked)
    if asked in some:
        assert [proof.head.name for proof in proofs] == [asked]
        verify_head(proofs[0], root)
        with pytest.raises(VerificationError):
            verify_absence(asked, proofs, len(heads), root)
        others = find_heads([one for one in heads if one.name != asked], asked)
        with pytest.raises(VerificationError):
            verify_absence(asked, others, len(heads), root)
        return
    verify_absence(asked, proofs, len(heads), root)
    for fewer in (proofs[1:], proofs[:-1]):
        if fewer != proofs:
            with pytest.raises(VerificationError):
                verify_absence(asked, fewer, len(heads), root)
    for count in (len(heads) - 1, len(heads) + 1):
        with pytest.raises(VerificationError):
            verify_absence(asked, proofs, count, root)


def test_a_tree_of_no_streams_has_its_root() -> None:
    verify_absence("a", (), 0, EMPTY_ROOT)
    with pytest.raises(VerificationError):
        verify_absence("a", (), 0, bytes(32))


def test_names() -> None:
    assert model_stream("team/fraud detection", "prod") == "model/team%2Ffraud%20detection/prod"
    with pytest.raises(FormatError):
        model_stream("\ud800", "prod")
    with pytest.raises(FormatError):
        policy_stream("Kind", "\udfff")
    for name in ("", "a b", "a\n", "é", "a" * 301):
        with pytest.raises(FormatError):
            check_stream_name(name)
