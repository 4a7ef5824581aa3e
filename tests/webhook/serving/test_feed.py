"""Frames between main and workers, whole however they arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.serving import feed
from lockgate.webhook.serving.feed import (
    FeedError,
    FrameReader,
    parse_changes,
    parse_covered,
    render_changes,
    render_frame,
)
from lockgate.webhook.serving.objects import Change, ObjectKey

POD = GroupVersionKind("", "v1", "Pod")

_keys = st.builds(
    ObjectKey, st.builds(GroupVersionKind, st.text(), st.text(), st.text()), st.text(), st.text()
)
_changes = st.lists(st.builds(Change, _keys, st.none() | st.binary(max_size=50)), max_size=12)


@given(_changes, st.integers(1, 40))
def test_changes_arrive_as_they_were_sent(changes: list[Change], step: int) -> None:
    sent = b"".join(render_changes(3, changes, [POD]))
    reader = FrameReader()
    frames = [frame for at in range(0, len(sent), step) for frame in reader.feed(sent[at : at + step])]
    assert [change for frame in frames for change in parse_changes(frame)] == changes
    assert [frame.header.get("sequence") for frame in frames] == [None] * (len(frames) - 1) + [3]
    assert parse_covered(frames[-1]) == {POD}


def test_many_objects_are_several_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "FRAME_BYTES", 100)
    changes = [Change(ObjectKey(POD, "a", str(number)), b"x" * 60) for number in range(7)]
    frames = [*FrameReader().feed(b"".join(render_changes(1, changes, [])))]
    assert len(frames) == 4
    assert [change for frame in frames for change in parse_changes(frame)] == changes


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff\0\0\0\1x",
        b"\0\0\0\1\0\0\0\1x",
        b"\0\0\0\6\0\0\0\2[]",
        b"\0\0\0\6\0\0\0\2{}",
        b"\0\0\0\6\0\0\0\2{x",
    ],
)
def test_what_is_no_frame_is_an_error(data: bytes) -> None:
    with pytest.raises(FeedError):
        next(FrameReader().feed(data))


def test_a_frame_of_changes_holds_what_it_names() -> None:
    (frame,) = FrameReader().feed(
        render_frame("changes", {"objects": [["", "v1", "Pod", "a", "b", 2]]}, b"xyz")
    )
    with pytest.raises(FeedError):
        parse_changes(frame)
