"""An evidence pack as a value of JSON (`pack.json`): the page and the OSCAL document are made from it, and say nothing more.

Its schema is webhook/schemas/evidence-pack.schema.json. Its `state` is `self-attested`: whoever made a pack could have made all
that lies in it. More is shown to those alone who bring keys of the log and of witnesses from elsewhere.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from lockgate.audit.completeness import head_value
from lockgate.audit.controls.mapping import ControlMapping
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.note import encode_base64
from lockgate.audit.packs.pack import Pack, PackedEnd
from lockgate.audit.packs.scope import Scope
from lockgate.audit.query.render import answer_value, as_of_value, plain
from lockgate.audit.times import render_time
from lockgate.audit.trust import TrustState

SCHEMA_VERSION: Final = 1
STATE: Final = str(TrustState.SELF_ATTESTED)


def proof_path(index: int) -> str:
    """The file of an entry's proof."""
    return f"proofs/{index}.tlog-proof"


def body_path(index: int) -> str:
    """The file of an entry's body, with the key that opens it."""
    return f"bodies/{index}.json"


def envelope_path(index: int) -> str:
    """The file of the signed statement that an entry's body has."""
    return f"envelopes/{index}.dsse.json"


def pack_value(pack: Pack, controls: ControlMapping, made_by: str) -> dict[str, Any]:
    """The pack. Lists are in the order of the log. made_by: which Lockgate made it."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "madeBy": made_by,
        "scope": _scope(pack.scope),
        "asOf": {**as_of_value(pack.as_of), "time": pack.time},
        "state": STATE,
        "identities": "revealed" if pack.revealed else "masked",
        "saidToBeCosignedBy": [*pack.cosigners],
        "shown": [*_shown(pack)],
        "notShown": [*_not_shown(pack)],
        "promotions": [
            {
                "entry": one.made,
                "request": one.request,
                "approvals": [*one.approvals],
                "predecessor": one.predecessor,
                "revokedBy": one.revoked,
                **one.facts,
            }
            for one in pack.promotions
        ],
        "entries": [
            {
                "index": one.index,
                "leafHash": encode_base64(leaf_hash(one.raw)),
                "entry": one.entry.value,
                "body": one.body,
                "erasedBy": one.erased_by,
            }
            for one in pack.entries
        ],
        "streams": [{**plain(replace(one, end=None)), "end": _end(one.end), "statement": one.statement} for one in pack.streams],
        "envelopes": [
            {"entry": one.entry, "kind": one.kind, "payload": one.payload} for one in pack.envelopes
        ],
        "answers": [answer_value(one) for one in pack.answers],
        "controls": {
            "review": controls.review,
            "frameworks": [
                {
                    "id": framework.identifier,
                    "name": framework.name,
                    "controls": [
                        {
                            "id": one.number,
                            "about": one.about,
                            "supports": one.supports,
                            "doesNotSupport": one.does_not,
                            "questions": [
                                {"question": number, "query": _query(pack.scope, number), "lines": _lines(pack, number)}
                                for number in one.questions
                            ],
                        }
                        for one in framework.controls
                    ],
                }
                for framework in controls.frameworks
            ],
        },
    }  # fmt: skip


def _end(end: PackedEnd | None) -> dict[str, Any] | None:
    if end is None:
        return None
    return {"heads": end.heads, "shown": [head_value(one) for one in end.shown]}


def _scope(scope: Scope) -> dict[str, Any]:
    if scope.promotion is not None:
        return {"promotion": scope.promotion}
    return {
        "since": None if scope.since_ms is None else render_time(scope.since_ms),
        "until": None if scope.until_ms is None else render_time(scope.until_ms),
        "model": scope.model,
        "environment": scope.environment,
    }


def _lines(pack: Pack, number: str) -> int | None:
    """How many lines the pack's answer to a question has; None where it has none to it."""
    return next((len(one.lines) for one in pack.answers if one.number == number), None)


def _query(scope: Scope, number: str) -> str:
    """The command that shows it, without names, which a shell would read in its own way."""
    parts = [f"lockgate audit query --question {number}"]
    if number == "a8":
        parts.append("--reveal")
    if scope.since_ms is not None and number not in ("a2", "a4", "a15"):
        parts.append(f"--since {render_time(scope.since_ms)}")
        if scope.until_ms is not None:
            parts.append(f"--until {render_time(scope.until_ms)}")
    return " ".join([*parts, "--trail HOME"])


def _shown(pack: Pack) -> Iterator[str]:
    yield (
        f"{len(pack.entries)} entries are in the log of {pack.as_of.size} entries that the checkpoint signs: to whoever has the "
        "log's key from elsewhere than this pack"
    )
    yield from [one.statement for one in pack.streams]
    if pack.promotions:
        yield "each promotion names its request and approvals by their entries, and the verifier compares them"
    if pack.opened:
        yield f"{len(pack.opened)} bodies open with their keys to what their entries committed to"
    if pack.envelopes:
        yield (
            f"{len(pack.envelopes)} signed statements are those that the bodies have; whose key signed is shown to whoever has "
            "people's public keys, which are not in the log"
        )


def _not_shown(pack: Pack) -> Iterator[str]:
    yield (
        "By itself this pack is self-attested: whoever made it could have made the key, the entries and the verifier in it too. "
        "Get the log's key, keys of witnesses, and the verifier from elsewhere (VERIFY.md)"
    )
    if not pack.cosigners:
        yield "no witness vouches for the log: whoever holds its key can have written another one"
    yield "times are the clock of the log's keeper, but for those that a witness put under a checkpoint"
    yield (
        "answers, counts, how promotions stand now, and controls were reckoned by whoever made the pack; only promotions, entries, "
        "streams and envelopes are compared with the proofs"
    )
    if pack.scope.promotion is not None:
        yield (
            "that there is no other promotion of these bytes, and that nothing happened to it behind the checkpoint"
        )
    elif pack.scope.is_filtered:
        yield (
            "that these are all promotions of the model or environment: `lockgate audit query --complete` on the trail shows it"
        )
    if pack.scope.promotion is None and pack.scope.until_ms is None:
        yield f"what happened behind {pack.time}, with which the log ends as of this pack"
    gone = [one.index for one in pack.entries if one.body == "erased"]
    if gone:
        named = ", ".join([str(one) for one in gone[:20]]) + (" and others" if len(gone) > 20 else "")
        yield f"what the bodies of {len(gone)} entries said ({named}): they were erased, as entries of their own record"
    if not pack.revealed:
        yield (
            "who people are: pseudonyms stand for them, and statements, approvals and evidence are left out, since they name them "
            "(`--reveal` puts them in)"
        )
    yield "what was deployed past the gate, which no entry tells of: `lockgate audit reconcile` looks for it"
