"""Lines whose parts were rendered before are those that are rendered anew."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.webhook.app.log_lines import LogValue
from lockgate.webhook.app.logs import RECURRING, Log
from lockgate.webhook.app.quick_lines import MAX_KNOWN, QuickLines

NOW_NS = 1_795_000_000_123_456_789
TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class Lines:
    """Keeps lines."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def write(self, line: bytes) -> bool:
        self.lines.append(line)
        return True


class Slowly:
    """Knows no part of a line."""

    def fields(self, fields: object) -> None:
        return None

    def learn(self, fields: object) -> None:
        return


def make_log(lines: Lines, *, quickly: bool) -> Log:
    log = Log(lines, format="json", level="debug", process="worker-0", now_ns=lambda: NOW_NS)
    if not quickly:
        log._quick = Slowly()  # type: ignore[assignment]
    return log


texts = st.one_of(
    st.text(max_size=12),
    st.text(max_size=600),
    st.sampled_from(["allow", "deny", f"with {TOKEN}", TOKEN[:20], "password=x", "é", "a\nb"]),
)
values: st.SearchStrategy[LogValue] = st.one_of(
    st.none(),
    texts,
    st.integers(),
    st.floats(),
    st.booleans(),
    st.lists(texts, max_size=40),
    st.lists(texts, max_size=40).map(tuple),
)
names = st.sampled_from([*sorted(RECURRING), "uid", "name", "reason", "ms", "level"])
told = st.dictionaries(names, values, max_size=12)


@given(st.lists(told, max_size=4))
def test_what_recurs_is_told_as_it_is_the_first_time(some: list[dict[str, LogValue]]) -> None:
    quick, slow = Lines(), Lines()
    quickly, slowly = make_log(quick, quickly=True), make_log(slow, quickly=False)
    # Each again, when what recurs is known.
    for fields in [*some, *some]:
        quickly.write("info", "request", fields)
        slowly.write("info", "request", fields)
    assert quick.lines == slow.lines


def test_a_part_is_remembered_and_a_secret_is_not() -> None:
    quick = QuickLines(RECURRING)
    fields: dict[str, LogValue] = {"uid": "u", "verdict": "deny", "policies": ("K8s/a: deny",), "ms": 1.5}
    assert quick.fields(fields) is None
    quick.learn(fields)
    assert quick.fields(fields) == ',"uid":"u","verdict":"deny","policies":["K8s/a: deny"],"ms":1.5'
    assert quick.fields({**fields, "uid": TOKEN}) is None


@pytest.mark.parametrize("more", [1, MAX_KNOWN])
def test_what_is_remembered_is_bounded(more: int) -> None:
    quick = QuickLines(frozenset({"name"}))
    for number in range(MAX_KNOWN + more):
        quick.learn({"name": f"n{number}"})
    known = [number for number in range(MAX_KNOWN + more) if quick.fields({"name": f"n{number}"})]
    assert known == [*range(MAX_KNOWN, MAX_KNOWN + more)]
