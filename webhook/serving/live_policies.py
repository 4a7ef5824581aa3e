"""The policies of a cluster as its objects come and go: compiled once each, and wrong ones apart from the others."""

from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import Final, final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.record import record
from lockgate.engine.rego.specialise import Allowance
from lockgate.gatekeeper.exemptions.exemption import Exemption, parse_exemption
from lockgate.gatekeeper.exemptions.policy import ExemptionRule, parse_exemption_policy
from lockgate.gatekeeper.exemptions.resolver import Exemptions
from lockgate.gatekeeper.external_data.fixtures import (
    Fixture,
    FixtureProviders,
    add_fixtures,
    parse_fixture_object,
)
from lockgate.gatekeeper.loader import Loaded, load_policies
from lockgate.gatekeeper.memo import Memo
from lockgate.gatekeeper.problems import flatten
from lockgate.gatekeeper.template import is_template
from lockgate.webhook.serving.live_problems import LiveProblem, live_problems, problems_of
from lockgate.webhook.serving.live_promotions import PromotionsNow, promotion_digests, promotions_now
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.object_text import object_document
from lockgate.webhook.serving.objects import ObjectKey
from lockgate.webhook.serving.policy_kinds import (
    is_answering,
    is_constraint_kind,
    is_exempting,
    is_exemption_policy_kind,
    is_promoting,
    is_setting,
    is_template_kind,
)

# What the API server writes of its own changes nothing.
_BOOKKEEPING: Final = (
    "resourceVersion",
    "generation",
    "managedFields",
    "uid",
    "creationTimestamp",
    "selfLink",
)


@record
class PoliciesNow:
    """What the objects come to. exemptions: None when there are none. exempting_digest: over all that is about them.

    in_process: the providers of external data that answer here, from what is given in files. promotions: None when nothing
    is about them.
    """

    loaded: Loaded
    exemptions: Exemptions | None
    in_process: FixtureProviders
    problems: Mapping[ObjectKey, tuple[LiveProblem, ...]]
    created: frozenset[ObjectKey]
    exempting_digest: str
    promotions: PromotionsNow | None


@final
class LivePolicies:
    """Templates, constraints and what else decides, by key."""

    def __init__(self, settings: LiveSettings) -> None:
        self._settings: Final = settings
        self._memo: Final = Memo()
        self._documents: Final[dict[ObjectKey, Document]] = {}

    def put(self, key: ObjectKey, value: dict[str, Value]) -> bool:
        """The object is as `value`. Does that change what it decides?"""
        known = self._documents.get(key)
        if known is not None and _essence(known.value) == _essence(value):
            return False
        self._documents[key] = object_document(value, str(key))
        return True

    def remove(self, key: ObjectKey) -> bool:
        """The object is gone. Was it there?"""
        return self._documents.pop(key, None) is not None

    def load(self) -> PoliciesNow:
        """Compiles what is new, and puts everything together."""
        keys = {document.file: key for key, document in self._documents.items()}
        deciding = [
            one
            for key, one in self._documents.items()
            if not (is_exempting(key.kind) or is_answering(key.kind) or is_promoting(key.kind))
        ]
        loaded, crashed = self._load_what_can_be(deciding)
        errors: dict[ObjectKey, list[PolicyError]] = {}
        _gather(loaded.errors, keys, errors)
        # Config, SyncSets and the like are read together: those that are wrong would bend the others.
        wrong = {self._documents[key].file for key in errors if is_setting(key.kind)}
        if wrong:
            left_out = {*wrong, *crashed}
            loaded = self._load([one for one in deciding if one.file not in left_out])
            _gather(loaded.errors, keys, errors)
        in_process, unanswering = self._in_process()
        exemptions, refused = self._exemptions()
        problems = {key: live_problems(found, self._documents[key]) for key, found in errors.items()}
        problems.update(refused)
        problems.update(unanswering)
        promotions = self._promotions()
        if promotions is not None:
            problems.update(promotions.wrong)
        problems.update({keys[file]: (problem,) for file, problem in crashed.items()})
        problems.update(self._lost(loaded, problems))
        problems.update(self._idle(loaded, problems))
        self._memo.sweep()
        created = frozenset([key for key in self._documents if key not in problems])
        return PoliciesNow(
            loaded, exemptions, in_process, problems, created, self._exempting_digest(), promotions
        )

    def _promoting(self) -> dict[ObjectKey, Document]:
        """The objects about promotions."""
        return {key: one for key, one in self._documents.items() if is_promoting(key.kind)}

    def _promotions(self) -> PromotionsNow | None:
        found = self._promoting()
        return promotions_now(found, self._memo, self._settings.cluster_name) if found else None

    def _exempting_digest(self) -> str:
        digest = sha256()
        for key, document in sorted(self._documents.items()):
            if is_exempting(key.kind):
                digest.update(
                    f"{key} {render_json(document.value.get('spec'))}\n".encode("utf-8", "surrogatepass")
                )
        return digest.hexdigest()

    def _load(self, documents: list[Document]) -> Loaded:
        settings = self._settings
        return load_policies(
            documents,
            point=settings.point,
            engine=settings.engine,
            cache=settings.cache,
            memo=self._memo,
            allowance=Allowance(later=settings.later),
            beside=[
                (f"{key.kind.kind}/{key.name}", self._memo.get("digest", (one,), partial(_digest, one)))
                for key, one in self._answering()
            ]
            + promotion_digests(self._promoting()),
        )

    def _load_what_can_be(self, documents: list[Document]) -> tuple[Loaded, dict[str, LiveProblem]]:
        """Loads them, but for what ends our compiler with an error of its own, by file: that must not end the server."""
        try:
            return self._load(documents), {}
        except Exception:  # noqa: BLE001 - whatever it is, it is ours, and one object's
            made: dict[str, LiveProblem] = {}
            templates = [one for one in documents if is_template(one.value)]
            others = [one for one in documents if not is_template(one.value)]
            for document in (*templates, *others):
                beside = [one for one in templates if one is not document and one.file not in made]
                try:
                    self._load([document] if is_template(document.value) else [*beside, document])
                except Exception as error:  # noqa: BLE001 - as above
                    why = f"an internal error of Lockgate, which is a bug: {type(error).__name__}"
                    made[document.file] = LiveProblem(why, "please report it with this object")
            return self._load([one for one in documents if one.file not in made]), made

    def _lost(
        self, loaded: Loaded, problems: Mapping[ObjectKey, object]
    ) -> dict[ObjectKey, tuple[LiveProblem, ...]]:
        """Templates that do not compile, though no error points into them."""
        compiled = {template.name for template in loaded.templates}
        unplaced = [error for error in loaded.errors if error.location is None]
        why = unplaced[0].message if unplaced else "the template cannot be compiled"
        return {
            key: (LiveProblem(why),)
            for key in self._documents
            if is_template_kind(key.kind) and key.name not in compiled and key not in problems
        }

    def _exemptions(self) -> tuple[Exemptions | None, dict[ObjectKey, tuple[LiveProblem, ...]]]:
        """The exemptions in force, and what is wrong with objects about them."""
        exemptions: list[Exemption] = []
        rules: list[ExemptionRule] = []
        problems: dict[ObjectKey, tuple[LiveProblem, ...]] = {}
        documents = {key: one for key, one in sorted(self._documents.items()) if is_exempting(key.kind)}
        is_open = True
        for key, document in documents.items():
            is_rule = is_exemption_policy_kind(key.kind)
            anchors = (document,)
            try:
                if is_rule:
                    rules += self._memo.get("rules", anchors, partial(parse_exemption_policy, document))
                else:
                    exemptions.append(
                        self._memo.get("exemption", anchors, partial(parse_exemption, document))
                    )
            except PolicyError as error:
                problems[key] = problems_of(error, document)
                is_open = is_open and not is_rule
        if not is_open:
            # What it would have restricted is not known.
            why = LiveProblem(
                "no exemption has an effect while an ExemptionPolicy is wrong", "mend that one first"
            )
            problems.update({key: (why,) for key in documents if key not in problems})
            return None, problems
        if not exemptions:
            return None, problems
        # Signatures that were verified stay so.
        made = self._memo.get("exemptions", tuple(documents.values()), partial(Exemptions, exemptions, rules))
        return made, problems

    def _answering(self) -> list[tuple[ObjectKey, Document]]:
        """The objects that say what providers answer."""
        return [(key, one) for key, one in sorted(self._documents.items()) if is_answering(key.kind)]

    def _in_process(self) -> tuple[FixtureProviders, dict[ObjectKey, tuple[LiveProblem, ...]]]:
        """Who answers here, and what is wrong with objects that say so: nobody answers by those."""
        problems: dict[ObjectKey, tuple[LiveProblem, ...]] = {}
        fixtures: dict[str, Fixture] = {}
        documents: list[Document] = []
        for key, document in self._answering():
            try:
                found = self._memo.get("answers", (document,), partial(parse_fixture_object, document))
                add_fixtures(fixtures, found, document)
            except PolicyError as error:
                problems[key] = problems_of(error, document)
            else:
                documents.append(document)
        made = self._memo.get(
            "answering", tuple(documents), partial(FixtureProviders, tuple(fixtures.values()))
        )
        return made, problems

    def _idle(
        self, loaded: Loaded, problems: Mapping[ObjectKey, object]
    ) -> dict[ObjectKey, tuple[LiveProblem, ...]]:
        """Constraints that nothing is wrong with, and that are not enforced since their template is."""
        enforced = {(policy.key.kind, policy.key.name) for policy in loaded.policies.policies}
        made: dict[ObjectKey, tuple[LiveProblem, ...]] = {}
        for key in self._documents:
            if (
                is_constraint_kind(key.kind)
                and (key.kind.kind, key.name) not in enforced
                and key not in problems
            ):
                template = f"ConstraintTemplate {key.kind.kind.lower()}"
                made[key] = (
                    LiveProblem(f"not enforced: {template} is wrong", "its status says what to mend"),
                )
        return made


def _gather(
    errors: tuple[PolicyError, ...],
    keys: Mapping[str, ObjectKey],
    found: dict[ObjectKey, list[PolicyError]],
) -> None:
    for error in errors:
        for one in flatten(error):
            key = None if one.location is None else keys.get(one.location.file)
            if key is not None:
                found.setdefault(key, []).append(one)


def _digest(document: Document) -> str:
    return sha256(render_json(document.value).encode("utf-8", "surrogatepass")).hexdigest()


def _essence(value: dict[str, Value]) -> dict[str, Value]:
    """The object without what changes nothing."""
    made = {name: item for name, item in value.items() if name != "status"}
    metadata = made.get("metadata")
    if isinstance(metadata, dict):
        made["metadata"] = {name: item for name, item in metadata.items() if name not in _BOOKKEEPING}
    return made
