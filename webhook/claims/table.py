"""The table of what manifests ask for, as text and as JSON."""

import json
from collections.abc import Sequence
from typing import Final

from lockgate.webhook.aligned import render_aligned
from lockgate.webhook.claims.asked import Amount, Asked, RuleOutcome
from lockgate.webhook.claims.linking import Row, totals
from lockgate.webhook.terminal import Palette, printable

_HEAD: Final = ("OBJECT", "REQUEST", "CLASS", "DRIVER", "DEVICES", "TIMES", "CHARGE", "RULES")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False)
_RIGHT: Final = frozenset({4, 5, 6})


def render_text(asked: Sequence[Asked], rows: Sequence[Row], palette: Palette) -> str:
    """The table, what is charged in all, and what cannot be read or is not there."""
    cells = [_cells(row) for row in rows]
    head, *texts = render_aligned([_HEAD, *cells], _RIGHT)
    lines = [palette.paint(head, "bold")]
    for row, text in zip(rows, texts, strict=True):
        lines.append(palette.paint(text, "red") if _broken(row.asked) else text)
    summed = totals(rows)
    if summed:
        lines += ["", "Charged in all: " + ", ".join([f"{printable(k)} {v}" for k, v in summed.items()])]
    notes = _notes(asked, rows)
    if notes:
        lines += ["", *[palette.paint(note, "yellow") for note in notes]]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    named = row.class_name or row.resource or ("(not here)" if not row.known else "-")
    return tuple(
        [
            printable(text)
            for text in (
                str(row.asked.resource),
                row.name or "-",
                named,
                ", ".join(row.reach.drivers) or ("none" if row.reach.devices is not None else "-"),
                str(row.devices),
                _times(row),
                str(row.charge),
                rules_text(row.asked),
            )
        ]
    )


def _times(row: Row) -> str:
    if row.how == "template":
        return "each pod"
    if row.how == "pod" and not row.target.startswith("ResourceClaimTemplate"):
        return "shared"
    return str(row.pods)


def rules_text(asked: Asked) -> str:
    """How many rules pass, and which do not."""
    bad = [one for one in asked.rules if one.outcome != "passes"]
    passed = f"{len(asked.rules) - len(bad)} of {len(asked.rules)} pass" if asked.rules else "no rule"
    return "; ".join([passed, *[f"{one.rule} {one.outcome}" for one in bad]])


def _broken(asked: Asked) -> bool:
    return bool(asked.unreadable) or any(one.outcome in ("violated", "failed") for one in asked.rules)


def _notes(asked: Sequence[Asked], rows: Sequence[Row]) -> list[str]:
    notes = []
    for one in asked:
        at = f"{one.file}:{one.line}: {one.resource}"
        notes += [
            f"{at}: {problem.what} at {_place(problem.path)}; {problem.fix}" for problem in one.unreadable
        ]
        notes += [
            f"{at}: the text at {_place(path)} makes pods when it runs; what they ask for is told there"
            for path in one.undecidable
        ]
        notes += [
            f"{at}: claim {named.name} is used by no container, and allocated all the same"
            for named in one.named
            if not named.used
        ]
    notes += [
        f"{row.asked.file}:{row.asked.line}: {row.asked.resource}: {row.target} is not among the files"
        for row in rows
        if not row.known
    ]
    return [printable(note) for note in notes]


def _place(path: Sequence[str | int]) -> str:
    return "".join([f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]).removeprefix(".")


def render_json(asked: Sequence[Asked], rows: Sequence[Row]) -> str:
    """All of it for programs. The form is version 1: fields may be added."""
    # Objects that fared alike share their outcomes.
    rules = {id(one.rules): [_rule_json(rule) for rule in one.rules] for one in _distinct(asked)}
    objects = [
        {
            **_object_json(one),
            "rules": rules[id(one.rules)],
            "unreadable": [
                {"path": list(problem.path), "what": problem.what, "fix": problem.fix}
                for problem in one.unreadable
            ],
            "undecidable": [list(path) for path in one.undecidable],
            "unused": [named.name for named in one.named if not named.used],
        }
        for one in asked
    ]
    return (
        f'{{\n"version": 1,\n"requests": {_lines([_row_json(row) for row in rows])},\n'
        f'"charges": {json.dumps(totals(rows), ensure_ascii=False)},\n"objects": {_lines(objects)}\n}}\n'
    )


def _distinct(asked: Sequence[Asked]) -> list[Asked]:
    """One of the objects for each tuple of outcomes."""
    return list({id(one.rules): one for one in asked}.values())


def _rule_json(rule: RuleOutcome) -> dict[str, object]:
    return {"rule": rule.rule, "outcome": rule.outcome}


def _lines(entries: Sequence[dict[str, object]]) -> str:
    """A JSON array with a line an entry: Python's encoder in C writes no indentation."""
    return "[" + ",".join([f"\n{_ENCODER.encode(entry)}" for entry in entries]) + "\n]"


def _object_json(asked: Asked) -> dict[str, object]:
    resource = asked.resource
    return {
        "file": asked.file,
        "line": asked.line,
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "namespace": resource.namespace,
        "name": resource.name,
    }


def _row_json(row: Row) -> dict[str, object]:
    drivers: dict[str, int] | None = row.reach.devices
    return {
        "object": _object_json(row.asked),
        "request": row.name,
        "class": row.class_name,
        "resource": row.resource,
        "drivers": None if drivers is None else dict(sorted(drivers.items())),
        "devices": _amount(row.devices),
        "pods": _amount(row.pods),
        "charge": _amount(row.charge),
        "how": row.how,
        "names": row.target,
        "namedIsKnown": row.known,
    }


def _amount(amount: Amount) -> int | str:
    return amount
