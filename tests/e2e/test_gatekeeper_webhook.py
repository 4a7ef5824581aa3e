"""Gatekeeper's running webhook and our Gate, asked about the same AdmissionReviews: the same answers, word by word."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import pytest
from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import InputError
from lockgate.engine.kinds import DOCUMENT_GROUP
from lockgate.engine.review import Review
from lockgate.gatekeeper.admission import parse_admission_review
from lockgate.gatekeeper.inventory import facts_of
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.target import placed_request, review_request
from lockgate.gatekeeper.webhook_scope import plural
from lockgate.webhook.gate import Gate
from lockgate.webhook.render_admission import (
    AdmissionResponse,
    enforcements,
    excluded,
    failed,
    render_admission,
)

from tests.e2e.admission_cases import (
    CONFIG,
    inventory,
    named_review,
    objects,
    policies,
    reviews,
    special_reviews,
)
from tests.e2e.cluster import Cluster, kubectl, running_cluster
from tests.e2e.gatekeeper import STEP_SECONDS, Gatekeeper, running_gatekeeper
from tests.gatekeeper.workbench import Json, manifest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# The name of a Namespace that can be one (RFC 1123).
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
FEWEST = 300
# Of a deletion, until Gatekeeper's engines happen to run in the other order.
MOST_TRIES = 400
SYNC_SECONDS = 30
CONFLICT = "eval_conflict_error: functions must not produce multiple outputs"


@dataclass(frozen=True, slots=True)
class Both:
    """The webhook and our Gate under the same policies, on one cluster."""

    theirs: Gatekeeper
    gate: Gate
    namespaces: dict[str, dict[str, Value]]

    def review(self, value: Json) -> Review:
        """An AdmissionReview as we judge it. Raises InputError where it cannot be."""
        request = placed_request(parse_admission_review(_document(value).value))
        name = request.get("namespace")
        namespace = self.namespaces.get(name) if isinstance(name, str) else None
        if name and namespace is None:
            raise InputError(f'failed to create augmentedReview: namespaces "{name}" not found')
        return review_request(request, namespace, "Cluster" if namespace is None else "Namespaced")

    def ours(self, value: Json) -> AdmissionResponse:
        """Our answer to an AdmissionReview."""
        try:
            return self.answer(self.review(value))
        except InputError as error:
            return failed(error.message)

    def answer(self, review: Review) -> AdmissionResponse:
        """Our answer to a review."""
        judged = self.gate.judge_review(review)
        if judged.unseen:
            return excluded()
        return render_admission(judged.decision, enforcements(self.gate.policies))


def _document(value: Json) -> Document:
    reading = read_documents(json.dumps(value).encode(), "review.json", duplicates="error")
    assert len(reading.documents) == 1, reading
    return reading.documents[0]


def _response(value: Json) -> AdmissionResponse:
    status = value["status"]
    return AdmissionResponse(
        value["allowed"],
        status["code"],
        status.get("reason", ""),
        status.get("message", ""),
        tuple(value.get("warnings", ())),
    )


def _namespaces(cluster: Cluster) -> dict[str, dict[str, Value]]:
    status, found = cluster.ask("GET", "/api/v1/namespaces")
    assert status == 200
    # Their list leaves out what each of them is.
    return {
        one["metadata"]["name"]: _document({"kind": "Namespace", "apiVersion": "v1", **one}).value
        for one in found["items"]
    }


def _asked() -> list[Json]:
    # Documents of tools are no objects of a cluster, and ours go to constraints that name their group alone.
    made = [one for one in reviews(objects()) if one["request"]["kind"]["group"] != DOCUMENT_GROUP]
    return [one for one in made if LABEL.fullmatch(one["request"].get("namespace") or "default")]


def _synced(cluster: Cluster) -> list[dict[str, Value]]:
    """The objects of the kinds that the Config says, as the API server has them."""
    found: list[dict[str, Value]] = []
    for kind in CONFIG["spec"]["sync"]["syncOnly"]:
        api = f"apis/{kind['group']}" if kind["group"] else "api"
        version = f"{kind['group']}/{kind['version']}".strip("/")
        status, listed = cluster.ask("GET", f"/{api}/{kind['version']}/{plural(kind['kind'])}")
        assert status == 200
        named = {"apiVersion": version, "kind": kind["kind"]}
        found += [_document({**named, **one}).value for one in listed["items"]]
    return found


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    given, kept = policies(), inventory()
    names = {one["request"].get("namespace") or "default" for one in _asked()}
    names |= {one["metadata"]["namespace"] for one in kept if "namespace" in one["metadata"]}
    with running_cluster() as cluster, running_gatekeeper(cluster) as theirs:
        theirs.apply(
            [
                manifest("Namespace", name, labels={"env": "prod"} if number % 2 else {"team": "a"})
                for number, name in enumerate(sorted(names))
            ]
        )
        for one in kept:
            # The API server refuses some.
            kubectl(cluster, "create", "-f", "-", given=json.dumps(one))
        theirs.apply([CONFIG])
        theirs.load(given.templates, given.constraints)
        loaded = load_policies([_document(one) for one in (*given.templates, *given.constraints, CONFIG)])
        assert not loaded.errors, loaded.errors
        gate = Gate(loaded.policies, facts_of(_synced(cluster)), Limits(), now_ns=0, sync=loaded.sync)
        made = Both(theirs, gate, _namespaces(cluster))
        # Objects are synced a moment later.
        asked = named_review("inventory")
        wanted = made.ours(asked)
        end = time.monotonic() + SYNC_SECONDS
        while _response(theirs.admit(asked)) != wanted and time.monotonic() < end:
            time.sleep(STEP_SECONDS)
        yield made


def _lines(text: str) -> list[str]:
    return re.split(r"\n(?=\[)", text)


def _settled(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines one after the other with the same text in the order of their constraints."""
    runs = [sorted(run) for _, run in groupby(lines, lambda line: line.partition("] ")[2])]
    return tuple([line for run in runs for line in run])


def _comparable(answer: AdmissionResponse) -> AdmissionResponse:
    """The answer without what is not the same from one answer of Gatekeeper to its next: the order of one message of
    several constraints, which it sorts in no stable way."""
    return replace(
        answer,
        message="\n".join(_settled(_lines(answer.message))),
        warnings=_settled(answer.warnings),
    )


def _without_object(review: Review) -> Review:
    """A deletion as Gatekeeper's Rego sees it when its CEL ran first."""
    return replace(review, request={**review.request, "object": None})


def test_the_same_answers(both: Both) -> None:
    """Deletions that constraints of both engines match are asked again: Gatekeeper runs its engines in no fixed order,
    and CEL's takes the object out of the request that Rego is shown next (k8scel/driver.go). We show it to Rego always.
    """
    asked = _asked()
    assert len(asked) >= FEWEST
    seen: Counter[int] = Counter()
    wrong: list[tuple[Json, AdmissionResponse, AdmissionResponse]] = []
    for value in asked:
        theirs, ours = both.theirs.admit(value), _comparable(both.ours(value))
        assert theirs["uid"] == value["request"]["uid"]
        answer = _comparable(_response(theirs))
        if value["request"]["operation"] == "DELETE":
            lost = _comparable(both.answer(_without_object(both.review(value))))
            tries = 0
            while answer == lost != ours and tries < MOST_TRIES:
                answer = _comparable(_response(both.theirs.admit(value)))
                tries += 1
        seen[answer.code] += 1
        if answer != ours:
            wrong.append((value, answer, ours))
    assert not wrong, f"{len(wrong)} of {len(asked)} differ: {wrong[0]}"
    assert all(seen[code] for code in (200, 299, 403)), seen


# Where the two differ, and why; both codes, and lines that only one of the two says.
DIFFERENCES: Mapping[str, tuple[str, tuple[int, int], tuple[str, ...], tuple[str, ...]]] = {
    "denies": (
        "Gatekeeper evaluates all constraints of a template in one query, so that what one fails on fails them all",
        (403, 403),
        (f"[fails-denies] template:4: {CONFLICT}", f"[holds-denies] template:4: {CONFLICT}"),
        ("[fails-denies] review.json:4:", "[holds-denies] holds"),
    ),
    "warns": (
        "the same for warnings",
        (299, 299),
        (f"[fails-warns] template:4: {CONFLICT}", f"[holds-warns] template:4: {CONFLICT}"),
        ("[fails-warns] review.json:4:", "[holds-warns] holds"),
    ),
    "message": (
        "ours names the constraint, Gatekeeper its library's type",
        (500, 500),
        ("error reviewing resource", ".msg accessor error: 7 is of the type json.Number"),
        ("Number/number: a violation's msg must be a string, not number",),
    ),
    "CREATE without an object": (
        "Gatekeeper lets constraints without a match block judge nothing; with us the request is refused as a whole",
        (403, 500),
        ("unable to match constraints: invalid request object",),
        ("no object or oldObject found to review",),
    ),
    "DELETE without an object": (
        "the same mistake in other words",
        (500, 500),
        ("oldObject cannot be nil for DELETE operations",),
        ("no object or oldObject found to review",),
    ),
}


def test_requests_that_fail_or_are_left_alone(both: Both) -> None:
    differing = set()
    for name, value in special_reviews().items():
        theirs, ours = (_comparable(one) for one in (_response(both.theirs.admit(value)), both.ours(value)))
        assert theirs.allowed == ours.allowed, name
        if theirs == ours:
            continue
        differing.add(name)
        _, codes, only_theirs, only_ours = DIFFERENCES[name]
        assert (theirs.code, ours.code) == codes
        said, we_say = ("\n".join((one.message, *one.warnings)) for one in (theirs, ours))
        assert [text for text in only_theirs if text not in said or text in we_say] == [], name
        assert [text for text in only_ours if text not in we_say or text in said] == [], name
    assert differing == set(DIFFERENCES)
