"""Texts in metadata and configurations: templates, programs that somebody hopes will be run, pickles in base64.

A format that holds only texts runs none of them; but a text that is a program has no honest use there, and whoever
evaluates or decodes it is the way that it waits for. Such a text is unvetted; a pickle is walked as any other.
"""

import base64
import binascii
import re

from lockgate.engine.facts.pickle.sniff import is_pickle
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import BytesSource
from lockgate.engine.facts.templates import check_text

# Calls that are written out, markup that runs, commands that fetch: words alone are found in any vocabulary.
_PROGRAM = re.compile(
    r"__import__\s*\(|\bos\.(?:system|popen|exec\w*|spawn\w*)\s*\(|\bsubprocess\.\w+\s*\(|\b(?:eval|exec)\s*\(\s*\S"
    r"|\bbuiltins\.\w+\s*\(|\b(?:pickle|marshal|dill)\.loads?\s*\(|\bb64decode\s*\(|\bsocket\.socket\s*\("
    r"|<script\b|javascript:|\bpowershell(?:\.exe)?\s+-|\b(?:curl|wget)\s+\S*https?://|/bin/(?:ba|z)?sh\s+-"
)
# PROTO of a protocol from 2 to 5, in base64.
_PICKLE = re.compile(r"gA[JNRV-Y]|gAS[BLVKQRSUXYZ]|gAW[BLVKQRSUXYZ]")
_ENCODED = re.compile(r"[A-Za-z0-9+/_\-\s]{12,}={0,2}\s*")


def check_value(scan: Scan, name: str, text: str, offset: int | None) -> None:
    """Judges a text that is a value of metadata or of a configuration."""
    check_text(scan, name, text, offset)
    if len(text) < 8:
        return
    found = _PROGRAM.search(text)
    if found:
        words = f"{name[:80]}: a text that is a program ({found.group()[:40]!r})"
        scan.find("text-program", "unvetted", words, offset)
    if text.startswith("gA") and _PICKLE.match(text) and _ENCODED.fullmatch(text):
        _pickle(scan, name, text, offset)


def _pickle(scan: Scan, name: str, text: str, offset: int | None) -> None:
    plain = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4))
    except binascii.Error:
        return
    source = BytesSource(f"{scan.path}!{name[:80]}.base64", data)
    if is_pickle(source):
        scan.find("text-pickle", "unvetted", f"{name[:80]}: a pickle in base64", offset)
        scan.nested(source)
