"""Resolutions for people and for programs."""

from collections.abc import Sequence
from typing import Any

from lockgate.webhook.references.resolution import Resolution, Resolved
from lockgate.webhook.terminal import Palette, printable


def resolution_value(resolution: Resolution, places: Sequence[str] = ()) -> dict[str, Any]:
    """As `scan resolve --format json` writes it; `digest` and `resolved` are null, `reason` and `fix` are "", where they do not apply.

    places: where manifests name the reference.
    """
    reference, end = resolution.reference, resolution.end
    return {
        "reference": reference.text,
        "uri": reference.uri,
        "usedIn": list(places),
        "scheme": reference.scheme,
        "pin": reference.pin,
        "digest": end.digest.shown if isinstance(end, Resolved) else None,
        "resolved": (end.uri or None) if isinstance(end, Resolved) else None,
        "how": end.how if isinstance(end, Resolved) else None,
        "steps": [{"uri": one.uri, "resolver": one.resolver} for one in resolution.steps],
        "reason": "" if isinstance(end, Resolved) else end.reason,
        "fix": end.note if isinstance(end, Resolved) else end.fix,
    }


def resolution_text(resolution: Resolution, palette: Palette, places: Sequence[str] = ()) -> str:
    """A few lines about one reference. places: where manifests name it."""
    end = resolution.end
    lines = [printable(resolution.reference.text)]
    lines += [f"  in {printable(one)}" for one in places]
    # The reference itself was just told.
    lines += [f"  leads to {printable(one.uri)}" for one in resolution.steps[1:]]
    if isinstance(end, Resolved):
        shown = f"  {palette.paint(end.digest.shown, 'green', 'bold')} ({end.how})"
        lines.append(shown)
        if end.uri and end.uri != resolution.steps[-1].uri:
            lines.append(f"  that is {printable(end.uri)}")
        if end.note:
            lines.append(f"  note: {printable(end.note)}")
    else:
        lines.append(f"  {palette.paint('no digest', 'red', 'bold')}: {printable(end.reason)}")
        lines.append(f"  hint: {printable(end.fix)}")
    return "\n".join(lines) + "\n"
