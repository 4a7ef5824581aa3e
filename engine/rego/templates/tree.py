"""The syntax tree of a template."""

from lockgate.engine.record import record


@record
class Located:
    """A node at an offset of the text, and itself as text for messages."""

    at: int
    shown: str


@record
class Constant(Located):
    """A boolean, a number or a string."""

    value: bool | int | float | str


@record
class Nil(Located):
    """`nil`."""


@record
class Dot(Located):
    """`.`, the value that the template is at."""


@record
class Field(Located):
    """`.a.b`."""

    names: tuple[str, ...]


@record
class Variable(Located):
    """`$x.a.b`."""

    name: str
    names: tuple[str, ...]


@record
class Identifier(Located):
    """The name of a function."""

    name: str


@record
class Chain(Located):
    """`(pipeline).a.b`."""

    inner: "Operand"
    names: tuple[str, ...]


@record
class Command(Located):
    """What is called, and with what."""

    arguments: "tuple[Operand, ...]"


@record
class Pipeline(Located):
    """Commands, each of which gets the one before it as its last argument; variables take the result.

    `assigns` is "=" where the variables exist.
    """

    variables: tuple[str, ...]
    assigns: str
    commands: tuple[Command, ...]


Operand = Constant | Nil | Dot | Field | Variable | Identifier | Chain | Pipeline


@record
class Text(Located):
    """Text that is written as it is."""


@record
class Action(Located):
    """A pipeline whose value is written, unless variables take it."""

    pipeline: Pipeline


@record
class Branch(Located):
    """`if`, `with` and `range`."""

    word: str
    pipeline: Pipeline
    body: "tuple[Statement, ...]"
    otherwise: "tuple[Statement, ...]"


@record
class Leave(Located):
    """`break` and `continue`."""

    word: str


@record
class Include(Located):
    """`template` and `block`."""

    name: str
    pipeline: Pipeline | None


Statement = Text | Action | Branch | Leave | Include
