"""Typed reading of an object's fields; a wrong type is an error with its place."""

from typing import NoReturn

from lockgate.engine.codegen.values import Value, type_name
from lockgate.engine.documents.document import Document, Path
from lockgate.engine.record import record
from lockgate.gatekeeper.problems import refuse


@record
class Field:
    """A value in a document, or its absence (None, as null: Go reads both as the zero value)."""

    document: Document
    path: Path
    value: Value

    def get(self, name: str | int) -> "Field":
        """The field below, of an object or a list; absent when there is none."""
        value = self.value
        below: Value = None
        if isinstance(value, dict) and isinstance(name, str):
            below = value.get(name)
        elif isinstance(value, list) and isinstance(name, int) and name < len(value):
            below = value[name]
        elif value is not None and not isinstance(value, (dict, list)):
            self.refuse(f"{self.name} must be an object, not {_article(value)}")
        return Field(self.document, (*self.path, name), below)

    def at(self, *names: str | int) -> "Field":
        """The field below, by several names."""
        field = self
        for name in names:
            field = field.get(name)
        return field

    @property
    def name(self) -> str:
        """The path as users write it: `spec.targets[0].rego`."""
        return render_path(self.path)

    @property
    def absent(self) -> bool:
        """Is there no value, or null?"""
        return self.value is None

    def string(self) -> str:
        """The string; "" when absent."""
        if self.value is None:
            return ""
        if not isinstance(self.value, str):
            self.refuse(f"{self.name} must be a string, not {_article(self.value)}")
        return self.value

    def boolean(self) -> bool | None:
        """The boolean; None when absent."""
        if self.value is None or isinstance(self.value, bool):
            return self.value
        self.refuse(f"{self.name} must be true or false, not {_article(self.value)}")

    def mapping(self) -> dict[str, Value]:
        """The object; empty when absent."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            self.refuse(f"{self.name} must be an object, not {_article(self.value)}")
        return self.value

    def items(self) -> tuple["Field", ...]:
        """The elements of a list; none when absent."""
        if self.value is None:
            return ()
        if not isinstance(self.value, list):
            self.refuse(f"{self.name} must be a list, not {_article(self.value)}")
        return tuple([Field(self.document, (*self.path, i), item) for i, item in enumerate(self.value)])

    def strings(self) -> tuple[str, ...]:
        """The elements of a list of strings; none when absent."""
        return tuple([item.string() for item in self.items()])

    def string_map(self) -> dict[str, str]:
        """An object of strings; empty when absent."""
        return {name: self.get(name).string() for name in self.mapping()}

    def refuse(self, message: str, hint: str = "") -> NoReturn:
        """Raises a PolicyError that points at this field."""
        refuse(self.document, self.path, message, hint)


def root(document: Document) -> Field:
    """The whole object of a document."""
    return Field(document, (), document.value)


def render_path(path: Path) -> str:
    """A path as users write it: `spec.targets[0].rego`; keys that are no names in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and part.replace("_", "a").replace("-", "a").replace("$", "a").isalnum():
            text += f".{part}" if text else part
        else:
            text += f"[{part!r}]"
    return text or "the object"


def _article(value: Value) -> str:
    name = type_name(value)
    return f"an {name}" if name[0] in "ao" else f"a {name}"
