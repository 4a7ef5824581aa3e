"""What a break-glass grant let through, on its way onto the trail; into the spool where there is no way."""

import time
from dataclasses import replace
from hashlib import sha256
from typing import Final, final

from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.grant_use import GrantUse
from lockgate.audit.recorder import Recorder, describe_use
from lockgate.audit.times import render_time
from lockgate.engine.codegen.values import Value, render_json
from lockgate.webhook.grant_drafts import use_draft
from lockgate.webhook.serving.admitting import Admitted
from lockgate.webhook.serving.wire import AdmissionCall
from lockgate.webhook.spool import Spool, SpooledUse

# As entries and lines of the spool have room for.
MAX_REASON: Final = 500


@final
class GlassUses:
    """Makes the record of uses. spool: None where there is none: what cannot be recorded is then not let through."""

    __slots__ = ("_recorder", "_spool")

    def __init__(self, recorder: Recorder, spool: Spool | None) -> None:
        self._recorder = recorder
        self._spool = spool

    def draft(self, call: AdmissionCall, admitted: Admitted) -> Draft:
        """The draft of a use; a retry of the same request is recorded once."""
        return use_draft(self._recorder, admitted.grant, describe_call(call, admitted), _key(call, admitted))

    def keep(self, call: AdmissionCall, admitted: Admitted) -> None:
        """Keeps a use until it can be appended, durably. Raises TrailError; blocks on the disk."""
        if self._spool is None:
            raise TrailError("there is no spool for what cannot be recorded", hint="name a folder for it")
        claimed = render_time(time.time_ns() // 1_000_000)
        use = replace(describe_call(call, admitted), claimed=claimed)
        self._spool.keep(SpooledUse(admitted.grant, _key(call, admitted), use))


def describe_call(call: AdmissionCall, admitted: Admitted) -> GrantUse:
    """The use of a grant for a call, also for one of which nothing could be judged."""
    reason = admitted.reason[:MAX_REASON]
    if admitted.judged is not None:
        use = describe_use(admitted.judged.review, admitted.judged.decision)
        return replace(use, outcome="error", reason=reason) if reason else use
    group, version, kind = call.kind
    namespace = call.namespace
    return GrantUse(
        "error",
        call.operation,
        "/".join([part for part in (group, version, kind) if part]),
        f"{group}/{version}/{kind}/{namespace}/{call.name}/{_uid(call.request.get('object'))}",
        namespace,
        _text(call.request.get("userInfo"), "username"),
        reason=reason,
    )


def _text(value: Value, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _uid(value: Value) -> str:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    return _text(metadata, "uid")


def _key(call: AdmissionCall, admitted: Admitted) -> str:
    # With what was asked: who makes up a review with a uid that is to come cannot take its place.
    told = sha256(render_json(call.request).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{admitted.grant}/{call.uid}/{told}"
