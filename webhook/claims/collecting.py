"""Takes what is judged, object by object, and asks the claims library about it."""

from typing import final

from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Decision, PolicyKey
from lockgate.engine.errors import EvaluationError
from lockgate.engine.masking.secret_values import SecretValues, collect_value
from lockgate.engine.policy import Matched, PolicySet
from lockgate.engine.review import Review
from lockgate.webhook.claims.asked import Asked, Outcome, RuleOutcome, read_asked
from lockgate.webhook.claims.library import ClaimsLibrary
from lockgate.webhook.gate import Judged, Record
from lockgate.webhook.judging import find_resource


@final
class Collector:
    """Stands where a recorder of Decisions would, and keeps what asks for devices.

    troubles: objects that could not be read. secrets: what must not be shown of any object that was judged.
    """

    def __init__(self, library: ClaimsLibrary, policies: PolicySet) -> None:
        self._library = library
        self._policies = policies
        self._told: dict[tuple[tuple[PolicyKey, Outcome], ...], tuple[RuleOutcome, ...]] = {}
        self.asked: list[Asked] = []
        self.slices: list[dict[str, Value]] = []
        self.troubles: list[str] = []
        self.secrets = SecretValues()

    def of_file(self, environment: str | None) -> Record:
        """What takes the Decisions on a file."""
        return self._take

    def _take(self, judged: Judged) -> None:
        review = judged.review
        if review.object is None or review.document is None:
            return
        value = review.object
        collect_value(value, self.secrets, 0)
        if value.get("kind") == "ResourceSlice" and str(value.get("apiVersion")).startswith(
            "resource.k8s.io/"
        ):
            self.slices.append(value)
        resource = find_resource(value, review.request.get("namespace"))
        try:
            answer = self._library.ask(value)
        except EvaluationError as error:
            self.troubles.append(f"{review.document.file}: {resource} cannot be read: {error.message}")
            return
        asked = read_asked(answer, review.document.file, 0, resource, ())
        if asked.says_nothing():
            return
        line = review.document.locate(None).span.line
        rules = self._rules(review, judged.decision)
        self.asked.append(
            Asked(
                asked.file,
                line,
                resource,
                asked.charges,
                asked.named,
                asked.classes,
                asked.unreadable,
                asked.undecidable,
                rules,
            )
        )

    def _rules(self, review: Review, decision: Decision) -> tuple[RuleOutcome, ...]:
        """Each rule that is about the object, and what came of it; worst first where it says several things."""
        outcomes: dict[PolicyKey, Outcome] = {}
        for policy, match in self._policies.candidates(review):
            if match is None or isinstance(match(review), Matched):
                outcomes[policy.key] = "passes"
        outcomes |= {one.violation.policy: "exempt" for one in decision.exempted}
        outcomes |= {one.policy: "not evaluated" for one in decision.not_evaluated}
        outcomes |= {one.policy: "violated" for one in decision.violations}
        outcomes |= {one.policy: "failed" for one in decision.failures}
        # Objects of one kind mostly fare alike.
        items = tuple(outcomes.items())
        known = self._told.get(items)
        if known is None:
            known = tuple([RuleOutcome(str(key), outcomes[key]) for key in sorted(outcomes)])
            self._told[items] = known
        return known
