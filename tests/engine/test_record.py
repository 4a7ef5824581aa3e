"""Records behave as frozen dataclasses with slots do."""

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.engine.record import changed, light_record, mutable_record, ordered_record, record


@record
class Point:
    """A place."""

    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.x + self.y


@ordered_record
class Version:
    major: int
    minor: int


@dataclass(frozen=True, slots=True, order=True)
class DataVersion:
    major: int
    minor: int


@record
class Named(Point):
    name: str = "n"


@light_record
class Light:
    x: int
    y: int = 0
    tags: list[str] = field(default_factory=list)


@mutable_record
class Tally:
    """What was counted."""

    name: str
    count: int = 0
    seen: list[str] = field(default_factory=list)

    def add(self, one: str) -> None:
        self.count += 1
        self.seen.append(one)


@record
class Empty:
    """Nothing."""


@record
class Single:
    only: tuple[int, ...] = ()


def test_fields_defaults_and_methods() -> None:
    point = Point(1)
    assert (point.x, point.y, point.tags, point.total) == (1, 0, [], 1)
    assert point.tags is not Point(1).tags
    assert Point(y=2, x=1) == Point(1, 2)
    assert repr(point) == "Point(x=1, y=0, tags=[])"
    assert Point.__doc__ == "A place."
    assert Point.__module__ == __name__
    assert not hasattr(point, "__dict__")


@pytest.mark.parametrize("arguments", [(), (1, 2, [], 4)])
def test_wrong_arguments(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="__init__"):
        Point(*arguments)


def test_frozen() -> None:
    point: Any = Point(1)
    for name in ("x", "z"):
        with pytest.raises(FrozenInstanceError):
            setattr(point, name, 2)
    with pytest.raises(FrozenInstanceError):
        del point.x
    assert point.x == 1


def test_mutable() -> None:
    tally = Tally("a")
    tally.add("x")
    tally.name = "b"
    assert repr(tally) == "Tally(name='b', count=1, seen=['x'])"
    assert tally != Tally("b", 1, ["x"])
    assert hash(tally)
    assert Tally("a").seen is not Tally("a").seen
    assert copy.copy(tally).seen is tally.seen
    anything: Any = tally
    with pytest.raises(AttributeError):
        anything.other = 1


def test_the_first_instance_is_made_like_any_other() -> None:
    @record
    class Base:
        x: int
        y: int = 0

    @record
    class Derived(Base):
        z: int = 1

    for _ in range(2):
        with pytest.raises(TypeError, match="__init__"):
            Derived()  # type: ignore[call-arg]
        derived = Derived(1, z=3)
        assert (derived.x, derived.y, derived.z) == (1, 0, 3)
        base = Base(5)
        assert (base.x, base.y) == (5, 0)


# With as many instances as it takes before an `__init__` is compiled, and then some.
@pytest.mark.parametrize("before", [0, 1, 100])
def test_every_instance_takes_the_same_arguments(before: int) -> None:
    @record
    class Pair:
        x: int
        y: int = 0
        tags: list[str] = field(default_factory=list)

    made: Any = Pair
    for number in range(before):
        made(number)
    assert made(1) == made(x=1) == made(1, 0, []) == made(y=0, x=1, tags=[])
    assert made(1).tags is not made(1).tags
    for arguments, named in (
        ((), {}),
        ((), {"y": 1}),
        ((1,), {"x": 1}),
        ((1,), {"z": 1}),
        ((), {"z": 1, "y": 2}),
        ((1, 2, [], 4), {}),
        ((1, 2, [], 4), {"x": 1}),
        ((), {"z": 1, "y": 2, "tags": []}),
    ):
        with pytest.raises(TypeError, match="__init__"):
            made(*arguments, **named)
        # What went wrong changes nothing for the next.
        assert made(3, tags=["a"]).tags == ["a"]


def test_equality_is_by_class_and_fields() -> None:
    assert Version(1, 2) == Version(1, 2)
    assert Version(1, 2) != Version(1, 3)
    others: list[object] = [DataVersion(1, 2), (1, 2), None]
    assert Version(1, 2) not in others
    assert hash(Version(1, 2)) == hash(Version(1, 2))
    assert len({Version(1, 2), Version(1, 2), Version(2, 1)}) == 2
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert Single((1,)) == Single((1,)) != Single()


def test_inheritance() -> None:
    named = Named(1, 2, ["a"], "b")
    assert (named.total, named.name, Named(1).name) == (3, "b", "n")
    assert named != Point(1, 2, ["a"])
    assert isinstance(named, Point)


def test_copies() -> None:
    point = Point(1, 2, ["a"])
    assert copy.copy(point) == point
    assert copy.deepcopy(point) == point
    assert copy.deepcopy(point).tags is not point.tags
    assert pickle.loads(pickle.dumps(Version(1, 2))) == Version(1, 2)
    assert replace(point, y=5) == Point(1, 5, ["a"])
    with pytest.raises(TypeError):
        replace(point, z=1)  # type: ignore[call-arg]


def test_a_changed_copy_is_what_dataclasses_make() -> None:
    point = Named(1, tags=["a"], name="x")
    for changes in ({}, {"y": 5}, {"name": "y", "tags": []}):
        made = changed(point, **changes)
        assert made == replace(point, **changes)
        assert made is not point
    with pytest.raises(TypeError, match="__init__"):
        changed(point, other=1)


def test_dataclasses_take_records_for_theirs() -> None:
    point: Any = Point(1, 2, ["a"])
    assert [one.name for one in fields(point)] == ["x", "y", "tags"]
    assert asdict(point) == {"x": 1, "y": 2, "tags": ["a"]}

    @dataclass(frozen=True, slots=True)
    class Deeper(Version):
        patch: int = 0

    deeper: Any = Deeper(1, 2, 3)
    assert (deeper.major, deeper.minor, deeper.patch) == (1, 2, 3)
    assert replace(deeper, minor=5) == Deeper(1, 5, 3)
    with pytest.raises(FrozenInstanceError):
        deeper.patch = 4


def test_matching() -> None:
    match Version(1, 2):
        case Version(major, minor):
            assert (major, minor) == (1, 2)


def test_defaults_that_can_change_are_refused() -> None:
    class Wrong:
        items: Any = []

    with pytest.raises(TypeError, match="default_factory"):
        record(Wrong)


def test_fields_that_are_left_out_of_methods_are_refused() -> None:
    class Wrong:
        hidden: int = field(default=1, compare=False)

    class Right:
        shown: int = field(default=1)

    with pytest.raises(TypeError, match="a default only"):
        record(Wrong)
    assert record(Right)().shown == 1


def test_what_records_do_not_do_is_refused() -> None:
    class Shared:
        count: ClassVar[int] = 0

    class Late:
        x: int

        def __post_init__(self) -> None:
            raise AssertionError

    with pytest.raises(TypeError, match=r"'count' of .*Shared is no field"):
        record(Shared)
    with pytest.raises(TypeError, match="__post_init__"):
        record(Late)


def test_names_of_fields_do_not_meet_those_of_the_code() -> None:
    @record
    class Setting:
        x: int
        set_x: int
        default_set_x: int = 3
        make_x: list[int] = field(default_factory=list)

    assert repr(Setting(1, 2)).endswith("Setting(x=1, set_x=2, default_set_x=3, make_x=[])")


NUMBERS = st.integers(0, 3)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_order_is_that_of_dataclasses(a: int, b: int, c: int, d: int) -> None:
    ours, theirs = (Version(a, b), Version(c, d)), (DataVersion(a, b), DataVersion(c, d))
    assert (ours[0] < ours[1], ours[0] <= ours[1], ours[0] > ours[1], ours[0] >= ours[1]) == (
        theirs[0] < theirs[1],
        theirs[0] <= theirs[1],
        theirs[0] > theirs[1],
        theirs[0] >= theirs[1],
    )
    with pytest.raises(TypeError):
        assert ours[0] < (a, b)  # type: ignore[operator]


def test_a_light_record_is_one_but_for_its_speed() -> None:
    made = Light(1)
    assert (made.x, made.y, made.tags) == (1, 0, []) and made.tags is not Light(1).tags
    assert made == Light(1, 0) and made != Light(2) and repr(made) == "Light(x=1, y=0, tags=[])"
    assert replace(made, y=3) == Light(1, 3) and [one.name for one in fields(Light)] == ["x", "y", "tags"]
    assert pickle.loads(pickle.dumps(made)) == made and copy.copy(made) == made
    assert not hasattr(made, "__dict__")
