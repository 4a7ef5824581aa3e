"""Runs suites as `gator verify` does, and reports what came of them.

After github.com/open-policy-agent/gatekeeper pkg/gator/verify/runner.go. Reviews are made at the enforcement point
gator.gatekeeper.sh; objects keep no namespace where they have none; the inventory is what a case names, and its
Namespaces are all that is known of namespaces.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.budget import Limits
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.decision import NotEvaluated
from lockgate.engine.devices.kinds import DEVICE_KINDS
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import InputError, LockgateError, PolicyError, UsageError
from lockgate.engine.external_data import Providers, Session
from lockgate.engine.gvk import gvk_of
from lockgate.engine.policy import EvaluationContext, Facts, Matched, MatchError, Policy
from lockgate.engine.record import changed, record
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.review import Review, Scope
from lockgate.gatekeeper.admission import is_admission_review, parse_admission_review
from lockgate.gatekeeper.cel_engine import CelEngine
from lockgate.gatekeeper.compiled_rego import TEMPLATE_CAPABILITIES
from lockgate.gatekeeper.constraint import find_template, is_constraint, parse_constraint
from lockgate.gatekeeper.inventory import build_inventory, inventory_place
from lockgate.gatekeeper.loader import (
    CompiledTemplate,
    Compilers,
    make_policy,
    prepare_template,
    prepare_templates,
)
from lockgate.gatekeeper.match import compile_match
from lockgate.gatekeeper.policy import MessageFailure
from lockgate.gatekeeper.problems import ConstraintSchemaError, PolicyErrors, flatten
from lockgate.gatekeeper.rego_template import TemplateCompiler
from lockgate.gatekeeper.suite import Case, Suite, Test
from lockgate.gatekeeper.suite_files import ObjectFiles, find_suites
from lockgate.gatekeeper.suite_filter import Filter, parse_filter
from lockgate.gatekeeper.suite_report import CaseResult, Outcome, SuiteReport, SuiteResult, TestResult
from lockgate.gatekeeper.target import (
    Cluster,
    Object,
    find_namespaces,
    review_document,
    review_implied,
    review_request,
)
from lockgate.gatekeeper.template import (
    EngineChoice,
    Template,
    is_expansion_template,
    is_template,
    parse_template,
)

if TYPE_CHECKING:
    from lockgate.gatekeeper.expansion import Expansion
    from lockgate.gatekeeper.external_data.fixtures import Fixture

_POINT: Final = "gator.gatekeeper.sh"
_FILTERED: Final = "does not match --run"
# Mistakes of one template or constraint that are told; one with more is better mended from the top.
_MOST_TOLD: Final = 10


# What runs every one of some suites, and gives what came of them in their order.
RunSuite = Callable[[Suite], SuiteResult]
RunAll = Callable[[RunSuite, Sequence[Suite]], Sequence[SuiteResult]]


def in_turn(run: RunSuite, suites: Sequence[Suite]) -> Sequence[SuiteResult]:
    """Runs one suite after the other."""
    return [run(suite) for suite in suites]


@record
class _Options:
    engine: EngineChoice
    now_ns: int
    limits: Limits
    capabilities: Capabilities
    cache: CodeCache | None
    clock: Callable[[], float]


def run_suites(
    paths: Sequence[str],
    *,
    run: str | None = None,
    engine: EngineChoice = "default",
    now_ns: int | None = None,
    limits: Limits | None = None,
    capabilities: Capabilities | None = None,
    cache: CodeCache | None = None,
    clock: Callable[[], float] = time.perf_counter,
    run_all: RunAll = in_turn,
) -> SuiteReport:
    """Runs the suites at the paths (a file, a folder, or `folder/...` for all below it).

    run: gator's filter of names. engine: "rego" evaluates the Rego of templates that also have CEL.
    now_ns: the clock that policies see, Unix time in nanoseconds; the present when None.
    cache: compiled templates are kept there, if it is given. clock: gives seconds, for the times shown.
    run_all: runs the suites, in several processes if it likes to.

    Raises UsageError for a path without a suite, a wrong filter or one that takes nothing, and PolicyError for a
    suite that cannot be read.
    """
    chosen = parse_filter(run)
    suites = find_suites(paths)
    if run and not any(chosen.takes_test(test) for suite in suites for test in suite.tests):
        raise UsageError(f"no test or case matches --run {run!r}")
    options = _Options(
        engine=engine,
        now_ns=time.time_ns() if now_ns is None else now_ns,
        limits=Limits() if limits is None else limits,
        capabilities=TEMPLATE_CAPABILITIES if capabilities is None else capabilities,
        cache=cache,
        clock=clock,
    )
    runner = _Runner(options, chosen, suites)
    return SuiteReport(tuple(run_all(runner.suite, suites)))


class _Runner:
    def __init__(self, options: _Options, chosen: Filter, suites: Sequence[Suite]) -> None:
        self.suites = suites
        self.options = options
        self.chosen = chosen
        self.files = ObjectFiles()
        cache = options.cache
        self.compilers = Compilers(TemplateCompiler(options.capabilities, cache), CelEngine(cache))
        # By file: the tests of a suite mostly have one template.
        self.templates: dict[str, CompiledTemplate] = {}

    def suite(self, suite: Suite) -> SuiteResult:
        start = self.options.clock()
        if suite.skip:
            tests = [TestResult(test.name, "skipped", size=len(test.cases)) for test in suite.tests]
            return SuiteResult(suite.path, tuple(tests), skipped=True)
        results = tuple([self.test(suite, test) for test in suite.tests])
        return SuiteResult(suite.path, results, seconds=self.options.clock() - start)

    def test(self, suite: Suite, test: Test) -> TestResult:
        size = len(test.cases)
        if test.skip:
            return TestResult(test.name, "skipped", size=size)
        if not self.chosen.takes_test(test):
            return TestResult(test.name, "skipped", size=size)
        start = self.options.clock()
        outcome: Outcome = "passed"
        cases: tuple[CaseResult, ...] = ()
        text = ""
        try:
            cases = self._run(suite, test)
            if any(case.outcome == "failed" for case in cases):
                outcome = "failed"
        except LockgateError as error:
            outcome, text = "failed", _describe_all(error)
        return TestResult(test.name, outcome, cases, text, size, self.options.clock() - start)

    def _run(self, suite: Suite, test: Test) -> tuple[CaseResult, ...]:
        template = self._template(suite, test)
        if test.invalid:
            self._check_invalid(suite, test, template)
            return ()
        policy = self._policy(suite, test, template)
        expansion = self._expansion(suite, test)
        return tuple([self._case(suite, test, case, policy, expansion) for case in test.cases])

    def _expansion(self, suite: Suite, test: Test) -> "Expansion | None":
        if not test.expansion:
            return None
        # Few tests have any.
        from lockgate.gatekeeper.expansion import load_expansion

        documents = self.files.objects(suite, test.expansion)
        for document in documents:
            if not is_expansion_template(document.value):
                raise InputError(f"path {test.expansion!r}: not an ExpansionTemplate")
        expansion, errors = load_expansion(documents)
        if errors:
            raise PolicyErrors(errors)
        return expansion

    def _template_document(self, suite: Suite, test: Test) -> Document:
        if not test.template:
            raise InputError("invalid Suite: missing template")
        document = self.files.objects(suite, test.template)[0]
        if not is_template(document.value):
            raise InputError(f"path {test.template!r}: not a ConstraintTemplate")
        return document

    def _template(self, suite: Suite, test: Test) -> CompiledTemplate:
        document = self._template_document(suite, test)
        found = self.templates.get(document.file)
        if found is None:
            template = parse_template(document)
            if template.engine(self.options.engine) == "Rego" and self.compilers.rego.has_copies_to_make(
                template
            ):
                self._prepare_all()
                found = self.templates.get(document.file)
            if found is None:
                found = prepare_template(template, engine=self.options.engine, compilers=self.compilers)
                self.templates[document.file] = found
        return found

    def _prepare_all(self) -> None:
        """Compiles the templates of all tests that will run, at once: those with the same libraries share them.

        What is wrong with one is for the test that needs it to say.
        """
        templates: dict[str, Template] = {}
        for suite in self.suites:
            for test in () if suite.skip else suite.tests:
                if not test.skip and self.chosen.takes_test(test):
                    with suppress(LockgateError):
                        template = parse_template(self._template_document(suite, test))
                        templates[template.document.file] = template
        prepared = prepare_templates(
            list(templates.values()), engine=self.options.engine, compilers=self.compilers
        )
        for file, made in zip(templates, prepared, strict=True):
            if not isinstance(made, PolicyError):
                self.templates[file] = made
        # Those that cannot be compiled are not tried together again.
        self.suites = ()

    def _policy(self, suite: Suite, test: Test, template: CompiledTemplate) -> Policy:
        if not test.constraint:
            raise InputError("invalid Suite: missing constraint")
        document = self.files.objects(suite, test.constraint)[0]
        if not is_constraint(document.value):
            raise InputError(f"path {test.constraint!r}: not a Constraint")
        found = find_template(document, [template.template])
        constraint = parse_constraint(document, found, point=_POINT)
        matcher = compile_match(constraint.match)
        return make_policy(template, constraint, point=_POINT, matcher=matcher, cel=self.compilers.cel)

    def _check_invalid(self, suite: Suite, test: Test, template: CompiledTemplate) -> None:
        wanted = "constraint should have failed schema validation"
        try:
            self._policy(suite, test, template)
        except ConstraintSchemaError:
            return
        except LockgateError as error:
            raise PolicyError(f"{wanted}: got error {_describe(error)}") from error
        raise PolicyError(f"{wanted}: it is valid")

    def _case(
        self, suite: Suite, test: Test, case: Case, policy: Policy, expansion: "Expansion | None"
    ) -> CaseResult:
        if case.skip or not self.chosen.takes_case(test.name, case.name):
            return CaseResult(case.name, "skipped", "" if case.skip else _FILTERED)
        start = self.options.clock()
        try:
            failure = self._check(suite, test, case, policy, expansion)
        except LockgateError as error:
            failure = _describe(error)
        seconds = self.options.clock() - start
        return CaseResult(case.name, "passed" if failure is None else "failed", failure or "", seconds)

    def _check(
        self, suite: Suite, test: Test, case: Case, policy: Policy, expansion: "Expansion | None"
    ) -> str | None:
        if not case.object:
            raise InputError("invalid Case: must define object")
        if not case.assertions:
            raise InputError("invalid Case: assertions must be non-empty")
        objects = self.files.objects(suite, case.object)
        if len(objects) != 1:
            raise InputError(
                f"object file must contain exactly one object: {case.object!r} defines {len(objects)} objects"
            )
        known = [document.value for path in case.inventory for document in self.files.objects(suite, path)]
        review = gator_review(objects[0], find_namespaces(known))
        fixtures = (*suite.fixtures, *test.fixtures, *case.fixtures)
        facts = Facts(build_inventory(known), providers=_providers(fixtures, known))
        messages = list(self._messages(policy, review, facts))
        # gator expands no requests.
        if expansion is not None and not is_admission_review(objects[0].value):
            messages += self._implied(policy, review, facts, expansion)
        messages.sort()
        for assertion in case.assertions:
            failure = assertion.failure(tuple(messages))
            if failure is not None:
                return failure
        return None

    def _implied(self, policy: Policy, review: Review, facts: Facts, expansion: "Expansion") -> Iterator[str]:
        """The messages about what the object implies."""
        from lockgate.gatekeeper.expansion import implied_message

        if review.object is None:
            return
        for one in expansion.expand(review.object, str(review.request.get("namespace", ""))):
            for message in self._messages(policy, review_implied(one.value, review), facts):
                yield implied_message(one.template, message)

    def _messages(self, policy: Policy, review: Review, facts: Facts) -> tuple[str, ...]:
        matched = policy.match(review)
        if isinstance(matched, MatchError):
            return (f"unable to match constraints: {matched.message}",)
        if not isinstance(matched, Matched):
            return ()
        messages: list[str] = []
        session = None if facts.providers is None else Session(facts.providers)
        context = EvaluationContext(facts, self.options.now_ns, self.options.limits, session)
        for outcome in policy.violations(review, context):
            if isinstance(outcome, MessageFailure):
                raise InputError(outcome.message)
            if isinstance(outcome, NotEvaluated):
                raise InputError(f"not evaluated: needs {outcome.needs}")
            # Gatekeeper turns a failed evaluation into a violation with the error's text.
            messages.append(outcome.message)
        return tuple(sorted(messages))


def gator_review(document: Document, namespaces: dict[str, Object]) -> Review:
    """The review as gator makes it: Namespaces serve the match, and policies see none."""
    if is_admission_review(document.value):
        request = parse_admission_review(document.value)
        name = request.get("namespace")
        namespace = namespaces.get(name) if isinstance(name, str) else None
        review = changed(review_request(request, namespace, "Unknown"), document=document)
    else:
        review = review_document(document, Cluster(namespaces=namespaces, namespace=""))
    scope: Scope = "Namespaced" if review.request.get("namespace") else "Cluster"
    return changed(review, request={**review.request, "namespaceObject": {}}, scope=scope)


def _providers(fixtures: "Sequence[Fixture]", known: Sequence[Object]) -> Providers | None:
    """Who answers, if anybody does: fixtures, and for devices what the inventory tells of them, which is all there is."""
    devices = [one for one in known if gvk_of(one) in DEVICE_KINDS]
    if not fixtures and not devices:
        return None
    # Few suites have any.
    from lockgate.gatekeeper.external_data.fixtures import FixtureProviders

    if not devices:
        return FixtureProviders(fixtures)
    from lockgate.engine.devices.shelf import Shelf
    from lockgate.gatekeeper.external_data.devices import DeviceProviders

    shelf = Shelf()
    for one in devices:
        kind, _, name = inventory_place(one)
        shelf.put(kind, name, one)
    shelf.cover(DEVICE_KINDS)
    return FixtureProviders(fixtures, DeviceProviders(shelf.devices()))


def _describe_all(error: LockgateError) -> str:
    """Every mistake of a template or constraint, one a line, each with its place."""
    errors = flatten(error) if isinstance(error, PolicyError) else [error]
    lines = [_describe(one) for one in errors[:_MOST_TOLD]]
    more = len(errors) - len(lines)
    return "\n  ".join([*lines, *([f"and {more} more"] if more else [])])


def _describe(error: LockgateError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)
