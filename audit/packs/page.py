"""An evidence pack as a page: one file of HTML without a script, for the screen and for paper."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any, Final

from lockgate.audit.query.render import cell

_STYLE: Final = """\
:root{color-scheme:light dark;--line:#767676;--soft:#f2f2f2;--warn:#8a3b00}
body{font:16px/1.5 system-ui,sans-serif;max-width:75rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:2rem;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;width:100%;font-size:.85rem}
caption{text-align:left;font-weight:600;padding:.4rem 0}
th,td{border:1px solid var(--line);padding:.25rem .4rem;text-align:left;vertical-align:top}
.long{overflow-wrap:anywhere;min-width:8rem}
th{background:var(--soft)}
.wide{overflow-x:auto}.state{border:2px solid var(--warn);padding:.5rem 1rem}
code{overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){:root{--soft:#2a2a2a;--line:#8c8c8c;--warn:#ffb37a}}
@media print{body{max-width:none;padding:0;font-size:10pt}table{font-size:7pt}th,td{overflow-wrap:anywhere;padding:.1rem .2rem}.long{min-width:0}.wide{overflow:visible}tr{break-inside:avoid}h2{break-after:avoid}thead{display:table-header-group}}
"""
_DIGEST: Final = base64.b64encode(sha256(_STYLE.encode()).digest()).decode()
_LONG: Final = 24
# Digests of many promotions are in the answer A1, and in pack.json.
_DIGESTS: Final = ("subject", "statement", "policy")
_FACTS: Final = (
    ("time", "made"),
    ("event", "what"),
    ("model", "model"),
    ("version", "version"),
    ("environment", "into"),
    ("subject", "bytes"),
    ("statement", "statement"),
    ("requester", "asked for by"),
    ("approvers", "approved by"),
    ("policy", "policy"),
    ("standing", "now"),
)


def text(value: object) -> str:
    """A value as text of HTML: nothing in it is markup, and no character hides, moves or reorders others."""
    shown = "".join([one if one.isprintable() else ascii(one)[1:-1] for one in cell(value)])
    return escape(shown, quote=True)


def render_page(value: Mapping[str, Any]) -> str:
    """The page of a pack's value (`value.pack_value`)."""
    return "".join(_page(value))


def _page(value: Mapping[str, Any]) -> Iterator[str]:
    title = f"Evidence pack: {_about(value['scope'])}"
    yield "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
    yield "<meta name=viewport content='width=device-width, initial-scale=1'>\n"
    yield f"<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'sha256-{_DIGEST}'\">\n"
    yield f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{text(title)}</h1>\n"
    as_of = value["asOf"]
    yield "<section class=state>\n"
    yield f"<p><strong>Self-attested.</strong> Log <code>{text(as_of['origin'])}</code>, {text(as_of['size'])} entries, "
    yield f"root <code>{text(as_of['root'])}</code>; its last entry is of {text(as_of['time'])}. Identities are {text(value['identities'])}."
    if value["saidToBeCosignedBy"]:
        yield f" Said to be cosigned by {text(value['saidToBeCosignedBy'])}: with their keys, from elsewhere, the verifier shows it."
    yield "</p>\n<p>This page was made from <code>pack.json</code> and proves nothing: <code>VERIFY.md</code> tells how to verify the pack.</p>\n</section>\n"
    yield _list("What the pack shows", value["shown"])
    yield _list("What it does not show", value["notShown"])
    yield "<h2>Promotions</h2>\n"
    yield from _promotions(value["promotions"])
    yield "<h2>Answers</h2>\n"
    for one in value["answers"]:
        yield from _answer(one)
    yield from _controls(value["controls"])
    yield "<h2>Entries</h2>\n"
    yield _table(
        "Each with its proof in proofs/",
        ("entry", "kind", "time", "what", "body", "leaf hash"),
        [
            (
                one["index"],
                one["entry"]["kind"],
                one["entry"]["time"],
                one["entry"].get(
                    "event", one["entry"].get("outcome", one["entry"].get("action", ""))
                ),
                one["body"] if one["erasedBy"] is None else f"erased, by entry {one['erasedBy']}",
                one["leafHash"],
            )
            for one in value["entries"]
        ],
    )  # fmt: skip
    yield "</main>\n</body>\n</html>\n"


def _about(scope: Mapping[str, Any]) -> str:
    if "promotion" in scope:
        return f"the promotion of entry {scope['promotion']}"
    made = f"from {scope['since']} " + ("on" if scope["until"] is None else f"to {scope['until']}")
    for name in ("model", "environment"):
        if scope[name]:
            made += f", {name} {scope[name]}"
    return made


def _list(title: str, lines: Iterable[str]) -> str:
    items = "".join([f"<li>{text(one)}</li>\n" for one in lines])
    return f"<h2>{text(title)}</h2>\n<ul>\n{items}</ul>\n"


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under columns; without columns each row's first cell is its head."""
    head = "".join([f"<th scope=col>{text(one)}</th>" for one in columns])
    made: list[str] = []
    for row in rows:
        first, others = ("", row) if columns else (f"<th scope=row>{text(row[0])}</th>", row[1:])
        made.append("<tr>" + first + "".join([_cell(one) for one in others]) + "</tr>\n")
    return (
        f'<div class=wide tabindex=0 role=region aria-label="{text(caption)}">\n<table>\n<caption>{text(caption)}</caption>\n'
        + (f"<thead><tr>{head}</tr></thead>\n" if columns else "")
        + f"<tbody>\n{''.join(made)}</tbody>\n</table>\n</div>\n"
    )


def _cell(value: object) -> str:
    shown = text(value)
    # What has no place to break, a digest most of the time, breaks anywhere.
    is_long = any(len(word) > _LONG for word in shown.split(" "))
    return f"<td class=long>{shown}</td>" if is_long else f"<td>{shown}</td>"


def _promotions(promotions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not promotions:
        yield "<p>None was made.</p>\n"
        return
    if len(promotions) == 1:
        (one,) = promotions
        rows = [(shown, one[name]) for name, shown in _FACTS if one.get(name)]
        rows += [(shown, one[name]) for name, shown in (("request", "asked for by entry"), ("approvals", "approved by entries"), ("predecessor", "follows entry"), ("revokedBy", "taken back by entry")) if one[name] not in (None, [])]  # fmt: skip
        yield _table(f"Entry {one['entry']}", (), rows)
        return
    facts = [(name, shown) for name, shown in _FACTS if name not in _DIGESTS]
    yield _table(
        f"{len(promotions)} promotions",
        ("entry", *[shown for _, shown in facts], "taken back by"),
        [(one["entry"], *[one.get(name, "") for name, _ in facts], one["revokedBy"]) for one in promotions],
    )


def _answer(answer: Mapping[str, Any]) -> Iterator[str]:
    lines = answer["lines"]
    title = f"{answer['question'].upper()}. {answer['title']}"
    yield f"<h3>{text(title)}</h3>\n"
    if lines:
        columns = [name for name in lines[0] if any(cell(line[name]) for line in lines)]
        yield _table(f"{len(lines)} lines", columns, [[line[name] for name in columns] for line in lines])
    else:
        yield "<p>Nothing.</p>\n"
    told = [f"not shown: {one}" for one in answer["proven"]["notShown"]]
    yield "<ul>\n" + "".join([f"<li>{text(one)}</li>\n" for one in told]) + "</ul>\n"


def _count(lines: int) -> str:
    return f"{lines} line" if lines == 1 else f"{lines} lines"


def _timeless(value: object) -> object:
    """Parts of a line without times in milliseconds, which are for programs."""
    if isinstance(value, list):
        return [_timeless(one) for one in value]
    if isinstance(value, dict):
        return {name: one for name, one in value.items() if not str(name).endswith("Ms")}
    return value


def _controls(controls: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2>Controls</h2>\n<p>A record supports a control; it satisfies none by itself, and says nothing of whether one holds. {text(controls['review'])}</p>\n"
    for framework in controls["frameworks"]:
        yield _table(
            framework["name"],
            ("control", "about", "supports", "does not support", "shown by"),
            [
                (
                    one["id"],
                    one["about"],
                    one["supports"],
                    one["doesNotSupport"],
                    [_shown_by(asked) for asked in one["questions"]],
                )
                for one in framework["controls"]
            ],
        )


def _shown_by(asked: Mapping[str, Any]) -> str:
    if asked["lines"] is None:
        return f"not in this pack: {asked['query']}"
    return f"{asked['question'].upper()}, {_count(asked['lines'])} here: {asked['query']}"
