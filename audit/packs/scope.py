"""What an evidence pack is about: one promotion, or one period, of everything or of a model or an environment."""

from dataclasses import dataclass

from lockgate.audit.query.answers.answer import Given
from lockgate.audit.query.errors import QuestionError


@dataclass(frozen=True, slots=True)
class Scope:
    """promotion: the entry that made it. Else times in Unix milliseconds, half-open; until: None for the end of the log."""

    promotion: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    model: str = ""
    environment: str = ""

    def check(self) -> None:
        """Raises QuestionError for what is neither a promotion nor a period."""
        is_period = (self.since_ms, self.until_ms) != (None, None)
        if self.promotion is not None:
            if is_period or self.model or self.environment:
                raise QuestionError(
                    "a pack is of one promotion or of a period, not of both", field="promotion"
                )
        elif self.since_ms is None:
            raise QuestionError(
                "a pack needs to know of what",
                field="since",
                hint="--promotion INDEX, or --since DAY with or without --until DAY",
            )
        elif self.until_ms is not None and self.until_ms <= self.since_ms:
            raise QuestionError("the period ends before it begins", field="until")

    @property
    def is_filtered(self) -> bool:
        """Is a period of one model or environment alone?"""
        return bool(self.model or self.environment)

    def covers(self, time_ms: int) -> bool:
        """Is a time in the period?"""
        return Given(since_ms=self.since_ms, until_ms=self.until_ms).covers(time_ms)
