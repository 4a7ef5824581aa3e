"""The errors of reading an artefact. They end the walk of one part of it, and make the whole unreadable."""


class UnreadableError(Exception):
    """The bytes are not what their format says: nothing after this offset is known."""

    def __init__(self, detail: str, offset: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.offset = offset


class LimitError(UnreadableError):
    """A bound of the scan was reached (budget.py)."""
