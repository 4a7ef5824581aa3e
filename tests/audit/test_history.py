"""What the special entries of a log say: stream heads that are wrong, or too many to be recomputed."""

from lockgate.audit.canonical import canonical_bytes
from lockgate.audit.entry import Entry, parse_entry
from lockgate.audit.merkle import Hash
from lockgate.audit.note import encode_base64
from lockgate.audit.verify.findings import Findings
from lockgate.audit.verify.history import History

ROOT: Hash = b"r" * 32


def heads_entry(index: int, count: int, root: Hash = ROOT) -> Entry:
    value = {
        "v": 1,
        "kind": "stream-heads",
        "time": "2026-11-26T09:30:00.123Z",
        "streams": [],
        "size": index,
        "count": count,
        "root": encode_base64(root),
    }
    return parse_entry(canonical_bytes(value))  # type: ignore[arg-type]


class Heads:
    """Forty streams; counts how often their root was asked for."""

    def __init__(self, count: int = 40) -> None:
        self.count = count
        self.asked = 0

    def __call__(self) -> tuple[int, Hash]:
        self.asked += 1
        return self.count, ROOT


def messages(*entries: tuple[int, Entry], heads: Heads) -> list[str]:
    findings = Findings()
    history = History("example.com/log", findings)
    for index, entry in entries:
        history.take(entry, index, heads)
    return [f"{one.code} {one.where}: {one.message}" for one in findings.found]


def test_heads_that_come_too_soon_are_a_finding_and_not_recomputed() -> None:
    heads = Heads()
    # Forty streams are told after three entries at the soonest.
    soon = [(index, heads_entry(index, 40)) for index in range(101, 200)]
    said = messages((100, heads_entry(100, 40)), *soon, heads=heads)
    assert said[0] == "stream-heads-wrong entry 101: it comes too soon after the last, with 40 streams"
    assert heads.asked == 1


def test_the_soonest_that_is_allowed() -> None:
    assert messages((100, heads_entry(100, 40)), (104, heads_entry(104, 40)), heads=Heads()) == []
    said = messages((100, heads_entry(100, 40)), (103, heads_entry(103, 40)), heads=Heads())
    assert len(said) == 1
    assert messages((2, heads_entry(2, 40)), heads=Heads())
    assert messages((3, heads_entry(3, 40)), heads=Heads()) == []


def test_after_heads_that_are_wrong_none_are_recomputed() -> None:
    heads = Heads()
    claimed = [(index, heads_entry(index, 1)) for index in range(100, 1000, 2)]
    said = messages(*claimed, heads=heads)
    assert said == ["stream-heads-wrong entry 100: the heads of the streams are not what it says"]
    assert heads.asked == 1
