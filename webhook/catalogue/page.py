"""The catalogue as one page of HTML: all rules in a table, which a script of its own filters. It asks no network.

The table is there without the script. The page's policy lets in its own style and script, by their digests, and nothing else:
https://www.w3.org/TR/CSP3/.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Final

from lockgate.webhook.catalogue.entries import PROFILES, Entry, grouped
from lockgate.webhook.policy_folder import SEVERITIES
from lockgate.webhook.systems import SYSTEMS

_HERE: Final = Path(__file__).parent
_COLUMNS: Final = ("Id", "Severity", "Systems", "Controls", "Profiles", "Kind of its constraints")


def render_page(entries: Sequence[Entry]) -> str:
    """The page."""
    style, script = [(_HERE / name).read_text("utf-8") for name in ("page.css", "page.js")]
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    head = "".join([f'<th scope="col">{name}</th>' for name in ("Rule", *_COLUMNS)])
    rows = "\n".join([_row(one) for one in entries])
    return f"""<!DOCTYPE html>
<!-- Written by `lockgate policy docs`. -->
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Catalogue of rules</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>Catalogue of rules</h1>
</header>
<main>
<form id="filters" role="search" aria-label="Rules" hidden>
<label class="wide">Text <input type="search" name="text" autocomplete="off"></label>
{_choices(entries)}
<button type="reset">Clear</button>
</form>
<p id="count" role="status">{len(entries)} rules</p>
<table>
<caption>What each rule demands, of which systems, for which controls, and what profiles make of it</caption>
<thead><tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</main>
<script>{script}</script>
</body>
</html>
"""


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _choices(entries: Sequence[Entry]) -> str:
    systems = grouped(entries, lambda one: one.metadata.systems)
    controls = grouped(entries, lambda one: one.controls)
    families = grouped(entries, lambda one: [one.rule.family])
    severities = [
        name for name in reversed(SEVERITIES) if any(one.metadata.severity == name for one in entries)
    ]
    return "\n".join(
        [
            _choice("system", "System", sorted(((name, SYSTEMS[name]) for name in systems), key=_second)),
            _choice("control", "Control", [(name, name) for name in controls]),
            _choice("family", "Family", [(name, name) for name in families]),
            _choice("severity", "Severity", [(name, name) for name in severities]),
            _choice("profile", "Profile", [(name, name) for name in PROFILES]),
        ]
    )


def _second(pair: tuple[str, str]) -> str:
    return pair[1].casefold()


def _choice(name: str, label: str, values: Iterable[tuple[str, str]]) -> str:
    options = "".join([f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in values])
    return f'<label>{label} <select name="{name}"><option value="">any</option>{options}</select></label>'


def _row(one: Entry) -> str:
    said = one.metadata
    data = {
        "system": "|".join(said.systems),
        "control": "|".join(one.controls),
        "family": one.rule.family,
        "severity": said.severity,
        "profile": "|".join(one.states),
    }
    attributes = "".join([f' data-{name}="{escape(value)}"' for name, value in data.items()])
    states = [f"{name}: {one.states[name]}" for name in PROFILES if name in one.states]
    cells = (
        escape(said.identifier),
        escape(said.severity),
        _list([SYSTEMS[name] for name in said.systems]),
        _list(said.controls),
        _list(states or ["in none"]),
        f"<code>{escape(one.kind)}</code>",
    )
    title = f'<a href="{escape(one.page)}">{escape(one.rule.key)}</a><span>{escape(said.title)}</span>'
    filled = "".join(
        [f'<td data-name="{name}">{text}</td>' for name, text in zip(_COLUMNS, cells, strict=True)]
    )
    return f'<tr{attributes}><th scope="row">{title}</th>{filled}</tr>'


def _list(texts: Sequence[str]) -> str:
    return f"<ul>{''.join([f'<li>{escape(text)}</li>' for text in texts])}</ul>" if texts else ""
