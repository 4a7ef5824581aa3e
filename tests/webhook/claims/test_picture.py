"""Pictures: no two boxes overlap, no text leaves its box, every line joins boxes from left to right."""

from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.claims.asked import Asked, Charge, Named
from lockgate.webhook.claims.drivers import Drivers
from lockgate.webhook.claims.linking import link
from lockgate.webhook.claims.picture import draw
from lockgate.webhook.claims.svg import _cut, _width, render_svg
from lockgate.webhook.report import Resource

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=80)
CHARGES = st.builds(
    lambda name, count: Charge((), "r", "claim", name, "", count, 1, count, ()), NAMES, st.integers(1, 32)
)
CLAIMS = st.builds(
    lambda name, charges: Asked(
        "f", 1, Resource("resource.k8s.io/v1", "ResourceClaim", "n", name), tuple(charges), (), (), ()
    ),
    NAMES,
    st.lists(CHARGES, max_size=3),
)
PODS = st.builds(
    lambda name, named: Asked("f", 1, Resource("v1", "Pod", "n", name), (), tuple(named), (), ()),
    NAMES,
    st.lists(st.builds(lambda name: Named((), "c", False, name, True, 1), NAMES), max_size=3),
)


def test_an_empty_picture_says_so() -> None:
    assert "nothing here asks for devices" in render_svg(draw([], link([], Drivers([], []))))
    claim = Asked("f", 1, Resource("resource.k8s.io/v1", "ResourceClaim", "n", "c"), (), (), (), ())
    assert "nothing here" not in render_svg(draw([claim], link([claim], Drivers([], []))))


@given(st.lists(CLAIMS | PODS, max_size=12))
def test_every_box_is_drawn_once_and_lines_go_right(asked: list[Asked]) -> None:
    picture = draw(asked, link(asked, Drivers([], [])))
    boxes = {box.key: box for column in picture.columns for box in column}
    assert len(boxes) == sum(len(column) for column in picture.columns)
    for number, column in enumerate(picture.columns):
        assert [box.row for box in column] == list(range(len(column)))
        assert all(box.column == number for box in column)
    for line in picture.lines:
        assert boxes[line.start].column < boxes[line.end].column
    render_svg(picture)


@given(NAMES, st.sampled_from([10, 12]))
def test_text_fits_its_box(text: str, size: int) -> None:
    shown = _cut(text, size)
    assert _width(shown) * size * 0.61 <= 250 + size
    assert shown == text or "…" in shown
