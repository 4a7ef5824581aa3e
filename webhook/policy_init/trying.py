"""Checks a repository by a configuration and policies that are not there yet, as `lockgate check` will."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from lockgate.engine.record import record
from lockgate.gatekeeper.exemptions.resolver import load_exemptions
from lockgate.webhook.baseline import Excusable, is_nameable
from lockgate.webhook.check import run_check
from lockgate.webhook.check_command import make_loader
from lockgate.webhook.config import FILE_NAME
from lockgate.webhook.config_reader import parse_config
from lockgate.webhook.deciding import Deciding
from lockgate.webhook.first_pass import Request, learn
from lockgate.webhook.inputs import Inputs, find_inputs
from lockgate.webhook.inventory_options import ExternalRequest, GateMaker, environments_of_files
from lockgate.webhook.judging import Findings
from lockgate.webhook.progress import Progress
from lockgate.webhook.report import Finding, Report


@record
class Tried:
    """What a check finds. excusable: what it denies that an exemption can name; others: what it denies that none can."""

    report: Report
    excusable: tuple[Excusable, ...]
    others: tuple[Finding, ...]


def try_check(root: str, configuration: str, policies: Path) -> Tried:
    """A check of all below `root` (a real path). policies: a folder of constraints and exemptions, wherever it lies."""
    settings = parse_config(configuration.encode(), FILE_NAME, root)
    loaded = make_loader(None, None).given([str(policies)], root)
    about = loaded.about_exemptions
    deciding = Deciding(settings, loaded, load_exemptions(about) if about else None)
    inputs = Inputs((root,), root, (), None, settings)
    walk = find_inputs(inputs)
    learned = learn(inputs, walk, Request())
    environments = environments_of_files(deciding, settings, learned.view)
    begin = None if environments is None else environments.begin
    quiet = Progress(len(walk.files), None)
    with ExitStack() as stack:
        maker = GateMaker((), (), walk, time.time_ns(), ExternalRequest(), stack)
        gate, remarks = maker.make(deciding, inputs, learned.view, environments)
        findings = Findings(gate, excusable=[], notices=[*loaded.notices, *remarks])
        report = run_check(
            inputs, walk, gate, loaded.not_configured, Request(), learned, findings, quiet, begin=begin
        )
    denied = _denied(findings.findings, findings.excusable or [])
    return Tried(
        report,
        tuple([one for _, one in denied if is_nameable(one)]),
        tuple([finding for finding, one in denied if not is_nameable(one)]),
    )


def _denied(findings: Sequence[Finding], excusable: Sequence[Excusable]) -> list[tuple[Finding, Excusable]]:
    """What is denied, as it is told and as an exemption would name it."""
    return [
        (finding, one) for finding, one in zip(findings, excusable, strict=True) if "deny" in finding.actions
    ]
