"""Helm's `# Source: CHART/templates/FILE` comment, which names the template that a rendered document came from.

The name is shown to people. It is text of the input, so nothing that is trusted may depend on it.
"""

import re
from typing import Final

# Only in the comments before the content; printable, and no longer than a path is.
_SOURCE: Final = re.compile(r"\A(?:---[^\n]*\n|[ \t]*(?:#[^\n]*)?\n)*?# Source: ([\x21-\x7e]{1,512})[ \t]*\n")


def template_of(text: str) -> str:
    """The template named at the start of a document's text, empty without one."""
    if "# Source: " not in text:
        return ""
    found = _SOURCE.match(text)
    return found[1] if found else ""
