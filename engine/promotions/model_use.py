"""A model as an object loads it: what a promotion is about, and what it binds."""

from lockgate.engine.documents.document import Path
from lockgate.engine.promotions.model_identity import ModelIdentity, identify
from lockgate.engine.promotions.subjects import Pin, Subject
from lockgate.engine.record import record


@record
class Beside:
    """What runs a model, in its version: an image, an adapter, a runtime, code."""

    kind: str
    key: str
    version: str

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.kind} {self.key} {self.version}".rstrip()


@record
class ModelUse:
    """path: where the object says so. uri: the reference in its one spelling. key, version, pin: as of its subject.

    beside, flags: of the whole object, sorted; flags: what lets a model bring code. is_volume: is it an image volume, which may hold a model?
    """

    path: Path
    uri: str
    key: str
    version: str
    pin: Pin
    beside: tuple[Beside, ...]
    flags: tuple[str, ...]
    is_volume: bool = False

    @property
    def identity(self) -> ModelIdentity:
        """Which model it is."""
        return identify(Subject("model", self.key, self.version, self.pin))

    @property
    def pinned_digest(self) -> str:
        """`sha256:<hex>` where the reference itself says it, else ""."""
        return self.version if self.pin == "content" and self.version.startswith("sha256:") else ""
