"""Objects as holders of subjects: what they run, as the library of the shipped rules reads it."""

from typing import Final, cast, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.kinds import split_api_version
from lockgate.engine.promotions.subjects import PINS, Holder, Pin, Subject
from lockgate.webhook.claims.asked import read_objects, read_path, read_text
from lockgate.webhook.claims.library import ClaimsLibrary


@final
class HolderReader:
    """Reads objects one after the other. library: opened for the answer `subjects`."""

    def __init__(self, library: ClaimsLibrary) -> None:
        self._library: Final = library

    def read(self, value: dict[str, Value], environment: str, namespace: str, place: str) -> Holder:
        """What an object of a namespace runs in an environment. Raises EvaluationError where it is too large to be read."""
        metadata = value.get("metadata")
        names: dict[str, Value] = metadata if type(metadata) is dict else {}
        answer = self._library.ask(value)
        return Holder(
            group=split_api_version(value.get("apiVersion"))[0],
            kind=_text(value.get("kind")),
            namespace=namespace,
            name=_text(names.get("name")) or _text(names.get("generateName")),
            environment=environment,
            subjects=tuple([_read_subject(one) for one in read_objects(answer["subjects"])]),
            place=place,
        )


def _read_subject(one: dict[str, Value]) -> Subject:
    pin = read_text(one["pin"])
    return Subject(
        read_text(one["kind"]),
        read_text(one["key"]),
        read_text(one["version"]),
        # What the library says in words that are not known here is told only when it runs.
        cast(Pin, pin) if pin in PINS else "unknown",
        read_path(one["path"]),
    )


def _text(value: Value) -> str:
    return value if type(value) is str else ""
