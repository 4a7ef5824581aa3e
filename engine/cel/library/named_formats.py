"""Formats by name (k8s.io/apiserver pkg/cel/library/format.go): `format.dns1123Label().validate(text)`."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any, Final, final

from lockgate.engine.cel.errors import CelError
from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library import costs, names
from lockgate.engine.cel.library.declaring import call, function, method
from lockgate.engine.cel.library.opaque import KubernetesValue
from lockgate.engine.cel.library.urls import check_request_uri
from lockgate.engine.cel.types import FORMAT, STRING, list_of, optional_of
from lockgate.engine.cel.values import NONE, Optional, Value

_UUID: Final = re.compile("[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")
_BASE64: Final = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})")
_DATE: Final = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME: Final = re.compile("([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[^\\n][0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})")
# A year without one in Python's calendar has the leap days of this one.
_YEAR_ZERO: Final = 2000


@final
class NamedFormat(KubernetesValue):
    """A format. check: what is wrong with a text. pattern_length: what upstream's costs take its pattern for."""

    __slots__ = ("check", "name", "pattern_length")
    type_name = "kubernetes.NamedFormat"

    def __init__(self, name: str, check: Callable[[str], list[str]], pattern_length: int) -> None:
        self.name: Final = name
        self.check: Final = check
        self.pattern_length: Final = pattern_length

    def __eq__(self, other: object) -> bool:
        return type(other) is NamedFormat and self.name == other.name

    def __hash__(self) -> int:
        return hash((NamedFormat, self.name))

    def __str__(self) -> str:
        return self.name


def _of_prefix(check: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    return lambda text: check(names.as_prefix(text))


def _uri(text: str) -> list[str]:
    try:
        check_request_uri(text)
    except CelError as error:
        return [str(error)]
    return []


def _uuid(text: str) -> list[str]:
    return [] if _UUID.fullmatch(text) else ["does not match the UUID format"]


def _byte(text: str) -> list[str]:
    return [] if _BASE64.fullmatch(text) else ["invalid base64"]


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    try:
        date(int(found[1]) or _YEAR_ZERO, int(found[2]), int(found[3]))
    except ValueError:
        return False
    return True


def _date(text: str) -> list[str]:
    return [] if _is_date(text) else ["invalid date"]


def _datetime(text: str) -> list[str]:
    parts = text.lower().split("t", 2)
    if len(parts) > 1 and _is_date(parts[0]):
        found = _TIME.fullmatch(parts[1])
        if found and found[1] <= "23" and found[2] <= "59" and found[3] <= "59":
            return []
    return ["invalid datetime"]


# By the names of their functions; the lengths are upstream's, for costs.
FORMATS: Final = {
    "dns1123Label": NamedFormat("DNS1123Label", names.label, 30),
    "dns1123Subdomain": NamedFormat("DNS1123Subdomain", names.subdomain, 60),
    "dns1035Label": NamedFormat("DNS1035Label", names.old_label, 30),
    "qualifiedName": NamedFormat("QualifiedName", names.qualified_name, 60),
    "dns1123LabelPrefix": NamedFormat("DNS1123LabelPrefix", _of_prefix(names.label), 30),
    "dns1123SubdomainPrefix": NamedFormat("DNS1123SubdomainPrefix", _of_prefix(names.subdomain), 60),
    "dns1035LabelPrefix": NamedFormat("DNS1035LabelPrefix", _of_prefix(names.old_label), 30),
    "labelValue": NamedFormat("LabelValue", names.label_value, 40),
    "uri": NamedFormat("URI", _uri, 1_103),
    "uuid": NamedFormat("uuid", _uuid, 74),
    "byte": NamedFormat("byte", _byte, 84),
    "date": NamedFormat("date", _date, 75),
    "datetime": NamedFormat("datetime", _datetime, 75),
}


def named(name: str) -> Optional:
    """`format.named("dns1123Label")`."""
    found = FORMATS.get(name)
    return NONE if found is None else Optional(found)


def validate(form: NamedFormat, text: str) -> Optional:
    """What is wrong with a text, or none."""
    found = form.check(text)
    return Optional(found) if found else NONE


def _giving(form: NamedFormat) -> Callable[[], Value]:
    return lambda: form


def _cost_of_validating(form: Any, text: Value) -> int:
    return costs.pattern_cost(costs.size(text), form.pattern_length)


FUNCTIONS: Final[tuple[Function, ...]] = (
    *[
        function(f"format.{name}", call(f"format.{name}", (), FORMAT, _giving(form)))
        for name, form in FORMATS.items()
    ],
    function("format.named", call("format-named", (STRING,), optional_of(FORMAT), named)),
    function(
        "validate",
        method(
            "format-validate",
            (FORMAT, STRING),
            optional_of(list_of(STRING)),
            validate,
            _cost_of_validating,
        ),
    ),
)
