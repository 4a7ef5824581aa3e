"""Policies that leak as much as a policy can: whole objects echoed in several writings, and a violation for every path."""

from collections.abc import Iterator

from lockgate.engine.codegen.values import Value, render_json, render_rego
from lockgate.engine.decision import Failure, NotEvaluated, PolicyKey, Violation
from lockgate.engine.documents.document import Path
from lockgate.engine.review import Review

from tests.webhook.helpers import PythonPolicy

KEY = PolicyKey("PythonPolicy", "leaky")


def paths(value: Value, path: Path = ()) -> Iterator[tuple[Path, Value]]:
    yield path, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from paths(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from paths(part, (*path, index))


def violations(review: Review) -> list[Violation | Failure | NotEvaluated]:
    shown = [render_json(review.request), render_rego(review.request), repr(review.object)]
    # A string that holds JSON, as json.marshal of a marshalled value writes it.
    shown.append(render_json(shown[0]))
    made: list[Violation | Failure | NotEvaluated] = [
        Violation(KEY, f"saw {text}", ("deny",), fix=text, docs=text, path=("spec", text)) for text in shown
    ]
    made.append(Failure(KEY, shown[0]))
    made.append(NotEvaluated(KEY, shown[1]))
    for path, value in paths(review.object):
        text = value if isinstance(value, str) else render_json(value)
        made.append(Violation(KEY, f"{path} is {text}", ("warn",), path=path))
        if isinstance(value, str):
            made.append(Violation(KEY, value, ("dryrun",), path=path))
            made.append(Violation(KEY, f"invalid value <{value}>: must be set", ("dryrun",), path=path))
            made.append(Violation(KEY, value.upper(), ("dryrun",), path=path))
    return made


def leaky_policies() -> tuple[PythonPolicy, ...]:
    return (PythonPolicy("leaky", violations),)
