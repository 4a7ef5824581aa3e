"""Who waits in front of the appender: a draft, and where what becomes of it is told."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.receipt import Place, Receipt

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Waiting(Protocol):
    """A draft in the line, and who waits for what becomes of it. All but `begin` is used by the appender's thread alone."""

    @property
    def draft(self) -> Draft:
        """What is to be recorded."""
        ...

    @property
    def within(self) -> "Callable[[Connection], None] | None":
        """What is done in the same transaction, if anything."""
        ...

    @property
    def wants_proof(self) -> bool:
        """Whether a Receipt is wanted, or its Place alone."""
        ...

    def begin(self) -> bool:
        """Whether it is still waited for. From then on nobody can give up."""
        ...

    def answer(self, answer: Receipt | Place | TrailError) -> None:
        """Tells what became of it."""
        ...


@dataclass(frozen=True, slots=True)
class InProcess:
    """A draft of this process."""

    draft: Draft
    future: "Future[Receipt]"
    within: "Callable[[Connection], None] | None" = None

    @property
    def wants_proof(self) -> bool:
        """It is the receipt that is waited for."""
        return True

    def begin(self) -> bool:
        """Whether nobody cancelled it."""
        return self.future.set_running_or_notify_cancel()

    def answer(self, answer: Receipt | Place | TrailError) -> None:
        """Ends the future."""
        if isinstance(answer, Receipt):
            self.future.set_result(answer)
        else:
            assert isinstance(answer, TrailError)
            self.future.set_exception(answer)
