"""`lockgate check`: the command line of the check."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import click
from lockgate.webhook.check_options import FILES_EACH, check_options, chosen_failures, user_info
from lockgate.webhook.inventory_options import (
    GateMaker,
    environments_of_files,
    named_keys,
    read_external_options,
)
from lockgate.webhook.jobs_option import AUTO, wanted_jobs

if TYPE_CHECKING:
    from lockgate.engine.rego.version import RegoVersion
    from lockgate.gatekeeper.promotions.loading import Promotions
    from lockgate.gatekeeper.template import EngineChoice
    from lockgate.webhook.base import Base
    from lockgate.webhook.config import Config
    from lockgate.webhook.deciding import Deciding, Given
    from lockgate.webhook.explanations import Explanations
    from lockgate.webhook.gate import Gate
    from lockgate.webhook.inputs import Inputs
    from lockgate.webhook.model_facts import ModelFacts
    from lockgate.webhook.policy_sources import LoadedPolicies, Loader
    from lockgate.webhook.recording import Recording
    from lockgate.webhook.report import Report, Unevaluated
    from lockgate.webhook.terminal import ColourChoice

# Standard input is read up to this size and one byte, which the size limit of files then refuses.
_STDIN_LIMIT = 8 * 1024 * 1024 + 1


def _show_code(kind: str, source: str) -> None:
    click.echo(f"# {kind}\n{source}", err=True)


def make_loader(engine: str | None, cache: bool | None) -> "Loader":
    """What loads and compiles policies."""
    from lockgate.engine.codegen.cache import open_cache
    from lockgate.webhook.failures import DEBUG_VARIABLE, SHOW_CODE
    from lockgate.webhook.policy_sources import Loader

    choice: EngineChoice = "rego" if engine in ("rego", "opa") else "default"
    if os.environ.get(DEBUG_VARIABLE) == SHOW_CODE:
        return Loader(choice, None, _show_code)
    return Loader(choice, open_cache(cache, os.environ))


def _start_recording(home: str, gate: "Gate", settings: "Config", **subject: str | None) -> "Recording":
    """Opens the trail. Raises UsageError or TrailError before anything is judged."""
    from lockgate.webhook.extras import require_audit

    require_audit()
    from lockgate.audit.recorder import Subject
    from lockgate.webhook.recording import start_recording

    named = Subject(subject["model"] or "", subject["environment"] or "")
    return start_recording(home, gate, settings, named)


def _end_recording(recording: "Recording") -> None:
    """Closes the trail and tells which of its anchors lack the newest checkpoint."""
    from lockgate.webhook.terminal import printable

    recording.close()
    for name, reason in recording.unreached:
        told = f"the trail's anchor {name} was not reached: {reason}"
        click.echo(f"note: {printable(told)}", err=True)


def _held_open(loaded: "LoadedPolicies", inputs: "Inputs") -> "Sequence[Unevaluated]":
    """What the policies leave open, and what of the input has no parser."""
    if loaded.judges == "objects":
        return loaded.not_configured
    from lockgate.webhook.conftest_policies import without_parser
    from lockgate.webhook.inputs import exclusions

    return (*loaded.not_configured, *without_parser(inputs.paths, inputs.cwd, exclusions(inputs)))


def _explanations(gate: "Gate", loaded: "LoadedPolicies", which: Literal["all", "matched"]) -> "Explanations":
    from lockgate.engine.policy import EvaluationContext
    from lockgate.gatekeeper.tracing import TemplateTracer
    from lockgate.webhook.explanations import Explanations

    context = EvaluationContext(gate.facts, gate.now_ns, gate.limits)
    return Explanations(loaded.policies, TemplateTracer(loaded.templates), context, which)


def _checked_out(base: "Base") -> list[str]:
    """That a branch given as the base is the change itself, as where a fork's branch has the base's name."""
    if base.tree.revision == "HEAD" or not base.tree.is_checked_out:
        return []
    return [
        f"{base.tree.revision} is the commit that is checked out: only what is not committed counts as a change"
    ]


def _without_former_state(promotions: "Promotions", has_base: bool) -> "list[Unevaluated]":
    """The PromotionPolicies, of which nothing can be told without the state before."""
    from lockgate.webhook.report import Unevaluated

    needs = (
        "files: standard input has no former state" if has_base else "--base REF, the state before the change"
    )
    return [Unevaluated("PromotionPolicy", one.name, None, needs) for one in promotions.policies]


def _propose(
    deciding: "Deciding", given: "Given", loader: "Loader", judge: "Callable[[Deciding], Report]"
) -> "tuple[dict[str, int] | None, str]":
    """What the change's own policies, exemptions and settings would find, and a remark on it; it does not decide."""
    from lockgate.engine.errors import LockgateError
    from lockgate.webhook.deciding import read_work_tree

    try:
        own = read_work_tree(given, loader, deciding.keys)
        if not deciding.differs(own):
            return None, ""
        found = judge(own).summary()
    except LockgateError as error:
        return (
            None,
            f"what this change has as policies or settings cannot be used (it does not decide): {error}",
        )
    counts = ", ".join([f"{found[name]} {name}" for name in ("denied", "warned", "errors")])
    return found, f"with this change's own policies, exemptions and settings, which do not decide: {counts}"


@click.command(
    epilog="Exit codes: 0 clean; 1 violations that deny (or warn, with --fail-on warn); 2 something could not be "
    "evaluated, or wrong usage. 2 beats 1."
)
@check_options
def check(
    paths: tuple[str, ...],
    policies: tuple[str, ...],
    policy_keys: tuple[str, ...],
    exemptions: tuple[str, ...],
    base: str | None,
    user: str | None,
    groups: tuple[str, ...],
    baseline: str | None,
    owner: str | None,
    expires: str,
    chosen: str,
    fail_on: tuple[str, ...],
    namespace: str | None,
    inventories: tuple[str, ...],
    inventory_kinds: tuple[str, ...],
    quota_snapshot: str | None,
    no_defaults: bool,
    external_data: tuple[str, ...],
    allow_providers: bool,
    provider_certificate: str | None,
    provider_key: str | None,
    model_facts: "ModelFacts | None",
    promotions: str | None,
    excludes: tuple[str, ...],
    allow_unrendered: bool,
    require_objects: bool,
    engine: str | None,
    opa_urls: tuple[str, ...],
    opa_ca: str | None,
    opa_token_file: str | None,
    cache: bool | None,
    config: str | None,
    output: str | None,
    color: "ColourChoice",
    trace: bool,
    explain: bool,
    trail: str | None,
    model: str | None,
    environment: str | None,
    rego_namespaces: tuple[str, ...],
    all_namespaces: bool,
    data: tuple[str, ...],
    combine: bool,
    v0_compatible: bool,
    jobs: str,
    no_progress: bool,
) -> int:
    """Judges the Kubernetes manifests in files and folders, or on standard input (-).

    \b
    Examples:
      lockgate check deploy/
      lockgate check -p policies/ --format sarif --output findings.sarif deploy/
      helm template chart/ | lockgate check -
      lockgate check --inventory cluster.json --inventory-kind v1/Service deploy/
      lockgate check --external-data answers.yaml deploy/
      lockgate check --quota-snapshot quotas.json deploy/
      lockgate check --trail trail/ --model fraud --environment prod deploy/
      lockgate check --base origin/main deploy/
      lockgate check --base origin/main -p policy.tar.gz@sha256:DIGEST deploy/
      lockgate check --write-baseline exemptions/today.yaml --owner team-fraud deploy/
    """
    failing = chosen_failures(fail_on)
    jobs_for = wanted_jobs(jobs, FILES_EACH)

    from contextlib import ExitStack
    from dataclasses import replace

    from lockgate.engine.defaults.defaulting import apply_defaults, as_it_is
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.check import run_check
    from lockgate.webhook.check_rendering import render_check, render_trace, tell_notices, write_baseline
    from lockgate.webhook.config import is_namespace_name
    from lockgate.webhook.deciding import Given, read_base, read_work_tree
    from lockgate.webhook.first_pass import Request, learn
    from lockgate.webhook.inputs import Inputs, find_inputs
    from lockgate.webhook.judging import Findings
    from lockgate.webhook.output import write_output
    from lockgate.webhook.progress import Progress, progress_stream
    from lockgate.webhook.report import BaseRevision

    if namespace is not None and not is_namespace_name(namespace):
        raise UsageError(f"{namespace!r} is no name of a namespace")
    if (model or environment) and not trail:
        raise UsageError("--model and --environment are for --trail")
    if trace and chosen != "text":
        raise UsageError("--trace is for people", hint="use --format text, or --explain --format json")
    if explain and chosen not in ("text", "json"):
        raise UsageError("--explain is told in text and json", hint="use --format text or --format json")
    if groups and not user:
        raise UsageError("--group is for --user")
    if (baseline is None) != (owner is None):
        raise UsageError("--write-baseline and --owner belong together")
    external = read_external_options(
        external_data, allow_providers, provider_certificate, provider_key, model_facts
    )
    if promotions:
        external = replace(external, promotions=os.path.abspath(promotions))
    cwd = os.getcwd()
    now_ns = time.time_ns()
    given = Given(policies, exemptions, config, cwd, named_keys(policy_keys, os.environ), paths)
    loader = make_loader(engine, cache)
    if engine != "opa" and (opa_urls or opa_ca or opa_token_file):
        raise UsageError("--opa-url, --opa-ca and --opa-token-file are for --engine opa")
    if rego_namespaces or all_namespaces or data or combine or v0_compatible:
        from lockgate.webhook.conftest_policies import ConftestOptions

        chosen_packages = None if all_namespaces else rego_namespaces
        version: RegoVersion = "v0" if v0_compatible else "v1"
        loader = replace(loader, conftest=ConftestOptions(chosen_packages, data, version, combine))
    with ExitStack() as stack:
        if engine == "opa":
            from lockgate.webhook.opa_engine import open_opa

            opa = stack.enter_context(open_opa(opa_urls, opa_ca, opa_token_file, os.environ))
            loader = replace(loader, opa=opa)
        deciding = (
            read_work_tree(given, loader)
            if base is None
            else stack.enter_context(read_base(base, given, loader))
        )
        settings, loaded = deciding.settings, deciding.loaded
        chosen_paths = paths or tuple([os.path.join(settings.root, path) for path in settings.paths])
        if not chosen_paths:
            raise UsageError(
                "no path to check",
                hint="name files or folders, - for standard input, or list paths in lockgate.yaml",
            )
        stdin = sys.stdin.buffer.read(_STDIN_LIMIT) if "-" in paths else None
        inputs = Inputs(chosen_paths, cwd, excludes, stdin, settings)
        walk = find_inputs(inputs)
        request = Request(
            namespace, user_info(user, groups), deciding.base, as_it_is if no_defaults else apply_defaults
        )
        learned = learn(inputs, walk, request, loaded.judges)
        if quota_snapshot is not None and loaded.judges != "objects":
            raise UsageError("--quota-snapshot is for objects, and these policies are plain Rego")
        maker = GateMaker(inventories, inventory_kinds, walk, now_ns, external, stack, quota_snapshot)
        environments = environments_of_files(deciding, settings, learned.view)
        gate, remarks = maker.make(deciding, inputs, learned.view, environments)
        explanations = (
            _explanations(gate, loaded, "all" if explain else "matched") if trace or explain else None
        )
        findings = Findings(
            gate,
            allow_unrendered,
            explanations,
            judged=[] if chosen in ("junit", "tap") else None,
            excusable=None if baseline is None else [],
            notices=[*loaded.notices, *remarks],
        )
        proposed = None
        moved = None
        if loaded.promotions is not None and (deciding.base is None or stdin is not None):
            findings.not_evaluated += _without_former_state(loaded.promotions, deciding.base is not None)
        if deciding.base is not None:

            def judge(own: "Deciding") -> "Report":
                changed = replace(inputs, config=own.settings)
                again = learn(changed, walk, request, own.loaded.judges)
                places = environments_of_files(own, own.settings, again.view)
                other, _ = maker.without_providers().make(own, changed, again.view, places)
                found = Findings(other, allow_unrendered)
                quiet = Progress(len(walk.files), None)
                held_open, judges = own.loaded.not_configured, own.loaded.judges
                begin = None if places is None else places.begin
                return run_check(
                    changed, walk, other, held_open, request, again, found, quiet, judges=judges, begin=begin
                )

            findings.notices += _checked_out(deciding.base)
            told = None
            if learned.old is not None and (loaded.promotions is not None or settings.environments):
                from lockgate.webhook.promotions.checking import ChangeChecker

                told = ChangeChecker(external, request, now_ns).tell(deciding, inputs, walk, learned)
            if told is not None:
                findings.findings += told.findings
                findings.errors += told.errors
                findings.notices += told.notices
                moved = told.moved
            proposed, remark = _propose(deciding, given, loader, judge)
            if remark:
                findings.notices.append(remark)
        # Providers are asked once for a key by each process, which only who asks for processes wants more than once.
        may_ask_twice = jobs == AUTO and gate.facts.providers is not None
        together = None
        if quota_snapshot is not None:
            from lockgate.webhook.quota.together import judge_together

            together = judge_together
        progress = Progress(len(walk.files), None if no_progress else progress_stream())
        recording = None
        recorded = None
        if trail is not None:
            recording = _start_recording(trail, gate, settings, model=model, environment=environment)
        try:
            report = run_check(
                inputs,
                walk,
                gate,
                _held_open(loaded, inputs),
                request,
                learned,
                findings,
                progress,
                recording,
                jobs_for(len(walk.files))
                if recording is None
                and explanations is None
                and engine != "opa"
                and not may_ask_twice
                # What all of them ask for together is added up in one process.
                and quota_snapshot is None
                else 1,
                loaded.judges,
                together,
                begin=None if environments is None else environments.begin,
            )
            if recording is not None:
                recorded = recording.finish()
                _end_recording(recording)
        finally:
            if recording is not None:
                recording.close()
        if deciding.base is not None:
            tree = deciding.base.tree
            report = replace(report, base=BaseRevision(tree.revision, tree.commit, proposed), moved=moved)
    if baseline is not None and owner is not None:
        said = write_baseline(baseline, findings.excusable or [], owner, expires, now_ns)
        click.echo(f"note: {said}", err=True)
    failing |= settings.fail_on
    exit_code = report.exit_code(failing)
    if require_objects and not report.documents:
        exit_code = 2
    rendered = render_check(
        report, chosen, failing, exit_code, color, output is not None, recorded, explanations
    )
    if explanations is not None and chosen == "text":
        rendered += render_trace(explanations, color, output is not None)
    if recorded is not None and chosen == "text":
        rendered += f"{recorded}\n"
    write_output(rendered, output)
    if chosen == "json":
        tell_notices(report)
    if recorded is not None and chosen not in ("text", "json"):
        click.echo(f"note: {recorded}", err=True)
    return exit_code
