"""Label selectors, as Kubernetes reads them (k8s.io/apimachinery pkg/apis/meta/v1, pkg/labels)."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Path
from lockgate.gatekeeper.problems import Problem

Labels = Mapping[str, Value]
Selector = Callable[[Labels], bool]

OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")
_LONGEST_PART: Final = 63
_LONGEST_PREFIX: Final = 253
_NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def is_subdomain(name: str) -> bool:
    """Is the name a DNS-1123 subdomain?"""
    return len(name) <= _LONGEST_PREFIX and _SUBDOMAIN.fullmatch(name) is not None


def is_label_key(key: str) -> bool:
    """Is the text a label's key, with or without a prefix?"""
    prefix, slash, name = key.rpartition("/")
    if slash and not is_subdomain(prefix):
        return False
    return len(name) <= _LONGEST_PART and _NAME.fullmatch(name) is not None


def is_label_value(value: str) -> bool:
    """Is the text a label's value?"""
    return not value or (len(value) <= _LONGEST_PART and _NAME.fullmatch(value) is not None)


def selector_problems(selector: Value, path: Path) -> Iterator[Problem]:
    """What is wrong with a labelSelector (an object)."""
    if not isinstance(selector, dict):
        yield Problem(path, "a label selector must be an object")
        return
    exact = selector.get("matchLabels")
    if exact is not None and not isinstance(exact, dict):
        yield Problem((*path, "matchLabels"), "must be an object")
    elif exact is not None:
        for key, value in exact.items():
            where = (*path, "matchLabels", key)
            if not is_label_key(key):
                yield Problem(where, f"{key!r} is no label key")
            if value is not None and not isinstance(value, str):
                yield Problem(where, "a label's value must be a string", "put it in quotes")
            elif value is not None and not is_label_value(value):
                yield Problem(where, f"{value!r} is no label value")
    expressions = selector.get("matchExpressions")
    if expressions is not None and not isinstance(expressions, list):
        yield Problem((*path, "matchExpressions"), "must be a list")
    elif expressions is not None:
        for index, expression in enumerate(expressions):
            yield from _expression_problems(expression, (*path, "matchExpressions", index))


def selector_keys(selector: Value | None) -> frozenset[str]:
    """The labels that a label selector reads."""
    if not isinstance(selector, dict):
        return frozenset()
    exact, expressions = selector.get("matchLabels"), selector.get("matchExpressions")
    found = set(exact) if isinstance(exact, dict) else set()
    for one in expressions if isinstance(expressions, list) else ():
        key = one.get("key") if isinstance(one, dict) else None
        if isinstance(key, str):
            found.add(key)
    return frozenset(found)


def _expression_problems(expression: Value, path: Path) -> Iterator[Problem]:
    if not isinstance(expression, dict):
        yield Problem(path, "must be an object")
        return
    key, operator, values = expression.get("key"), expression.get("operator"), expression.get("values")
    if not isinstance(key, str) or not is_label_key(key):
        yield Problem((*path, "key"), f"{key!r} is no label key")
    if values is not None and not isinstance(values, list):
        yield Problem((*path, "values"), "must be a list")
        return
    if operator in ("In", "NotIn"):
        if not values:
            yield Problem((*path, "values"), f"operator {operator} needs values")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            yield Problem((*path, "values"), f"operator {operator} takes no values")
    else:
        yield Problem((*path, "operator"), f"unknown operator {operator!r}", f"use {', '.join(OPERATORS)}")
    for index, value in enumerate(values or []):
        if not isinstance(value, str):
            yield Problem((*path, "values", index), "a label's value must be a string", "put it in quotes")
        elif not is_label_value(value):
            yield Problem((*path, "values", index), f"{value!r} is no label value")


def compile_selector(selector: Mapping[str, Value]) -> Selector:
    """A test for labels. The selector must have no problems; an empty one selects everything."""
    needed: list[tuple[str, frozenset[str]]] = []
    excluded: list[tuple[str, frozenset[str]]] = []
    present: list[str] = []
    absent: list[str] = []
    exact = selector.get("matchLabels")
    if isinstance(exact, dict):
        needed.extend((key, frozenset({str(value or "")})) for key, value in exact.items())
    expressions = selector.get("matchExpressions")
    for expression in expressions if isinstance(expressions, list) else ():
        assert isinstance(expression, dict)
        key, operator, values = (
            str(expression.get("key")),
            expression.get("operator"),
            expression.get("values"),
        )
        chosen = frozenset(str(value) for value in values) if isinstance(values, list) else frozenset()
        if operator == "In":
            needed.append((key, chosen))
        elif operator == "NotIn":
            excluded.append((key, chosen))
        elif operator == "Exists":
            present.append(key)
        else:
            absent.append(key)

    def selects(labels: Labels) -> bool:
        for key, chosen in needed:
            if labels.get(key) not in chosen:
                return False
        for key, chosen in excluded:
            if labels.get(key) in chosen:
                return False
        for key in present:
            if key not in labels:
                return False
        for key in absent:
            if key in labels:
                return False
        return True

    return selects


def labels_of(value: Mapping[str, Value]) -> Labels:
    """The labels of an object; none when one of them is no string, as Gatekeeper has it."""
    metadata = value.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    if not isinstance(labels, dict):
        return {}
    for text in labels.values():
        if type(text) is not str:
            return {}
    return labels
