"""Whether JSON text holds no secret at all: what nearly every request is found to be, without a walk through its values.

The text is compact JSON with sorted keys, as bodies of records have it. Whatever `collect_value` finds in a value stands
in its text too, and is found there by a few searches in linear time. They may find what is none: that is for
`collect_value` to say.
"""

import json
import re
from functools import lru_cache
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.masking import credentials
from lockgate.engine.masking.masked_value import MAX_NESTING
from lockgate.engine.masking.masker import MASK, MAX_KEPT_WORK, masker_of
from lockgate.engine.masking.secret_values import (
    BASE64_RUN,
    MAX_SEARCHED,
    SecretValues,
    collect_value,
    is_encoded_credential,
)
from lockgate.engine.record import record

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_USER_INFO: Final = "userInfo"
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True)
# Users whose extra is remembered, and how much of each.
_MOST_USERS: Final = 64
_MOST_REMEMBERED: Final = 4_096
# Of one extra; it takes a walk through all of them to say which are needed.
_MOST_FORMS: Final = 1_000


@record
class Known:
    """Values that must not be shown. forms: those without which no other form of them is in a text.

    is_hidden: there are too many to look for.
    """

    forms: tuple[str, ...] = ()
    is_hidden: bool = False


@record
class Asked:
    """A request whose `userInfo.extra` is masked. user_infos: how many members of that name are known of."""

    request: Value
    known: Known
    user_infos: int


def mask_extra(request: dict[str, Value]) -> Asked:
    """The request, without what it tells of its user besides names: the one secret that most requests have.

    Raises TypeError for what `json` does not render.
    """
    user = request.get(_USER_INFO)
    if type(user) is not dict or "extra" not in user:
        return Asked(request, Known(), int(_USER_INFO in request))
    text = _ENCODER.encode(user["extra"])
    known = (_known_of if len(text) <= _MOST_REMEMBERED else _known_of.__wrapped__)(text)
    if known is not None:
        request = {**request, _USER_INFO: {**user, "extra": MASK}}
    return Asked(request, known or Known(), 1)


@lru_cache(maxsize=_MOST_USERS)
def _known_of(extra: str) -> Known | None:
    """The values of an extra (JSON); None where it has none. Few users, such as controllers, ask for most things."""
    collected = SecretValues()
    if not collect_value({_USER_INFO: {"extra": json.loads(extra)}}, collected, 0):
        return None
    masker = masker_of(collected)
    forms = sorted([*masker.forms, *masker.short_forms], key=len)
    if masker.hidden or len(forms) > _MOST_FORMS:
        return Known(is_hidden=True)
    least: list[str] = []
    for form in forms:
        if not any(one in form for one in least):
            least.append(form)
    return Known(tuple(least))


def holds_no_secret(data: bytes, asked: Asked, members: bytes) -> bool:
    """Whether `mask_values` would change nothing in the values of a text (UTF-8), among which the request is.

    members: the part of the text in which a member, or an item, may be secret by its name or by what stands beside it.
    """
    if len(data) > MAX_SEARCHED:
        return False
    text = data.decode()
    if not _is_flat(text):
        return False
    if credentials.may_have_secret_members(members):
        return False
    strings = _plain_strings(text)
    if strings is None or strings.count(_USER_INFO) != asked.user_infos or _knows(asked.known, strings):
        return False
    if strings is not text:
        data = strings.encode()
    in_lines = "\n" in strings
    if not credentials.may_hold_any(data, in_lines=in_lines):
        return True
    may_hold = credentials.may_hold_secrets_in_lines if in_lines else credentials.may_hold_secrets
    if may_hold(data) and may_hold(_apart(text).encode()):
        return False
    if not credentials.may_hold_encoded_text(data):
        return True
    return not any(map(is_encoded_credential, dict.fromkeys(BASE64_RUN.findall(strings))))


def _knows(known: Known, text: str) -> bool:
    """Whether one of the values is in the text, or it would take too long to tell."""
    if known.is_hidden or len(text) * len(known.forms) > MAX_KEPT_WORK:
        return True
    for form in known.forms:
        if form in text:
            return True
    return False


def _is_flat(text: str) -> bool:
    if text.count("{") + text.count("[") <= MAX_NESTING:
        return True
    depth = 0
    for one in _STRING.sub("", text):
        if one in "{[":
            depth += 1
            if depth > MAX_NESTING:
                return False
        elif one in "}]":
            depth -= 1
    return True


def _plain_strings(text: str) -> str | None:
    """The text with its strings as they are, without escapes; None where they have rare ones."""
    plain = text.replace('\\"', '"')
    if "\\" not in plain:
        # Nearly all: a search for one character is quick, where to count it is not.
        return plain
    if "\\\\" in text:
        # Which quotes end a string could not be told any more.
        return None
    plain = plain.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r")
    return None if "\\" in plain else plain


def _apart(text: str) -> str:
    """As `_plain_strings`, with names apart from values: `"token":false` would be an assignment in a string."""
    apart = text.replace('":', '"\n').replace('\\"\n', '\\":')
    plain = _plain_strings(apart)
    return apart if plain is None else plain
