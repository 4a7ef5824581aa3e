"""What a Decision is about, as a report names it."""

from collections.abc import Mapping

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import ordered_record
from lockgate.engine.review import Review


@ordered_record
class Subject:
    """An object. api_version: `apps/v1`; namespace: empty where it is in none."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.api_version} {self.kind} {place}"


def subject_of(review: Review) -> Subject:
    """The object of a review; one without a name yet by what its name will begin with."""
    request = review.request
    kind = request.get("kind")
    named = kind if isinstance(kind, dict) else {}
    group, version = _text(named, "group"), _text(named, "version")
    metadata = (review.object or {}).get("metadata")
    begins = _text(metadata, "generateName") if isinstance(metadata, dict) else ""
    return Subject(
        f"{group}/{version}" if group else version,
        _text(named, "kind"),
        _text(request, "namespace"),
        _text(request, "name") or begins,
    )


def _text(value: Mapping[str, Value], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
