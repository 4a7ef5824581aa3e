"""Which model a subject is, and in which version: the name under which its promotions are one history.

A reference without a version of its own may end with one, as `s3://models/fraud/7` does: then the model is what stands before it.
What ends otherwise is a model by itself, whatever it is a version of to its people.
"""

from lockgate.engine.promotions.subjects import Subject
from lockgate.engine.promotions.versions import is_version
from lockgate.engine.record import record


@record
class ModelIdentity:
    """model: names it without its version, such as `hf:org/fraud`. version: "" where nothing says one."""

    model: str
    version: str

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.model} {self.version}".rstrip()


def identify(subject: Subject) -> ModelIdentity:
    """The identity of a subject."""
    if subject.version:
        return ModelIdentity(subject.key, subject.version)
    before, slash, last = subject.key.rstrip("/").rpartition("/")
    if slash and before.strip("/") and is_version(last):
        return ModelIdentity(before, last)
    return ModelIdentity(subject.key, "")
