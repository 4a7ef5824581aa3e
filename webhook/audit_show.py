"""`lockgate audit show`: entries, each proven against the latest checkpoint, with what they rest on."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click
from lockgate.audit.canonical import Json
from lockgate.audit.entry import SCHEMAS, Entry, parse_entry
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.note import encode_base64
from lockgate.audit.seen import SeenRecords, is_claim
from lockgate.audit.standing import ProvenEntry, Standing
from lockgate.engine.codegen.values import Value
from lockgate.engine.errors import UsageError
from lockgate.webhook.appending import append_one
from lockgate.webhook.audit_options import ACTOR, EPILOG, FORMAT, TRAIL
from lockgate.webhook.bodies import open_body
from lockgate.webhook.output import write_output
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail import Trail, current_user
from lockgate.webhook.trail_reading import Reading, open_reading

# Entries that are shown at once; whoever wants more wants an export.
MAX_SHOWN: Final = 10_000
_BLOCK: Final = 256
CLAIMED: Final = "claimed"
_SHOWN_APART: Final = frozenset(("v", "kind", "time", "streams", "commitments", "body"))


@click.command(epilog=EPILOG)
@click.argument("indices", nargs=-1, type=click.IntRange(min=0), metavar="INDEX...")
@click.option(
    "--last",
    type=click.IntRange(1, MAX_SHOWN),
    metavar="N",
    help="The last N entries (10 without anything else).",
)
@click.option("--kind", type=click.Choice(sorted(SCHEMAS)), help="Only entries of this kind.")
@click.option(
    "--reveal", is_flag=True, help="Open the bodies with the master key; the log keeps that you did."
)
@FORMAT
@ACTOR
@TRAIL
def show(
    indices: tuple[int, ...],
    last: int | None,
    kind: str | None,
    reveal: bool,
    chosen: str,
    actor: str | None,
    home: str,
) -> None:
    """Shows entries by their index, or the last ones.

    \b
    Examples:
      lockgate audit show --trail trail/ --last 5
      lockgate audit show --trail trail/ --kind decision --format json
      lockgate audit show --trail trail/ 12 --reveal
    """
    if indices and (last or kind):
        raise UsageError("show entries by index, or the last of a kind", hint="give one of both")
    if len(indices) > MAX_SHOWN:
        raise UsageError(f"at most {MAX_SHOWN} entries are shown at once", hint="make an export")
    with open_reading(home) as reading:
        standing = reading.standing()
        wanted = list(indices) if indices else sorted(_last(reading, standing, last or 10, kind))
        proven = [standing.prove(index) for index in wanted]
        opened: dict[int, str] = {}
        if reveal and proven:
            if reading.trail is None:
                raise UsageError("an export is revealed by its own bodies", hint="name a trail's home")
            opened = _reveal(reading.trail, proven, actor or current_user())
        parsed = {one.index: parse_entry(one.entry) for one in proven}
        seen = SeenRecords(reading.reader, standing, min(parsed, default=0))
        shown = [
            _Shown(
                one,
                parsed[one.index],
                opened.get(one.index),
                _is_kept(reading, one.index),
                _seen(seen, one.index, parsed[one.index]),
            )
            for one in proven
        ]
        write_output(
            _render_json(shown, standing) if chosen == "json" else _render_text(shown, standing), None
        )


class _Shown:
    """An entry to be shown; `body` is its opened body, as JSON text; `is_kept`: there is a sealed one here.

    `seen`: of a decision on what a caller sent, whether its object was seen, and by which entry.
    """

    def __init__(
        self, proven: ProvenEntry, entry: Entry, body: str | None, is_kept: bool, seen: str | int
    ) -> None:
        self.proven = proven
        self.entry = entry
        self.body = body
        self.is_kept = is_kept
        self.seen = seen


def _seen(seen: SeenRecords, index: int, entry: Entry) -> str | int:
    """The entry that tells that its object was seen; `claimed` without one; nothing for what claims nothing."""
    if not is_claim(entry.value):
        return ""
    found = seen.seen_at(index, entry)
    return CLAIMED if found is None else found


def _is_kept(reading: Reading, index: int) -> bool:
    return any(body.sealed is not None for body in reading.reader.bodies(index, index + 1))


def _last(reading: Reading, standing: Standing, count: int, kind: str | None) -> Iterator[int]:
    """Indices of the last entries, of a kind where one is named."""
    stop = standing.checkpoint.size
    if kind is None:
        yield from range(max(0, stop - count), stop)
        return
    while stop > 0 and count > 0:
        start = max(0, stop - _BLOCK)
        entries = list(reading.reader.entries(start, stop))
        for index in range(start + len(entries) - 1, start - 1, -1):
            if count and parse_entry(entries[index - start]).kind == kind:
                count -= 1
                yield index
        stop = start


def _reveal(trail: Trail, proven: list[ProvenEntry], actor: str) -> dict[int, str]:
    """The bodies of entries, once the log has that they were looked at."""
    found = {
        one.index: body
        for one in proven
        for body in trail.store.bodies(one.index, one.index + 1)
        if body.sealed is not None
    }
    if not found:
        return {}
    index = proven[0].index if len(found) == 1 else None
    asked: list[Value] = []
    asked.extend(list(found)[:_BLOCK])
    draft = trail.recorder().access("reveal", len(found), actor, {"entries": asked}, index)
    append_one(trail, draft)
    return {
        one.index: open_body(trail.vault(), one.index, one.entry, found[one.index]).decode("utf-8", "replace")
        for one in proven
        if one.index in found
    }


def _render_json(shown: list[_Shown], standing: Standing) -> str:
    checkpoint = standing.checkpoint
    entries: list[dict[str, Any]] = []
    for one in shown:
        proven = one.proven
        made: dict[str, Any] = {
            "index": proven.index,
            "leafHash": encode_base64(leaf_hash(proven.entry)),
            "entry": one.entry.value,
            "state": str(standing.assurance.of(proven.index).state),
        }
        if one.seen == CLAIMED:
            made["object"] = {"state": CLAIMED}
        elif one.seen != "":
            made["object"] = {"state": "seen", "entry": one.seen}
        if one.body is not None:
            made["body"] = json.loads(one.body)
        entries.append(made)
    value = {
        "schemaVersion": 1,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": encode_base64(checkpoint.root),
        "state": str(standing.assurance.state),
        "entries": entries,
    }
    return json.dumps(value, indent=2) + "\n"


def _render_text(shown: list[_Shown], standing: Standing) -> str:
    checkpoint = standing.checkpoint
    lines: list[str] = []
    for one in shown:
        lines += [
            *_entry_lines(one),
            f"  rests on      {standing.assurance.statement(one.proven.index).partition(': ')[2]}",
            "",
        ]
    lines.append(f"{printable(checkpoint.origin)}, {checkpoint.size} entries: {standing.assurance.state}")
    lines += [f"  {printable(remark)}" for remark in standing.assurance.remarks]
    return "\n".join(lines) + "\n"


def _entry_lines(one: _Shown) -> Iterator[str]:
    entry = one.entry
    yield f"entry {one.proven.index} · {entry.kind} · {entry.value['time']}"
    for name, value in entry.value.items():
        if name not in _SHOWN_APART:
            yield f"  {name:13} {_plain(value)}"
    if one.seen == CLAIMED:
        yield "  object        claimed: nobody has seen it in the cluster as it was judged"
    elif one.seen != "":
        yield f"  object        seen in the cluster, as entry {one.seen} tells"
    if entry.links:
        yield f"  streams       {printable(', '.join([f'{link.name} {link.n}' for link in entry.links]))}"
    if entry.commitments:
        yield f"  commitments   {', '.join(sorted(entry.commitments))}"
    if one.body is not None:
        yield "  body"
        for line in json.dumps(json.loads(one.body), indent=2, ensure_ascii=False).split("\n"):
            yield f"    {printable(line)}"
    elif entry.body_digest:
        kept = "sealed" if one.is_kept else "not here: erased, or left out"
        yield f"  body          {kept}, {entry.body_size} bytes"


def _plain(value: Json) -> str:
    if isinstance(value, Mapping):
        return printable(", ".join([f"{name} {part}" for name, part in value.items()]))
    return printable(str(value).lower() if isinstance(value, bool) else str(value))
