"""What a record claims of the cluster: that an object comes, or goes, as it was judged. Seen there, it is no claim any more.

A validating webhook is shown the object as it will be stored: it has its uid, and only the API server's own
bookkeeping still changes.
https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, Literal, final

from lockgate.audit.body import value_bytes
from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Decision
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.masking.masked_value import mask_values
from lockgate.engine.record import light_record
from lockgate.webhook.serving.admitting import Mode
from lockgate.webhook.serving.feed import Frame, render_frame
from lockgate.webhook.serving.wire import AdmissionCall

# Claims that wait to be told to main, of one worker; what is beyond stays a claim.
MOST_UNTOLD: Final = 20_000
# An API server's uids are UUIDs.
MAX_UID: Final = 64
MAX_KIND: Final = 400
# Subresources whose object is the one above them, whole.
_WHOLE: Final = frozenset({"", "status", "ephemeralcontainers", "resize"})
_LET_THROUGH: Final = frozenset({"allow", "warn"})
# What the API server writes last.
_BOOKKEEPING: Final = ("managedFields", "resourceVersion")


@light_record
class Claim:
    """What a record says will be there. content: the object's digest; "" where it will go.

    of: whether that is of the object as it is, or of its masked form, which is all that a record keeps.
    """

    index: int
    kind: GroupVersionKind
    uid: str
    content: str
    of: Literal["whole", "masked"] = "whole"


def claim_of(call: AdmissionCall, decision: Decision, index: int, mode: Mode = "enforce") -> Claim | None:
    """What the record of a call claims; None where it claims nothing that could be seen. mode: how it is answered."""
    if decision.verdict not in _LET_THROUGH and mode == "enforce":
        return None
    return claim_of_request(call.request, index)


def claim_of_request(
    request: Mapping[str, Value], index: int, of: Literal["whole", "masked"] = "whole"
) -> Claim | None:
    """What a request that was let through claims; None for nothing. of: is it as it was sent, or as a record keeps it?"""
    below = request.get("subResource") or ""
    if below not in _WHOLE:
        return None
    goes = request.get("operation") == "DELETE"
    value = request.get("oldObject" if goes else "object")
    told = request.get("kind")
    if not isinstance(value, dict) or not isinstance(told, dict):
        return None
    group, version, kind = [told.get(name) or "" for name in ("group", "version", "kind")]
    if not isinstance(group, str) or not isinstance(version, str) or not isinstance(kind, str):
        return None
    uid = object_uid(value)
    # Whoever sends reviews chooses these texts.
    if not 0 < len(uid) <= MAX_UID or len(group + version + kind) > MAX_KIND:
        return None
    parts: Literal["all", "without status"] = "all" if below == "status" else "without status"
    content = "" if goes else object_content(value, parts)
    return Claim(index, GroupVersionKind(group, version, kind), uid, content, of)


def object_uid(value: dict[str, Value]) -> str:
    """The object's uid; "" without one."""
    metadata = value.get("metadata")
    found = metadata.get("uid") if isinstance(metadata, dict) else None
    return found if isinstance(found, str) else ""


def object_content(value: dict[str, Value], parts: Literal["all", "without status"]) -> str:
    """SHA-256 (hex) of the object without the API server's bookkeeping.

    Without status: only a request for the status itself says what it will be. Some kinds' is filled in when they are read
    from etcd (a PersistentVolumeClaim's phase), behind what a webhook is shown.
    """
    kept = {name: part for name, part in value.items() if name != "status" or parts == "all"}
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        kept["metadata"] = {name: part for name, part in metadata.items() if name not in _BOOKKEEPING}
    return sha256(value_bytes(kept)).hexdigest()


def masked_content(value: dict[str, Value], parts: Literal["all", "without status"]) -> str:
    """As `object_content`, of the object as a record keeps it: masked."""
    (masked,) = mask_values([value]).values
    return object_content(masked, parts) if isinstance(masked, dict) else ""


@final
class Untold:
    """The claims of a worker that main was not told yet."""

    __slots__ = ("_claims",)

    def __init__(self) -> None:
        self._claims: list[Claim] = []

    def add(self, call: AdmissionCall, decision: Decision, index: int, mode: Mode = "enforce") -> None:
        """Notes what a record claims."""
        if len(self._claims) < MOST_UNTOLD:
            claim = claim_of(call, decision, index, mode)
            if claim is not None:
                self._claims.append(claim)

    def take(self) -> list[Claim]:
        """Those since the last time."""
        taken, self._claims = self._claims, []
        return taken


def render_claims(claims: Iterable[Claim]) -> bytes:
    """The frame that tells main."""
    told = [
        [one.index, one.kind.group, one.kind.version, one.kind.kind, one.uid, one.content] for one in claims
    ]
    return render_frame("claims", {"claims": told})


def parse_claims(frame: Frame) -> Sequence[Claim]:
    """The claims of a frame."""
    return [
        Claim(index, GroupVersionKind(group, version, kind), uid, content)
        for index, group, version, kind, uid, content in frame.header["claims"]
    ]
