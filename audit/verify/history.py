"""What a log's special entries say of it: opening and closing, erasures, keys, coverage, changes of policies."""

from collections.abc import Callable, Mapping

from lockgate.audit.canonical import Json
from lockgate.audit.entry import Entry
from lockgate.audit.erasures import Erasures
from lockgate.audit.errors import RuleError
from lockgate.audit.merkle import Hash
from lockgate.audit.note import encode_base64
from lockgate.audit.promotions.history import PromotionHistory
from lockgate.audit.streams import is_early_for_heads
from lockgate.audit.times import parse_time
from lockgate.audit.verify import findings as codes
from lockgate.audit.verify.findings import Findings
from lockgate.audit.verify.holds import Holds


class History:
    """Takes every entry that is no plain decision, in order; the others' count is added by the caller."""

    __slots__ = (
        "_closed_at",
        "_findings",
        "_heads_right",
        "coverage",
        "erasures",
        "first_key",
        "holds",
        "keys",
        "kinds",
        "last_heads",
        "origin",
        "policies",
        "promotions",
    )

    def __init__(self, origin: str, findings: Findings) -> None:
        self.origin = origin
        self._findings = findings
        self._closed_at = -1
        self.erasures = Erasures()
        self.holds = Holds()
        self.kinds: dict[str, int] = {}
        self.keys: list[tuple[int, Mapping[str, Json]]] = []
        self.coverage: dict[str, list[tuple[int, int]]] = {}
        self.policies: list[tuple[int, str, str]] = []
        self.promotions = PromotionHistory()
        self.last_heads = -1
        self._heads_right = True
        self.first_key = ""

    def take(self, entry: Entry, index: int, heads: Callable[[], tuple[int, Hash]]) -> None:
        """The next entry. heads: count and root of the streams as they stood before it."""
        value, where = entry.value, f"entry {index}"
        self.kinds[entry.kind] = self.kinds.get(entry.kind, 0) + 1
        if index == 0 and (entry.kind, value.get("event")) != ("log", "opened"):
            self._findings.add(codes.ORIGIN_WRONG, where, "a log begins with its opening")
        match entry.kind:
            case "log":
                self._take_log(value, index, where)
            case "stream-heads":
                self._take_heads(value, index, heads)
            case "erasure":
                self.erasures.take(index, value)
                self.holds.take_erasure(index, value)
            case "hold":
                self.holds.take_hold(index, value)
            case "key":
                self.keys.append((index, value))
                self._take_promotion(entry, index, where)
            case "promotion":
                self._take_promotion(entry, index, where)
            case "coverage":
                spans = self.coverage.setdefault(str(value["instance"]), [])
                spans.append((parse_time(str(value["from"])), parse_time(str(value["to"]))))
            case "seen":
                self._take_seen(value, index, where)
            case "policy":
                self.policies.append((index, str(value["event"]), str(value["policies"])))

    def _take_promotion(self, entry: Entry, index: int, where: str) -> None:
        try:
            self.promotions.take(index, entry.kind, entry.value, [link.name for link in entry.links])
        except RuleError as error:
            self._findings.add(codes.PROMOTION_WRONG, where, error.message)

    def _take_heads(
        self, value: Mapping[str, Json], index: int, heads: Callable[[], tuple[int, Hash]]
    ) -> None:
        where = f"entry {index}"
        claimed = value["count"]
        assert isinstance(claimed, int)
        if is_early_for_heads(index - self.last_heads - 1, claimed):
            self._findings.add(
                codes.STREAM_HEADS_WRONG, where, f"it comes too soon after the last, with {claimed} streams"
            )
        elif self._heads_right:
            # After one that is wrong no other root is computed: it would cost whoever looks, and say no more.
            count, root = heads()
            self._heads_right = (value["size"], claimed, value["root"]) == (index, count, encode_base64(root))
            if not self._heads_right:
                self._findings.add(
                    codes.STREAM_HEADS_WRONG, where, "the heads of the streams are not what it says"
                )
        self.last_heads = index

    def _take_seen(self, value: Mapping[str, Json], index: int, where: str) -> None:
        records = value["records"]
        assert isinstance(records, list) and isinstance(records[-1], int)
        if records[-1] > index:
            self._findings.add(codes.ENTRY_MALFORMED, where, "it tells of records that come behind it")

    def _take_log(self, value: Mapping[str, Json], index: int, where: str) -> None:
        opened = value["event"] == "opened"
        if opened != (index == 0):
            self._findings.add(codes.ORIGIN_WRONG, where, "a log is opened by entry 0, and by no other")
        if opened and value.get("origin") != self.origin:
            self._findings.add(codes.ORIGIN_WRONG, where, f"it opens the log {value.get('origin')!r}")
        if index == 0 and type(value.get("vkey")) is str:
            self.first_key = str(value["vkey"])
        if not opened and self._closed_at < 0:
            # The first: nothing follows it, another closing neither.
            self._closed_at = index

    def finish(self, size: int) -> None:
        """After the last entry."""
        if -1 < self._closed_at < size - 1:
            self._findings.add(
                codes.ENTRY_MALFORMED, f"entry {self._closed_at + 1}", "it follows the closing of the log"
            )

    def count_erased(self, missing: list[tuple[int, tuple[str, ...]]]) -> int:
        """Checks that every body that is not there was erased by a record; returns how many were.

        missing: entries with the names of their streams.
        """
        erased = 0
        for index, streams in missing:
            if self.erasures.explain(index, streams):
                erased += 1
            else:
                self._findings.add(
                    codes.BODY_MISSING, f"body {index}", "it is not there, and no entry records its erasure"
                )
        return erased
