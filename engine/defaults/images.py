"""When an image is pulled, where a container does not say: always for the tag `latest`, else if it is not there.

After the references of github.com/distribution/reference: what is no reference counts as one with a tag.
"""

import re
from functools import lru_cache
from typing import Final

_REFERENCE: Final = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,})?"
)
_DOMAIN: Final = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
    r"|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
)
_ONLY_AN_IDENTIFIER: Final = re.compile(r"[a-f0-9]{64}")
_LONGEST: Final = 1_024


def pull_policy(image: str) -> str:
    """`Always` or `IfNotPresent`, as for a container without an imagePullPolicy."""
    return "IfNotPresent" if len(image) > _LONGEST else _policy(image)


@lru_cache(maxsize=1024)
def _policy(image: str) -> str:
    if _ONLY_AN_IDENTIFIER.fullmatch(image):
        return "IfNotPresent"
    domain, slash, rest = image.partition("/")
    if slash and ("." in domain or ":" in domain or domain == "localhost" or domain != domain.lower()):
        if _DOMAIN.fullmatch(domain) is None:
            return "IfNotPresent"
    else:
        rest = image
    found = _REFERENCE.fullmatch(rest)
    if found is None:
        return "IfNotPresent"
    tag = found[1] or ("" if found[2] else "latest")
    return "Always" if tag == "latest" else "IfNotPresent"
