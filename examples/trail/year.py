"""The made-up year: what happens when. Everything follows from the seed and the end, but for keys and what they make."""

from functools import partial
from random import Random
from typing import Final, Literal

from lockgate.audit.draft import Draft
from lockgate.audit.grant_use import GrantUse
from lockgate.audit.recorder import digest_text
from lockgate.audit.times import render_time
from lockgate.engine.codegen.values import Value

from examples.trail.decisions import ENVIRONMENTS, EXEMPTIONS, MODELS, digest_of
from examples.trail.people import ADMINISTRATOR, APPROVERS, AUDITOR, REQUESTERS, make_people
from examples.trail.plan import HOUR_MS, INSTANCE, MINUTE_MS, Known, Plan
from examples.trail.promotions import Office
from examples.trail.releases import Releases
from examples.trail.traffic import Traffic
from examples.trail.writer import Writer

_POLICIES: Final = (
    (0, "LockgateImmutableImages/baseline-immutable-images"),
    (41, "LockgatePinnedModels/pinned-models"),
    (97, "LockgateModelEvaluation/evaluation"),
    (160, "LockgateDeviceCounts/baseline-device-counts"),
    (233, "LockgateApprovedDeviceClasses/approved-classes"),
    (301, "LockgateZoneSpread/baseline-zone-spread"),
    (349, "LockgateModelEvaluation/evaluation"),
)
_LOOKS: Final[tuple[tuple[int, Literal["reveal", "export", "replay"], int, str], ...]] = (
    (92, "reveal", 1, "who approved the promotion"),
    (183, "export", 400, "promotions to prod, first half"),
    (184, "replay", 900, "what would the new policies have denied"),
    (274, "reveal", 3, "who asked for exemptions"),
    (363, "export", 1200, "decisions of the quarter"),
)
_HOLDS: Final[tuple[tuple[int, Literal["placed", "lifted"], str], ...]] = (
    (90, "placed", "case-7"),
    (140, "lifted", "case-7"),
    (320, "placed", "case-9"),
)
_TURNED: Final = ((75, "churn"), (188, "support-llm"), (351, "ranking"))

Ending = Literal["revoked", "expired"]


class Year:
    """Plans what happens, and then lets it happen. coverage_days: since when the server has run, before the year's end."""

    def __init__(self, writer: Writer, seed: int, start_ms: int, coverage_days: int) -> None:
        self._writer: Final = writer
        self._recorder: Final = writer.recorder
        random = Random(seed)  # noqa: S311 - a story, and no secret
        self._random: Final = random
        self._plan: Final = Plan(start_ms)
        people = make_people([*REQUESTERS, *APPROVERS, ADMINISTRATOR, AUDITOR])
        self._people: Final = people
        self._admin: Final = people[ADMINISTRATOR].name
        self.known: Final = Known()
        self.office: Final = Office(writer, random)
        self._traffic: Final = Traffic(writer, random, self._plan, people, self.known, coverage_days)
        self._releases: Final = Releases(self.office, random, self._plan, people, self._traffic, self.known)

    def happen(self, decisions: int) -> None:
        """Everything, to the end of the year. decisions: that CI and the cluster ask for."""
        self._writer.make_keys([f"{model}-{environment}" for model in MODELS for environment in ENVIRONMENTS])
        self._begin()
        self._plan_policies()
        self._plan_exemptions()
        self._releases.plan()
        self._plan_incidents()
        self._plan_auditors()
        self._traffic.plan_coverage()
        self._traffic.plan_decisions(decisions)
        self._plan.happen()
        self._writer.sign()
        self.known.more["size"] = self._writer.size

    def _begin(self) -> None:
        for one in self._people.values():
            draft = self._recorder.key_event("added", "statement", one.fingerprint, actor=self._admin)
            self._writer.append(draft, self._plan.start_ms)

    # Policies and exemptions

    def _plan_policies(self) -> None:
        for number, (day, policy) in enumerate(_POLICIES):
            self._plan.at(
                self._plan.day(day, 10),
                partial(self._change, number, policy),
            )

    def _change(self, number: int, policy: str, now_ms: int) -> None:
        before, self.known.policies_digest = self.known.policies_digest, digest_of(f"policies {number}")
        parts: dict[str, Value] = {
            name: digest_of(
                f"{name} {max([0, *[at for at, one in enumerate(_POLICIES) if one[1] == name and at <= number]])}"
            )
            for name in sorted({one for _, one in _POLICIES[: number + 1]})
        }
        source: dict[str, Value] = {"instance": INSTANCE, "inForce": parts}
        if number:
            draft = self._recorder.policy_change(
                "changed",
                self.known.policies_digest,
                before=before,
                policy=policy,
                actor=self._admin,
                source=source,
            )
        else:
            draft = self._recorder.policy_change(
                "added", self.known.policies_digest, actor=self._admin, source=source
            )
        index = self._writer.append(draft, now_ms)
        self.known.policies.append(
            {
                "entry": index,
                "policies": digest_text(self.known.policies_digest),
                "policy": policy if number else "",
            }
        )

    def _plan_exemptions(self) -> None:
        for name, policy, granted, expires, revoked in EXEMPTIONS:
            self._plan.at(self._plan.day(granted, 11), partial(self._grant, name, policy, expires))
            event: Ending = "revoked" if revoked else "expired"
            self._plan.at(self._plan.day(revoked or expires, 11), partial(self._end, name, event))

    def _grant(self, name: str, policy: str, expires: int, now_ms: int) -> None:
        until = render_time(self._plan.day(expires, 11))
        owner = self._people["platform-lead"].name
        details: dict[str, Value] = {
            "instance": INSTANCE,
            "digest": digest_of(f"exemption {name}"),
            "policies": [policy],
            "reason": "the supplier delivers the mended version later",
            "owner": owner,
            "ticket": f"RISK-{100 + len(self.known.exemptions)}",
            "issuedAt": render_time(now_ms),
            "expiresAt": until,
            "signers": [self._people["risk-1"].name],
        }
        draft = self._recorder.exemption(
            "granted", name, self.known.policies_digest, actor=owner, details=details
        )
        index = self._writer.append(draft, now_ms)
        self.known.exemptions[name] = {"granted": index, "expires": until, "used": 0, "policy": policy}

    def _end(self, name: str, event: Ending, now_ms: int) -> None:
        draft = self._recorder.exemption(event, name, self.known.policies_digest, actor=self._admin)
        self.known.exemptions[name][event] = self._writer.append(draft, now_ms)

    # Incidents

    def _plan_incidents(self) -> None:
        self._plan.at(self._plan.day(182, 8), self._rotate)
        self._plan.at(self._plan.day(250, 2, 14), partial(self._break_glass, "night-incident", 3, "expired"))
        self._plan.at(self._plan.day(362, 3, 40), partial(self._break_glass, "registry-outage", 2, "revoked"))
        self._plan.at(self._plan.day(270, 13), self._refuse_grant)
        self._plan.at(self._plan.day(360, 10), self._traffic.outage)
        for day, model in _TURNED:
            self._plan.at(self._plan.day(day, 15), partial(self._traffic.turn, model))
        self._plan.at(self._plan.day(140, 12), self._repair_quotas)
        for day in (66, 310):
            self._plan.at(self._plan.day(day, 12), self._relabel)

    def _repair_quotas(self, now_ms: int) -> None:
        details: dict[str, Value] = {"held": 9, "live": 7}
        self._add(self._recorder.quota_repairs(self.known.policies_digest, self._admin, details), now_ms)

    def _relabel(self, now_ms: int) -> None:
        details: dict[str, Value] = {"namespace": "fraud-prod", "label": "team", "old": "a", "new": "b"}
        digest = self.known.policies_digest
        self._add(self._recorder.namespace_labels(digest, self._admin, details, f"labels {now_ms}"), now_ms)

    def _add(self, draft: Draft, now_ms: int) -> None:
        self._writer.add(draft, now_ms)

    def _rotate(self, now_ms: int) -> None:
        added, ended = self._writer.rotate(self._admin, now_ms)
        self.known.more["rotation"] = {"added": added, "retired": ended}

    def _break_glass(self, name: str, uses: int, ends: Ending, now_ms: int) -> None:
        until = now_ms + 2 * HOUR_MS
        terms = {
            "reason": "serving is down and the fix is refused",
            "ticket": f"INC-{self._random.randrange(4000, 5000)}",
            "from": render_time(now_ms),
            "until": render_time(until),
        }
        details: dict[str, Value] = {
            "signer": self._admin,
            "digest": digest_of(name),
            "namespaces": ["fraud-prod"],
        }
        draft = self._recorder.grant_event("granted", name, terms=terms, actor=self._admin, details=details)
        known: dict[str, Value] = {"granted": self._writer.append(draft, now_ms), "uses": uses}
        self.known.grants[name] = known
        for number in range(uses):
            use = GrantUse(
                "deny",
                "UPDATE",
                "apps/v1/Deployment",
                f"apps/v1/Deployment/fraud-prod/fraud/uid-{name}-{number}",
                "fraud-prod",
                self._admin,
                self.known.policies_digest,
                ("LockgateImmutableImages/baseline-immutable-images",),
            )
            draft = self._recorder.grant_use(name, use, f"{name} {number}")
            self._plan.at(now_ms + (number + 1) * 9 * MINUTE_MS, partial(self._add, draft))
        self._plan.at(until, partial(self._add, self._recorder.grant_event(ends, name, actor=self._admin)))

    def _refuse_grant(self, now_ms: int) -> None:
        terms = {"reason": "the grant is for more than four hours"}
        self._add(self._recorder.grant_event("refused", "too-long", terms=terms), now_ms)

    # Auditors

    def _plan_auditors(self) -> None:
        auditor = self._people[AUDITOR].name
        for day, action, entries, question in _LOOKS:
            draft = self._recorder.access(action, entries, auditor, {"question": question})
            self._plan.at(self._plan.day(day, 13), partial(self._look, draft))
        for day, event, name in _HOLDS:
            stream = "promotion" if event == "placed" else ""
            hold = self._recorder.hold(event, name, "supervisory review", auditor, stream=stream)
            self._plan.at(self._plan.day(day, 9), partial(self._add, hold))

    def _look(self, draft: Draft, now_ms: int) -> None:
        self.known.access.append(self._writer.append(draft, now_ms))
