"""Promotion statements: an in-toto statement of who wants which bytes of a model to run where, and as what.

Its digest is what approvals bind and what the log records once. Predicate type `https://lockgate.dev/promotion/v1`; the schema is
webhook/schemas/promotion-statement.schema.json.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Literal, cast, get_args

from lockgate.audit.attestations.statement import (
    STATEMENT,
    Statement,
    parse_statement,
    sha256_digest,
)
from lockgate.audit.errors import FormatError
from lockgate.audit.promotions.events import MAX_ENVIRONMENT, MAX_MODEL, MAX_VERSION, check_name
from lockgate.audit.promotions.history import Promoted
from lockgate.audit.times import parse_time
from lockgate.engine.foreign_documents import Part
from lockgate.engine.promotions.model_use import Beside

PREDICATE: Final = "https://lockgate.dev/promotion/v1"
MAX_STATEMENT: Final = 256 * 1024
MAX_SERVING: Final = 200
MAX_FLAGS: Final = 200
MAX_EVIDENCE: Final = 200
MAX_MEASURED: Final = 1_000
MAX_CHANGE: Final = 20
MAX_TEXT: Final = 1024

Happening = Literal["introduction", "promotion", "rollback"]
_HAPPENINGS: Final[frozenset[str]] = frozenset(get_args(Happening))
# Has it an environment that it comes from, a predecessor, a target?
_LINKS: Final[Mapping[Happening, tuple[bool, bool, bool]]] = {
    "introduction": (False, False, False),
    "promotion": (True, True, False),
    "rollback": (False, False, True),
}
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
LONGEST_NUMBER: Final = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is to run. cluster and namespace: "" where any will do."""

    environment: str
    cluster: str = ""
    namespace: str = ""

    def covers(self, cluster: str, namespace: str) -> bool:
        """Is that place in it? "" is any cluster, or any namespace, and is in nothing less."""
        return self.cluster in ("", cluster) and self.namespace in ("", namespace)


@dataclass(frozen=True, slots=True)
class EvidenceUsed:
    """Evidence that was verified when the statement was made. envelope: SHA-256 of what it was signed in. at: RFC 3339.

    values: what it measured, by name: numbers in the spelling that they had.
    """

    kind: str
    envelope: str
    at: str
    passed: bool
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PromotionStatement:
    """What is asked for. subject: `sha256:<hex>` of the bytes; reference: where they lie, as the workload writes it.

    requester: a person, by the identity map. policy: name and digest (`sha256:<hex>`) of the PromotionPolicy. predecessor: the log's
    origin and the entry that promoted it into `source`, of a promotion; target: likewise the one that a rollback goes back to.
    """

    happening: Happening
    model: str
    version: str
    reference: str
    subject: str
    source: str
    to: Place
    serving: tuple[Beside, ...]
    flags: tuple[str, ...]
    requester: str
    policy: tuple[str, str]
    evidence: tuple[EvidenceUsed, ...]
    change: Mapping[str, str]
    predecessor: tuple[str, int] | None
    target: tuple[str, int] | None
    made_at: str
    nonce: str

    def promoted(self, digest: str) -> Promoted:
        """As entries have it. digest: of this statement's payload."""
        return Promoted(self.model, self.version, self.to.environment, self.subject, digest)


def statement_digest(payload: bytes) -> str:
    """By which entries and approvals name a statement: `sha256:<hex>` over its payload, which no signature is part of."""
    return f"sha256:{sha256(payload).hexdigest()}"


def render_promotion(made: PromotionStatement) -> bytes:
    """The payload, canonical: sorted and compact. Raises FormatError for what is too long, or would be shown otherwise than it is."""
    _check(made)
    predicate: dict[str, Any] = {
        "happening": made.happening,
        "model": {"name": made.model, "version": made.version, "reference": made.reference},
        "to": {
            "environment": made.to.environment,
            "cluster": made.to.cluster,
            "namespace": made.to.namespace,
        },
        "serving": [
            {"kind": one.kind, "name": one.key, "version": one.version}
            for one in sorted(made.serving, key=lambda one: (one.kind, one.key, one.version))
        ],
        "flags": sorted(made.flags),
        "requester": made.requester,
        "policy": {"name": made.policy[0], "digest": made.policy[1]},
        "evidence": [
            {
                "kind": one.kind,
                "envelope": one.envelope,
                "at": one.at,
                "passed": one.passed,
                "values": dict(one.values),
            }
            for one in made.evidence
        ],
        "change": dict(made.change),
        "madeAt": made.made_at,
        "nonce": made.nonce,
    }
    if made.source:
        predicate["from"] = {"environment": made.source}
    for name, link in (("predecessor", made.predecessor), ("target", made.target)):
        if link is not None:
            predicate[name] = {"origin": link[0], "index": link[1]}
    whole = {
        "_type": STATEMENT,
        "subject": [{"name": made.reference, "digest": {"sha256": made.subject.removeprefix("sha256:")}}],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    data = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    if len(data) > MAX_STATEMENT:
        raise FormatError(f"the statement has {len(data)} bytes, and may have {MAX_STATEMENT}")
    return data


def _check(made: PromotionStatement) -> None:
    """What is signed can be read again, and is shown as it is: no character hides or moves others."""
    check_name(made.model, "a model's name", MAX_MODEL)
    if made.version:
        check_name(made.version, "a version", MAX_VERSION)
    check_name(made.to.environment, "the name of an environment", MAX_ENVIRONMENT)
    links = (made.predecessor is not None, made.target is not None)
    if (bool(made.source), *links) != _LINKS[made.happening]:
        raise FormatError(
            "a promotion has an environment and an entry that it comes from, a rollback one that it goes back to"
        )
    for what, texts, most in _texts(made):
        if len(texts) > most:
            raise FormatError(f"{what} of the statement: {len(texts)} are too many, {most} may be there")
        for text in texts:
            if text:
                check_name(text, what, MAX_TEXT)
    for one in made.evidence:
        parse_time(one.at)
        if any(
            _NUMBER.fullmatch(value) is None or len(value) > LONGEST_NUMBER for value in one.values.values()
        ):
            raise FormatError(f"what the {one.kind} measured is given in numbers of JSON")
    parse_time(made.made_at)


def _texts(made: PromotionStatement) -> Iterator[tuple[str, Collection[str], int]]:
    """What they are, the texts, and how many there may be."""
    yield "the reference of the model", (made.reference,), 1
    yield "the environment that it comes from", (made.source,), 1
    yield "the cluster", (made.to.cluster,), 1
    yield "the namespace", (made.to.namespace,), 1
    yield "what runs the model", [one.shown for one in made.serving], MAX_SERVING
    yield "a flag", made.flags, MAX_FLAGS
    yield "the requester", (made.requester,), 1
    yield "the policy", (made.policy[0],), 1
    yield "evidence", [one.kind for one in made.evidence], MAX_EVIDENCE
    yield "what was measured", [name for one in made.evidence for name in one.values], MAX_MEASURED
    yield "the change", [*made.change, *made.change.values()], 2 * MAX_CHANGE
    yield "the nonce", (made.nonce,), 1
    for link in (made.predecessor, made.target):
        if link is not None:
            yield "the log's origin", (link[0],), 1


def parse_promotion(payload: bytes) -> PromotionStatement:
    """The statement in a verified envelope. Raises FormatError or InputError."""
    if len(payload) > MAX_STATEMENT:
        raise FormatError(f"a promotion statement of {len(payload)} bytes is larger than {MAX_STATEMENT}")
    statement: Statement = parse_statement(payload, "the promotion statement")
    if statement.predicate_type != PREDICATE:
        raise FormatError(f"the statement is a {statement.predicate_type[:80]!r}, and no promotion")
    if len(statement.subjects) != 1 or "sha256" not in statement.subjects[0].digests:
        raise FormatError("a promotion is of one artefact, by its SHA-256")
    predicate = statement.predicate
    happening = predicate.get("happening").text()
    if happening not in _HAPPENINGS:
        predicate.get("happening").refuse("is no promotion")
    model, to, policy = predicate.get("model"), predicate.get("to"), predicate.get("policy")
    made = PromotionStatement(
        cast(Happening, happening),
        model.get("name").text(),
        _text(model, "version"),
        _text(model, "reference"),
        f"sha256:{statement.subjects[0].digests['sha256']}",
        _text(predicate.get("from"), "environment") if predicate.maybe("from") is not None else "",
        Place(to.get("environment").text(), _text(to, "cluster"), _text(to, "namespace")),
        tuple(
            [
                Beside(one.get("kind").text(), one.get("name").text(), _text(one, "version"))
                for one in predicate.get("serving").items(MAX_SERVING)
            ]
        ),
        tuple([one.text(MAX_TEXT) for one in predicate.get("flags").items(MAX_FLAGS)]),
        predicate.get("requester").text(),
        (policy.get("name").text(), _digest(policy.get("digest"))),
        tuple([_evidence(one) for one in predicate.get("evidence").items(MAX_EVIDENCE)]),
        {name: _text(predicate.get("change"), name) for name in predicate.get("change").mapping()},
        _link(predicate, "predecessor"),
        _link(predicate, "target"),
        predicate.get("madeAt").text(40),
        predicate.get("nonce").text(100),
    )
    if render_promotion(made) != payload:
        raise FormatError(
            "the promotion statement is not as Lockgate writes one, so that what is shown might not be what is signed"
        )
    return made


def _text(part: Part, name: str) -> str:
    """A text that may be empty."""
    value = part.mapping().get(name)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        part.refuse(f"has no text {name}")
    return value


def _digest(part: Part) -> str:
    text = part.text(80)
    if not text.startswith("sha256:"):
        part.refuse("is no digest")
    sha256_digest(Part(text.removeprefix("sha256:"), part.name))
    return text


def _evidence(part: Part) -> EvidenceUsed:
    passed = part.mapping().get("passed")
    if type(passed) is not bool:
        part.refuse("does not say whether it passed")
    values = part.get("values")
    return EvidenceUsed(
        part.get("kind").text(),
        _digest(part.get("envelope")),
        part.get("at").text(40),
        passed,
        {name: values.get(name).text(LONGEST_NUMBER) for name in values.mapping()},
    )


def _link(predicate: Part, name: str) -> tuple[str, int] | None:
    part = predicate.maybe(name)
    return None if part is None else (part.get("origin").text(), part.get("index").integer())
