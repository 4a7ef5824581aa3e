"""Objects as holders of subjects: what they run, as the library of the shipped rules reads it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast, final

from lockgate.engine.codegen.values import Value
from lockgate.engine.kinds import split_api_version
from lockgate.engine.promotions.mapping import ENVIRONMENT_LABEL
from lockgate.engine.promotions.subjects import PINS, Holder, Pin, Subject
from lockgate.engine.record import record
from lockgate.webhook.claims.asked import read_objects, read_path, read_text
from lockgate.webhook.claims.library import ClaimsLibrary


@record
class Running:
    """What an object runs, before it is known where. clusters, namespaces: to which a GitOps tool puts what the object names.

    label: the environment by the object's own label; None without one.
    """

    group: str
    kind: str
    name: str
    subjects: tuple[Subject, ...]
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    label: str | None = None

    def holder(self, environment: str, namespace: str, place: str) -> Holder:
        """The object in an environment and a namespace."""
        return Holder(self.group, self.kind, namespace, self.name, environment, self.subjects, place)


# Digests of bytes (`sha256:…`) by key and version of models.
Digests = Mapping[tuple[str, str], str]
# Subjects that are references to models, of which signed facts may tell the bytes.
REFERENCES: Final = frozenset(("adapter", "dataset", "model"))


@final
class HolderReader:
    """Reads objects one after the other. library: opened for the answer `subjects`.

    digests: of the bytes of models, where somebody knows them, such as `facts_of` of the module `known_facts`.
    """

    def __init__(self, library: ClaimsLibrary, digests: Digests = MappingProxyType({})) -> None:
        self._library: Final = library
        self._digests: Final = digests

    def ask(self, value: dict[str, Value]) -> Running:
        """What an object runs. Raises EvaluationError where it is too large to be read."""
        metadata = value.get("metadata")
        names: dict[str, Value] = metadata if type(metadata) is dict else {}
        answer = self._library.ask(value)
        destinations = read_objects(answer["destinations"])
        return Running(
            group=split_api_version(value.get("apiVersion"))[0],
            kind=_text(value.get("kind")),
            name=_text(names.get("name")) or _text(names.get("generateName")),
            subjects=tuple([self._subject(one) for one in read_objects(answer["subjects"])]),
            clusters=tuple([read_text(one["cluster"]) for one in destinations]),
            namespaces=tuple([read_text(one["namespace"]) for one in destinations]),
            label=environment_label(value),
        )

    def read(self, value: dict[str, Value], environment: str, namespace: str, place: str) -> Holder:
        """What an object of a namespace runs in an environment. Raises EvaluationError where it is too large to be read."""
        return self.ask(value).holder(environment, namespace, place)

    def _subject(self, one: dict[str, Value]) -> Subject:
        pin, kind = read_text(one["pin"]), read_text(one["kind"])
        key, version = read_text(one["key"]), read_text(one["version"])
        return Subject(
            kind,
            key,
            version,
            # What the library says in words that are not known here is told only when it runs.
            cast(Pin, pin) if pin in PINS else "unknown",
            read_path(one["path"]),
            self._digests.get((key, version), "") if kind in REFERENCES else "",
        )


def environment_label(value: dict[str, Value]) -> str | None:
    """The environment by the label of an object; None without one. A value that is no string is no environment."""
    metadata = value.get("metadata")
    labels = metadata.get("labels") if type(metadata) is dict else None
    if type(labels) is not dict or ENVIRONMENT_LABEL not in labels:
        return None
    return read_text(labels[ENVIRONMENT_LABEL])


def _text(value: Value) -> str:
    return value if type(value) is str else ""
