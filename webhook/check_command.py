"""`lockgate check`: the command line of the check."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, get_args

import click
from lockgate.webhook.inventory_options import (
    GateMaker,
    external_options,
    inventory_options,
    named_keys,
    policy_key_option,
    read_external_options,
)
from lockgate.webhook.report import FailOn

if TYPE_CHECKING:
    from lockgate.engine.codegen.values import Value
    from lockgate.engine.rego.version import RegoVersion
    from lockgate.gatekeeper.template import EngineChoice
    from lockgate.webhook.base import Base
    from lockgate.webhook.baseline import Excusable
    from lockgate.webhook.check import Inputs
    from lockgate.webhook.config import Config
    from lockgate.webhook.deciding import Deciding, Given
    from lockgate.webhook.explanations import Explanations
    from lockgate.webhook.gate import Gate
    from lockgate.webhook.policy_sources import LoadedPolicies, Loader
    from lockgate.webhook.recording import Recording
    from lockgate.webhook.report import Recorded, Report, Unevaluated
    from lockgate.webhook.terminal import ColourChoice

FORMATS = ("text", "json", "sarif", "github", "junit", "tap")

# Standard input is read up to this size and one byte, which the size limit of files then refuses.
_STDIN_LIMIT = 8 * 1024 * 1024 + 1

# With `--jobs auto`, a process for so many files: fewer are judged before a second one would have begun.
FILES_EACH = 100


def _fail_on(values: tuple[str, ...]) -> frozenset[FailOn]:
    """The values of --fail-on: repeated, or a list with commas."""
    made: set[FailOn] = {"deny"}
    for value in values:
        for name in value.split(","):
            chosen: FailOn | None = next((one for one in get_args(FailOn) if one == name.strip()), None)
            if chosen is None:
                raise click.BadParameter(
                    f"{name!r} is none of {', '.join(get_args(FailOn))}", param_hint="--fail-on"
                )
            made.add(chosen)
    return frozenset(made)


def _jobs(value: str) -> Callable[[int], int]:
    """How many processes --jobs asks for, by the number of files."""
    if value == "1":
        return lambda files: 1
    from lockgate.webhook.jobs import MAX_JOBS, can_fork, cores

    if value == "auto":
        return lambda files: max(1, min(cores(), MAX_JOBS, files // FILES_EACH)) if can_fork() else 1
    if not value.isascii() or not value.isdecimal() or not 1 <= int(value[:6]) <= MAX_JOBS:
        raise click.BadParameter(
            f"{value[:40]!r} is neither auto nor a number from 1 to {MAX_JOBS}", param_hint="--jobs"
        )
    return lambda files: int(value) if can_fork() else 1


def _show_code(kind: str, source: str) -> None:
    click.echo(f"# {kind}\n{source}", err=True)


def make_loader(engine: str | None, cache: bool | None) -> "Loader":
    """What loads and compiles policies."""
    from lockgate.webhook.code_cache import open_cache
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


def _render(
    report: "Report",
    chosen: str,
    fail_on: frozenset[FailOn],
    exit_code: int,
    color: "ColourChoice",
    to_file: bool,
    recorded: "Recorded | None",
    explanations: "Explanations | None",
) -> str:
    if chosen == "json":
        from lockgate.webhook.render_json import render_json

        if explanations is None:
            return render_json(report, recorded)
        from lockgate.webhook.explanations import explanations_json

        return render_json(report, recorded, explanations_json(explanations.found))
    if chosen == "sarif":
        from lockgate.webhook.render_sarif import render_sarif

        return render_sarif(report, exit_code)
    if chosen == "github":
        from lockgate.webhook.render_github import render_github

        return render_github(report)
    if chosen == "junit":
        from lockgate.webhook.render_junit import render_junit

        return render_junit(report, fail_on)
    if chosen == "tap":
        from lockgate.webhook.render_tap import render_tap

        return render_tap(report, fail_on)
    from lockgate.webhook.render_text import render_text
    from lockgate.webhook.terminal import Palette, choose_palette

    palette = Palette(color == "always") if to_file else choose_palette(color, sys.stdout)
    return render_text(report, palette)


def _held_open(loaded: "LoadedPolicies", inputs: "Inputs") -> "Sequence[Unevaluated]":
    """What the policies leave open, and what of the input has no parser."""
    if loaded.judges == "objects":
        return loaded.not_configured
    from lockgate.webhook.check import exclusions
    from lockgate.webhook.conftest_policies import without_parser

    return (*loaded.not_configured, *without_parser(inputs.paths, inputs.cwd, exclusions(inputs)))


def _explanations(gate: "Gate", loaded: "LoadedPolicies", which: Literal["all", "matched"]) -> "Explanations":
    from lockgate.engine.policy import EvaluationContext
    from lockgate.gatekeeper.tracing import TemplateTracer
    from lockgate.webhook.explanations import Explanations

    context = EvaluationContext(gate.facts, gate.now_ns, gate.limits)
    return Explanations(loaded.policies, TemplateTracer(loaded.templates), context, which)


def _trace(explanations: "Explanations", color: "ColourChoice", to_file: bool) -> str:
    from lockgate.webhook.explanations import render_text
    from lockgate.webhook.terminal import Palette, choose_palette

    palette = Palette(color == "always") if to_file else choose_palette(color, sys.stdout)
    return "\n" + render_text(explanations.found, palette) if explanations.found else ""


def _user(name: str | None, groups: tuple[str, ...]) -> "dict[str, Value] | None":
    """Who asks, as an AdmissionRequest's `userInfo` has it."""
    if not name:
        return None
    shown: list[Value] = list(groups)
    return {"username": name, "groups": shown} if shown else {"username": name}


def _checked_out(base: "Base") -> list[str]:
    """That a branch given as the base is the change itself, as where a fork's branch has the base's name."""
    if base.tree.revision == "HEAD" or not base.tree.is_checked_out:
        return []
    return [
        f"{base.tree.revision} is the commit that is checked out: only what is not committed counts as a change"
    ]


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


def _write_baseline(path: str, found: "list[Excusable]", owner: str, expires: str, now_ns: int) -> str:
    """Writes exemptions for what was found; says so. Raises UsageError for a file that is there already."""
    from lockgate.engine.errors import UsageError
    from lockgate.gatekeeper.exemptions.moments import SECOND_NS, span_ns
    from lockgate.webhook.baseline import render_baseline

    span = span_ns(expires)
    if span is None:
        raise UsageError(f"--expires takes a span of time, not {expires!r}", hint="such as 90d")
    issued = now_ns - now_ns % SECOND_NS
    text = render_baseline(found, owner, issued, issued + span)
    try:
        with open(path, "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(
            f"{path} is there already", hint="a baseline is written once; remove it to write another"
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot write {path}: {reason}") from None
    return f"wrote exemptions for {len(found)} violations to {path}; they expire in {expires}, and {owner} answers for them"


def _tell_notices(report: "Report") -> None:
    """On standard error, for the formats that have no place for them."""
    from lockgate.webhook.terminal import printable

    for notice in report.notices:
        click.echo(f"note: {printable(notice)}", err=True)


@click.command(
    epilog="Exit codes: 0 clean; 1 violations that deny (or warn, with --fail-on warn); 2 something could not be "
    "evaluated, or wrong usage. 2 beats 1."
)
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option(
    "-p",
    "--policy",
    "policies",
    multiple=True,
    metavar="PATH",
    help="A file, folder or PolicyBundle (.tar.gz or OCI layout, PATH@sha256:… pins it) of ConstraintTemplates and "
    "constraints; may be repeated. In a folder, samples/ beside a suite.yaml is test data. Without it: the "
    "configuration's policies, else the baseline profile.",
)
@policy_key_option
@click.option(
    "--exemptions",
    multiple=True,
    metavar="PATH",
    help="A file or folder of Exemptions and ExemptionPolicies, besides those among the policies; may be repeated.",
)
@click.option(
    "--base",
    metavar="REF",
    help="Judge a change: policies, exemptions and settings are those of this revision of git, and objects have their "
    "former state from there.",
)
@click.option("--user", metavar="NAME", help="Who would apply the objects, for policies that ask.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of --user; may be repeated.")
@click.option(
    "--write-baseline",
    "baseline",
    metavar="FILE",
    help="Write Exemptions for the violations that there are today; with --owner.",
)
@click.option("--owner", metavar="NAME", help="Who answers for the exemptions of --write-baseline.")
@click.option(
    "--expires",
    default="90d",
    show_default=True,
    metavar="SPAN",
    help="How long they last; such as 90d or 12h.",
)
@click.option("--format", "chosen", type=click.Choice(FORMATS), default="text", help="How to report.")
@click.option(
    "--fail-on",
    multiple=True,
    metavar="WHAT",
    help="deny, warn or not-evaluated: what ends with a code other than 0; may be repeated. Violations that deny "
    "always do.",
)
@click.option("--namespace", metavar="NAME", help="The namespace of objects that name none.")
@inventory_options
@click.option(
    "--no-defaults",
    is_flag=True,
    help="Judge objects as they are written, without the defaults that the API server would fill in.",
)
@external_options
@click.option("--exclude", "excludes", multiple=True, metavar="GLOB", help="Leave out; as in .gitignore.")
@click.option("--allow-unrendered", is_flag=True, help="Skip Helm templates and the like instead of failing.")
@click.option("--require-objects", is_flag=True, help="Fail (2) when no Kubernetes object was found.")
@click.option(
    "--engine",
    type=click.Choice(["rego", "opa"]),
    help="rego: evaluate the Rego of templates that also have CEL; opa: have OPA servers evaluate the Rego.",
)
@click.option(
    "--opa-url",
    "opa_urls",
    multiple=True,
    metavar="URL",
    help="An OPA server for --engine opa; may be repeated. Else LOCKGATE_OPA_URL, with spaces between.",
)
@click.option(
    "--opa-ca",
    metavar="FILE",
    help="Certificates (PEM) that OPA servers are verified by; else LOCKGATE_OPA_CA, else public ones.",
)
@click.option(
    "--opa-token-file", metavar="FILE", help="The bearer token for OPA servers; else LOCKGATE_OPA_TOKEN."
)
@click.option(
    "--cache/--no-cache",
    "cache",
    default=None,
    help="Keep compiled policies in your own cache folder (the default, except where CI is set).",
)
@click.option("--config", metavar="FILE", help="The configuration, instead of the nearest lockgate.yaml.")
@click.option("--output", metavar="FILE", help="Write the report there, complete or not at all.")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours in text."
)
@click.option(
    "--trace", is_flag=True, help="After the report, tell why each policy that matches says what it says."
)
@click.option(
    "--explain",
    is_flag=True,
    help="As --trace, also for policies that do not match: what of the match failed first; in text and json.",
)
@click.option(
    "--trail", metavar="DIR", help="Record every Decision in this trail; what cannot be recorded is an error."
)
@click.option("--model", metavar="NAME", help="The model that the objects belong to, for --trail.")
@click.option(
    "--environment",
    metavar="NAME",
    help="The environment that they would enter, for --trail; without it the configuration's folders tell.",
)
@click.option(
    "--rego-namespace",
    "rego_namespaces",
    multiple=True,
    metavar="NAME",
    help="Of plain Rego, the packages whose rules judge (main without it); may be repeated, and have * in it.",
)
@click.option("--all-namespaces", is_flag=True, help="Of plain Rego, all packages.")
@click.option(
    "--data",
    "data",
    multiple=True,
    metavar="PATH",
    help="Of plain Rego, files and folders of data; may be repeated.",
)
@click.option("--combine", is_flag=True, help="Of plain Rego, all documents are one input, a list.")
@click.option("--v0-compatible", is_flag=True, help="Plain Rego is written in Rego v0.")
@click.option(
    "-j",
    "--jobs",
    default="1",
    metavar="N",
    help="Judge in N processes; `auto`: one a core, where there are enough files. The report is the same.",
)
@click.option("--no-progress", is_flag=True, help="No progress bar on a terminal.")
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
    no_defaults: bool,
    external_data: tuple[str, ...],
    allow_providers: bool,
    provider_certificate: str | None,
    provider_key: str | None,
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
      lockgate check --trail trail/ --model fraud --environment prod deploy/
      lockgate check --base origin/main deploy/
      lockgate check --base origin/main -p policy.tar.gz@sha256:DIGEST deploy/
      lockgate check --write-baseline exemptions/today.yaml --owner team-fraud deploy/
    """
    failing = _fail_on(fail_on)
    wanted_jobs = _jobs(jobs)

    from contextlib import ExitStack
    from dataclasses import replace

    from lockgate.engine.defaults.defaulting import apply_defaults, as_it_is
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.check import Inputs, Request, find_inputs, learn, run_check
    from lockgate.webhook.config import is_namespace_name
    from lockgate.webhook.deciding import Given, read_base, read_work_tree
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
    external = read_external_options(external_data, allow_providers, provider_certificate, provider_key)
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
            namespace, _user(user, groups), deciding.base, as_it_is if no_defaults else apply_defaults
        )
        learned = learn(inputs, walk, request, loaded.judges)
        maker = GateMaker(inventories, inventory_kinds, walk, now_ns, external, stack)
        gate, remarks = maker.make(deciding, inputs, learned.view)
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
        if deciding.base is not None:

            def judge(own: "Deciding") -> "Report":
                changed = replace(inputs, config=own.settings)
                again = learn(changed, walk, request, own.loaded.judges)
                other, _ = maker.without_providers().make(own, changed, again.view)
                found = Findings(other, allow_unrendered)
                quiet = Progress(len(walk.files), None)
                held_open, judges = own.loaded.not_configured, own.loaded.judges
                return run_check(changed, walk, other, held_open, request, again, found, quiet, judges=judges)

            findings.notices += _checked_out(deciding.base)
            proposed, remark = _propose(deciding, given, loader, judge)
            if remark:
                findings.notices.append(remark)
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
                wanted_jobs(len(walk.files))
                if recording is None and explanations is None and engine != "opa"
                else 1,
                loaded.judges,
            )
            if recording is not None:
                recorded = recording.finish()
                _end_recording(recording)
        finally:
            if recording is not None:
                recording.close()
        if deciding.base is not None:
            tree = deciding.base.tree
            report = replace(report, base=BaseRevision(tree.revision, tree.commit, proposed))
    if baseline is not None and owner is not None:
        said = _write_baseline(baseline, findings.excusable or [], owner, expires, now_ns)
        click.echo(f"note: {said}", err=True)
    failing |= settings.fail_on
    exit_code = report.exit_code(failing)
    if require_objects and not report.documents:
        exit_code = 2
    rendered = _render(report, chosen, failing, exit_code, color, output is not None, recorded, explanations)
    if explanations is not None and chosen == "text":
        rendered += _trace(explanations, color, output is not None)
    if recorded is not None and chosen == "text":
        rendered += f"{recorded}\n"
    write_output(rendered, output)
    if chosen == "json":
        _tell_notices(report)
    if recorded is not None and chosen not in ("text", "json"):
        click.echo(f"note: {recorded}", err=True)
    return exit_code
