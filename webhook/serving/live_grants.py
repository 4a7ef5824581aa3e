"""Break-glass as the server sees it: grants and policies come and go as objects; what was taken away never comes back."""

from collections.abc import Iterable
from typing import Final, final

from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import PolicyError
from lockgate.engine.gvk import GroupVersionKind
from lockgate.gatekeeper.break_glass.grant import Grant, parse_grant
from lockgate.gatekeeper.break_glass.grants import Grants
from lockgate.gatekeeper.break_glass.kinds import GROUP, is_grant, is_grant_policy
from lockgate.gatekeeper.break_glass.policy import GrantPolicy, parse_grant_policy
from lockgate.webhook.serving.objects import Change, ObjectKey

# A grant has a few hundred bytes, and a policy a key for each signer.
MAX_OBJECT: Final = 1 << 20
# What was taken away and counted; more than signers make. Those that would have ended first are forgotten first.
MAX_ENDED: Final = 10_000
_NEVER: Final = 1 << 63

Parsed = Grant | GrantPolicy | None


def is_about_grants(kind: GroupVersionKind) -> bool:
    """Is the kind one of break-glass?"""
    return kind.group == GROUP


@final
class LiveGrants:
    """Applies changes of objects by their key. `grants` is replaced as a whole; whoever has one keeps it."""

    __slots__ = ("_ended", "_objects", "grants", "problems")

    def __init__(self, ended: frozenset[str] = frozenset()) -> None:
        """`ended`: digests of grants that were taken away before this process began, as the trail has them."""
        self._objects: dict[ObjectKey, Parsed] = {}
        self._ended: dict[str, int] = dict.fromkeys(ended, _NEVER)
        self.grants = Grants((), (), ended)
        # What is wrong with objects that are there, by key.
        self.problems: dict[ObjectKey, str] = {}

    def apply(self, changes: Iterable[Change]) -> None:
        """Applies changes together; objects of other kinds are passed over."""
        about = [change for change in changes if is_about_grants(change.key.kind)]
        if not about:
            return
        left: list[Grant] = []
        for key, data in [(change.key, change.data) for change in about]:
            before = self._objects.pop(key, None)
            self.problems.pop(key, None)
            now = None if data is None else self._read(key, data)
            if now is not None:
                self._objects[key] = now
            if isinstance(before, Grant) and not _is_same(before, now) and self.grants.counted(before):
                # Of what never had an effect nothing is kept, so that nobody crowds out what had one.
                left.append(before)
        there = {one.digest for one in self._objects.values() if isinstance(one, Grant)}
        for one in left:
            # A file and the cluster may both have it, and a file may be called otherwise from now on.
            if one.digest not in there:
                self._ended[one.digest] = one.terms.until_ns
        while len(self._ended) > MAX_ENDED:
            del self._ended[min(self._ended, key=self._ended.__getitem__)]
        self.grants = Grants(
            [one for one in self._objects.values() if isinstance(one, Grant)],
            [one for one in self._objects.values() if isinstance(one, GrantPolicy)],
            frozenset(self._ended),
        )

    def _read(self, key: ObjectKey, data: bytes) -> Parsed:
        if len(data) > MAX_OBJECT:
            self.problems[key] = f"it has more than {MAX_OBJECT} bytes"
            return None
        reading = read_documents(data, str(key), duplicates="error")
        if reading.errors or len(reading.documents) != 1:
            self.problems[key] = reading.errors[0].message if reading.errors else "it is not one object"
            return None
        (document,) = reading.documents
        try:
            if is_grant(document.value):
                return parse_grant(document)
            if is_grant_policy(document.value):
                return parse_grant_policy(document)
        except PolicyError as error:
            self.problems[key] = error.message
        return None

    @property
    def ended(self) -> frozenset[str]:
        """Digests of grants that were taken away."""
        return frozenset(self._ended)


def _is_same(before: Grant, now: Parsed) -> bool:
    return isinstance(now, Grant) and now.digest == before.digest
