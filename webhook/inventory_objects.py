"""What a source of the inventory tells: an object, or something about a kind; and what comes of all that is told."""

from typing import TYPE_CHECKING

from lockgate.engine.codegen.values import Value
from lockgate.engine.gvk import GroupVersionKind
from lockgate.engine.policy import Facts
from lockgate.engine.record import record

if TYPE_CHECKING:
    from lockgate.engine.devices.shelf import Devices

    # Imported where there are Secrets.
    from lockgate.engine.masking.masker import Masker


@record
class Present:
    """An object, in the form that the cluster has it in."""

    value: dict[str, Value]


@record
class NoneOf:
    """There is no object of the kind, as a typed List without items says: a ServiceList."""

    kind: GroupVersionKind


@record
class Unplaced:
    """An object whose place in the inventory is not known, since its kind may be namespaced or not."""

    kind: GroupVersionKind


Told = Present | NoneOf | Unplaced


@record
class Inventory:
    """Facts with the inventory, remarks for the user, and a Masker of the Secrets in it (None: it has none).

    devices: what the provider of devices answers from; None where no policy asks it.
    """

    facts: Facts
    notices: tuple[str, ...]
    masker: "Masker | None"
    devices: "Devices | None" = None
