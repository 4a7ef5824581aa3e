"""Which policies an exemption, or a rule about exemptions, is for."""

from lockgate.engine.decision import PolicyKey
from lockgate.engine.record import record
from lockgate.gatekeeper.fields import Field


@record
class Selection:
    """Constraints of a template's kind: the one of a name, or all of them where `name` is empty."""

    kind: str
    name: str

    def covers(self, key: PolicyKey) -> bool:
        """Is the policy one of these?"""
        return self.kind == key.kind and self.name in ("", key.name)

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" if self.name else self.kind


def parse_selections(field: Field) -> tuple[Selection, ...]:
    """A list of `{kind, name?}`. Raises PolicyError."""
    made: list[Selection] = []
    for item in field.items():
        only_fields(item, "kind", "name")
        kind = item.get("kind")
        if not kind.string():
            item.refuse(f"{item.name} has no kind", "name the kind of the constraints, as in their manifests")
        name = item.get("name")
        if not name.absent and not name.string():
            name.refuse(f"{name.name} is empty, which would be all of the kind", "remove it, or fill it in")
        made.append(Selection(kind.string(), item.get("name").string()))
    return tuple(made)


def only_fields(field: Field, *known: str) -> None:
    """Refuses an object that has other fields: a misspelt one would widen what is permitted."""
    for name in field.mapping():
        if name not in known:
            field.get(name).refuse(
                f"unknown field {field.get(name).name}", f"known are {', '.join(sorted(known))}"
            )
