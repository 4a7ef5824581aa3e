"""The recorder: makes drafts of what happened, with secrets masked, identities committed to, and bodies sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lockgate.audit.body import mask_decision, text_bytes, value_bytes
from lockgate.audit.canonical import Json
from lockgate.audit.commitments import commit_all, make_entry_key
from lockgate.audit.draft import Draft, SealedBody
from lockgate.audit.errors import FormatError
from lockgate.audit.grant_use import GrantUse
from lockgate.audit.note import encode_base64
from lockgate.audit.promotions.events import PromotionEvent
from lockgate.audit.promotions.history import KIND, STREAM
from lockgate.audit.sealing import seal, wrap_key
from lockgate.audit.streams import (
    MAX_POLICIES,
    OTHER_POLICIES,
    model_stream,
    policies_stream,
    policy_stream,
)
from lockgate.audit.vault import NO_NAMESPACE, Vault
from lockgate.engine.codegen.values import Value
from lockgate.engine.decision import Decision, PolicyKey
from lockgate.engine.masking.masked_value import mask_values
from lockgate.engine.masking.masker import Masker
from lockgate.engine.review import Review

# Longer names do not fit twelve times into an entry: the decision is then listed under OTHER_POLICIES.
MAX_POLICY_NAME: Final = 100
MAX_RESOURCE: Final = 200
MAX_MODEL: Final = 128
MAX_ENVIRONMENT: Final = 64
MAX_REASON: Final = 500

# How a server knew who sent it a review.
Caller = Literal["mtls", "token", "unauthenticated"]
# What an entry calls labels of Namespaces: which Namespace is in its body.
NAMESPACE_LABELS: Final = "Namespace/labels"
QUOTA_LEDGER: Final = "DeviceQuota/ledger"
POLICY_DRIFT: Final = "PolicyBundle/drift"
# Policies that the body of a use of break-glass names.
MAX_STOPPED: Final = 100


@dataclass(frozen=True, slots=True)
class Subject:
    """What a decision is about besides its review: the model and the environment that it would enter, if known."""

    model: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was verified: the log's first `size` entries under their root (b"" where no checkpoint was), and how many bodies were opened."""

    size: int
    root: bytes
    opened: int


@dataclass(frozen=True, slots=True)
class Occasion:
    """What led to a decision that no request asked for, and who stands for it."""

    operation: str
    actor: str


SWEEP: Final = Occasion("sweep", "lockgate sweep")
# Masks by shape alone.
_NO_VALUES: Final = Masker()


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _part(value: Value, name: str) -> Value:
    return value.get(name) if isinstance(value, dict) else None


def _resource(review: Review) -> tuple[str, str, str]:
    """Group, version and kind of what is judged."""
    kind = review.request.get("kind")
    return _text(_part(kind, "group")), _text(_part(kind, "version")), _text(_part(kind, "kind"))


def _namespace(review: Review) -> str:
    """The namespace that a review falls in; a Namespace falls in itself."""
    named = _text(review.request.get("namespace"))
    if not named and _resource(review)[::2] == ("", "Namespace"):
        named = _text(review.request.get("name"))
    return named or NO_NAMESPACE


def _object_name(review: Review, namespace: str) -> str:
    """What is judged, as decisions commit to it: `group/version/kind/namespace/name/uid`."""
    group, version, kind = _resource(review)
    uid = _text(_part(_part(review.object, "metadata"), "uid"))
    return f"{group}/{version}/{kind}/{namespace}/{_text(review.request.get('name'))}/{uid}"


def _actor(review: Review) -> str:
    return _text(_part(review.request.get("userInfo"), "username"))


def _breached(decision: Decision) -> list[str]:
    """The streams of the policies that a decision speaks of."""
    keys: dict[PolicyKey, None] = {}
    for violation in decision.violations:
        keys[violation.policy] = None
    for failure in decision.failures:
        keys[failure.policy] = None
    streams: list[str] = []
    other = False
    for key in sorted(keys):
        name = policy_stream(key.kind, key.name)
        if len(streams) < MAX_POLICIES and len(name) <= MAX_POLICY_NAME:
            streams.append(name)
        else:
            other = True
    return [*streams, OTHER_POLICIES] if other else streams


def digest_text(digest: str) -> str:
    """A hex SHA-256 as entries spell it."""
    return digest if digest.startswith("sha256:") else f"sha256:{digest}"


def describe_use(review: Review, decision: Decision) -> GrantUse:
    """The use of a grant for a Decision that denies."""
    namespace = _namespace(review)
    where = "" if namespace == NO_NAMESPACE else namespace
    denied = [one.policy for one in decision.violations if "deny" in one.actions]
    failed = [one.policy for one in decision.failures]
    unknown = [one.policy for one in decision.not_evaluated]
    stopped = sorted({str(key) for key in [*denied, *failed, *unknown]})
    return GrantUse(
        "error" if decision.verdict == "error" else "deny",
        _text(review.request.get("operation")),
        "/".join([one for one in _resource(review) if one]),
        _object_name(review, where),
        where,
        _actor(review),
        decision.policies_digest,
        tuple(stopped[:MAX_STOPPED]),
    )


class Recorder:
    """Makes drafts for one installation. `evaluator` names the program and its version."""

    __slots__ = ("_vault", "evaluator")

    def __init__(self, vault: Vault, evaluator: str) -> None:
        self._vault = vault
        self.evaluator: Final = evaluator

    def decision(
        self,
        review: Review,
        decision: Decision,
        subject: Subject,
        request_key: str = "",
        caller: Caller | None = None,
        occasion: Occasion | None = None,
        mode: Literal["enforce", "observe"] = "enforce",
    ) -> Draft:
        """The draft of a Decision.

        request_key: names the request, so that a retry is recorded once. caller: how the API server was known that
        sent it; None where none did. occasion: why something was judged that nobody asked for. mode: observe where what it
        denies was let through all the same.
        """
        if len(subject.model) > MAX_MODEL or len(subject.environment) > MAX_ENVIRONMENT:
            raise FormatError(
                f"a model's name has at most {MAX_MODEL} characters, an environment's {MAX_ENVIRONMENT}"
            )
        masked = mask_decision(review, decision, self.evaluator)
        group, version, kind = _resource(review)
        namespace = _namespace(review)
        request = review.request
        where = "" if namespace == NO_NAMESPACE else namespace
        values = {
            "object": text_bytes(_object_name(review, where)),
            "input": masked.input,
            "body": masked.body,
        }
        if where:
            values["namespace"] = text_bytes(where)
        actor = _actor(review) if occasion is None else occasion.actor
        operation = _text(request.get("operation")) if occasion is None else occasion.operation
        if actor:
            values["actor"] = text_bytes(actor)
        if masked.facts:
            values["facts"] = masked.facts
        policies = digest_text(decision.policies_digest)
        resource = "/".join([one for one in (group, version, kind) if one]) or "unknown"
        fields: dict[str, Json] = {
            "outcome": decision.verdict,
            "policies": policies,
            "evaluator": self.evaluator,
            "operation": _in_clear(operation, MAX_ENVIRONMENT) or "unknown",
            "resource": _in_clear(resource, MAX_RESOURCE),
        }
        streams = [policies_stream(policies), *_breached(decision)]
        if subject.model:
            fields["model"] = subject.model
        if subject.environment:
            fields["environment"] = subject.environment
        if caller is not None:
            fields["caller"] = caller
        if mode == "observe":
            fields["mode"] = mode
        if subject.model and subject.environment:
            streams.append(model_stream(subject.model, subject.environment))
        return self._draft(
            "decision", fields, values, streams, namespace, masked.body, idempotency=request_key
        )

    def policy_change(
        self,
        event: Literal["added", "changed", "removed"],
        policies: str,
        *,
        before: str = "",
        policy: str = "",
        actor: str = "",
        source: Value = None,
        stream: Literal["policy-change", "configuration"] = "policy-change",
    ) -> Draft:
        """The draft of a change of the policies in force, or of what else decides; `source` is what is in force now, if it
        is to be kept."""
        fields: dict[str, Json] = {"event": event, "policies": digest_text(policies)}
        if before:
            fields["before"] = digest_text(before)
        if policy:
            fields["policy"] = policy
        return self._about("policy", fields, [stream], actor, source)

    def namespace_labels(self, policies: str, actor: str, details: Value, request_key: str) -> Draft:
        """The draft of a change of a Namespace's labels that decide what is judged; `details` has old and new values."""
        fields: dict[str, Json] = {
            "event": "changed",
            "policies": digest_text(policies),
            "policy": NAMESPACE_LABELS,
        }
        return self._about("policy", fields, ["exclusion"], actor, details, idempotency=request_key)

    def quota_repairs(self, policies: str, actor: str, details: Value) -> Draft:
        """The draft of amounts in the quotas' ledger that were not those of its objects, and were set right."""
        fields: dict[str, Json] = {
            "event": "changed",
            "policies": digest_text(policies),
            "policy": QUOTA_LEDGER,
        }
        return self._about("policy", fields, ["configuration"], actor, details)

    def policy_drift(self, policies: str, actor: str, details: Value) -> Draft:
        """The draft of what a cluster has in place of what was promoted; that is not in force."""
        fields: dict[str, Json] = {
            "event": "changed",
            "policies": digest_text(policies),
            "policy": POLICY_DRIFT,
        }
        return self._about("policy", fields, ["configuration"], actor, details)

    def exemption(
        self,
        event: Literal["granted", "used", "revoked", "expired"],
        exemption: str,
        policies: str,
        *,
        namespace: str = "",
        subject: str = "",
        actor: str = "",
        details: Value = None,
    ) -> Draft:
        """The draft of an exemption's event; `subject` names the object as decisions do."""
        fields: dict[str, Json] = {
            "event": event,
            "exemption": exemption,
            "policies": digest_text(policies),
        }
        values = {"namespace": text_bytes(namespace)} if namespace else {}
        if subject:
            values["object"] = text_bytes(subject)
        streams = ["exemption"] if event == "used" else ["exemption", "exemption-change"]
        return self._about("exemption", fields, streams, actor, details, values=values, namespace=namespace)

    def exemption_uses(self, review: Review, decision: Decision) -> list[Draft]:
        """The drafts of the exemptions that a Decision used, one each."""
        namespace = _namespace(review)
        where = "" if namespace == NO_NAMESPACE else namespace
        used = sorted({one.exemption for one in decision.exempted})
        return [
            self.exemption(
                "used",
                name,
                decision.policies_digest,
                namespace=where,
                subject=_object_name(review, where),
                actor=_actor(review),
            )
            for name in used
        ]

    def grant_event(
        self,
        event: Literal["granted", "revoked", "expired", "refused"],
        grant: str,
        *,
        terms: Mapping[str, str] | None = None,
        actor: str = "",
        details: Value = None,
        claimed: str = "",
        request_key: str = "",
    ) -> Draft:
        """The draft of what became of a break-glass grant.

        terms: `reason`, `ticket`, `from` and `until` of one that is granted, `reason` of one that is refused. actor: who
        signed it. claimed: when it happened, of what was recorded elsewhere before. Times as entries spell them.
        """
        fields: dict[str, Json] = {"event": event, "grant": _in_clear(grant, MAX_RESOURCE)}
        for name, text in (terms or {}).items():
            fields[name] = _in_clear(text, MAX_REASON)
        if claimed:
            fields["claimed"] = claimed
        streams = ["break-glass", "break-glass-change"]
        return self._about("break-glass", fields, streams, actor, details, idempotency=request_key)

    def grant_use(self, grant: str, use: GrantUse, request_key: str = "") -> Draft:
        """The draft of a use of a break-glass grant; a retry with the same key is recorded once."""
        fields: dict[str, Json] = {
            "event": "used",
            "grant": _in_clear(grant, MAX_RESOURCE),
            "outcome": use.outcome,
            "operation": _in_clear(use.operation, MAX_ENVIRONMENT) or "unknown",
            "resource": _in_clear(use.resource, MAX_RESOURCE) or "unknown",
        }
        if use.policies:
            fields["policies"] = digest_text(use.policies)
        if use.claimed:
            fields["claimed"] = use.claimed
        values = {"namespace": text_bytes(use.namespace)} if use.namespace else {}
        values["object"] = text_bytes(use.subject)
        return self._about(
            "break-glass",
            fields,
            ["break-glass"],
            use.actor,
            {"stopped": [*use.stopped], "reason": use.reason},
            values=values,
            namespace=use.namespace,
            idempotency=request_key,
        )

    def access(
        self,
        action: Literal["reveal", "export", "replay"],
        entries: int,
        actor: str,
        question: Value,
        index: int | None = None,
    ) -> Draft:
        """The draft of a look at what is sealed; `question` is what was asked for."""
        fields: dict[str, Json] = {"action": action, "entries": entries}
        if index is not None:
            fields["index"] = index
        return self._about("access", fields, ["access"], actor, question)

    def verification(
        self,
        verdict: Literal["verified", "tampered", "unverifiable"],
        checked: Checked,
        actor: str,
        details: Value,
    ) -> Draft:
        """The draft of what a verification of the whole log came to. details: what was found, for people."""
        fields: dict[str, Json] = {"verdict": verdict, "size": checked.size, "opened": checked.opened}
        if checked.root:
            fields["root"] = encode_base64(checked.root)
        return self._about("verification", fields, ["verification"], actor, details)

    def statement(self, envelope: str, predicate: str, subject: str, actor: str) -> Draft:
        """The draft of a signed statement that was shown; the same envelope is recorded once, when it came first.

        envelope: the SHA-256 of its bytes. subject: of what it is about, empty where that has none.
        """
        shown = digest_text(envelope)
        fields: dict[str, Json] = {"envelope": shown, "predicate": _in_clear(predicate, MAX_RESOURCE)}
        if subject:
            fields["subject"] = digest_text(subject)
        return self._about("statement", fields, ["statement"], actor, None, idempotency=f"statement {shown}")

    def key_event(
        self,
        event: Literal["added", "retired", "revoked"],
        use: Literal["log", "statement", "witness"],
        key: str,
        *,
        actor: str = "",
        last_good: int | None = None,
    ) -> Draft:
        """The draft of a key's event; `key` is its vkey, or its id where it has none."""
        fields: dict[str, Json] = {"event": event, "use": use, ("vkey" if "+" in key else "key"): key}
        if last_good is not None:
            fields["lastGood"] = last_good
        return self._about("key", fields, ["key"], actor, None)

    def promotion(self, event: PromotionEvent, actor: str, details: Mapping[str, Value]) -> Draft:
        """The draft of what became of a promotion. details: what its body holds beside the actor, as it is: nothing in it is masked.

        A statement is asked for once, and approved once by a person: the same draft again is the first.
        """
        fields: dict[str, Json] = dict(event.fields)
        streams = [STREAM, model_stream(event.model, event.environment)]
        body = value_bytes({"actor": actor, "details": dict(details)})
        values = {"actor": text_bytes(actor), "body": body}
        return self._draft(KIND, fields, values, streams, NO_NAMESPACE, body, idempotency=event.request_key)

    def pseudonym(self, person: str) -> str:
        """What stands for a person in entries."""
        return self._vault.master.pseudonym(person)

    def hold(
        self,
        event: Literal["placed", "lifted"],
        hold: str,
        reason: str,
        actor: str,
        *,
        index: int | None = None,
        stream: str = "",
    ) -> Draft:
        """The draft of a legal hold on an entry, or on a namespace's stream."""
        fields: dict[str, Json] = {"event": event, "hold": hold, "reason": reason[:MAX_REASON]}
        if index is not None:
            fields["index"] = index
        if stream:
            fields["stream"] = stream
        return self._about("hold", fields, ["hold"], actor, None)

    def erasure(self, fields: Mapping[str, Json], actor: str) -> Draft:
        """The draft of an erasure (see `erasure.py`)."""
        return self._about("erasure", dict(fields), ["erasure"], actor, None)

    def _about(
        self,
        kind: str,
        fields: dict[str, Json],
        streams: list[str],
        actor: str,
        details: Value,
        *,
        values: Mapping[str, bytes] | None = None,
        namespace: str = "",
        idempotency: str = "",
    ) -> Draft:
        opened = dict(values or {})
        if actor:
            opened["actor"] = text_bytes(actor)
        body = b""
        if opened or details is not None:
            # The key and what it opens lie in the body, so that a commitment can be shown later.
            (masked,) = mask_values([details]).values
            told: dict[str, Value] = {name: value.decode() for name, value in opened.items()}
            body = value_bytes({**told, "details": masked})
            opened["body"] = body
        where = namespace or NO_NAMESPACE
        return self._draft(kind, fields, opened, streams, where, body, idempotency=idempotency)

    def _draft(
        self,
        kind: str,
        fields: dict[str, Json],
        values: Mapping[str, bytes],
        streams: list[str],
        namespace: str,
        body: bytes,
        idempotency: str = "",
    ) -> Draft:
        sealed = None
        if values:
            entry_key = make_entry_key()
            held = self._vault.key_of(namespace)
            fields["commitments"] = dict(commit_all(entry_key, values))
            sealed = SealedBody(seal(entry_key, body), wrap_key(held.key, entry_key), held.ref)
            if namespace != NO_NAMESPACE:
                streams.append(held.stream)
        key = self._vault.master.idempotency(idempotency) if idempotency else b""
        return Draft(kind, fields, tuple(streams), sealed, key)


def _in_clear(text: str, longest: int) -> str:
    """A name as an entry shows it to everybody: printable, cut, and masked where it has the shape of a credential."""
    shown = text if text.isprintable() else "".join([one if one.isprintable() else "?" for one in text])
    return _NO_VALUES.name(shown)[:longest]
