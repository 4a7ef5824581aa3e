"""The options of `lockgate check`, and what their values mean."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, get_args

import click
from lockgate.webhook.inventory_options import (
    external_options,
    inventory_options,
    opa_options,
    policy_key_option,
)
from lockgate.webhook.jobs_option import jobs_option
from lockgate.webhook.model_facts import facts_options
from lockgate.webhook.report import FailOn

if TYPE_CHECKING:
    from lockgate.engine.codegen.values import Value

fail_on_option: Final = click.option(
    "--fail-on",
    multiple=True,
    metavar="WHAT",
    help="deny, warn or not-evaluated: what ends with a code other than 0; may be repeated. Violations that deny "
    "always do.",
)


def user_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --user and --group: the parameters `user` and `groups`."""
    add_groups = click.option(
        "--group", "groups", multiple=True, metavar="NAME", help="A group of --user; may be repeated."
    )
    add_user = click.option(
        "--user", metavar="NAME", help="Who would apply the objects, for policies that ask."
    )
    return add_user(add_groups(command))


FORMATS: Final = ("text", "json", "sarif", "github", "junit", "tap")

# With `--jobs auto`, a process for so many files.
FILES_EACH: Final = 100


def check_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds PATH and all options of `check`, by the names of its parameters."""
    for option in (
        click.option("--no-progress", is_flag=True, help="No progress bar on a terminal."),
        jobs_option("Judge"),
        click.option("--v0-compatible", is_flag=True, help="Plain Rego is written in Rego v0."),
        click.option("--combine", is_flag=True, help="Of plain Rego, all documents are one input, a list."),
        click.option(
            "--data",
            "data",
            multiple=True,
            metavar="PATH",
            help="Of plain Rego, files and folders of data; may be repeated.",
        ),
        click.option("--all-namespaces", is_flag=True, help="Of plain Rego, all packages."),
        click.option(
            "--rego-namespace",
            "rego_namespaces",
            multiple=True,
            metavar="NAME",
            help="Of plain Rego, the packages whose rules judge (main without it); may be repeated, and have * in it.",
        ),
        click.option(
            "--environment",
            metavar="NAME",
            help="The environment that they would enter, for --trail; without it the configuration's folders tell.",
        ),
        click.option("--model", metavar="NAME", help="The model that the objects belong to, for --trail."),
        click.option(
            "--trail",
            metavar="DIR",
            help="Record every Decision in this trail; what cannot be recorded is an error.",
        ),
        click.option(
            "--explain",
            is_flag=True,
            help="As --trace, also for policies that do not match: what of the match failed first; in text and json.",
        ),
        click.option(
            "--trace",
            is_flag=True,
            help="After the report, tell why each policy that matches says what it says.",
        ),
        click.option(
            "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours in text."
        ),
        click.option("--output", metavar="FILE", help="Write the report there, complete or not at all."),
        click.option(
            "--config", metavar="FILE", help="The configuration, instead of the nearest lockgate.yaml."
        ),
        click.option(
            "--cache/--no-cache",
            "cache",
            default=None,
            help="Keep compiled policies in your own cache folder (the default, except where CI is set).",
        ),
        opa_options,
        click.option(
            "--engine",
            type=click.Choice(["rego", "opa"]),
            help="rego: evaluate the Rego of templates that also have CEL; opa: have OPA servers evaluate the Rego.",
        ),
        click.option("--require-objects", is_flag=True, help="Fail (2) when no Kubernetes object was found."),
        click.option(
            "--allow-unrendered", is_flag=True, help="Skip Helm templates and the like instead of failing."
        ),
        click.option(
            "--exclude", "excludes", multiple=True, metavar="GLOB", help="Leave out; as in .gitignore."
        ),
        external_options,
        facts_options,
        click.option(
            "--promotions",
            metavar="DIR",
            help="The home of a trail that promotions are recorded in: what was promoted lacks nothing, and the provider "
            "lockgate-promotions answers from it.",
        ),
        click.option(
            "--no-defaults",
            is_flag=True,
            help="Judge objects as they are written, without the defaults that the API server would fill in.",
        ),
        inventory_options,
        click.option(
            "--quota-snapshot",
            metavar="FILE",
            help="Judge by the DeviceQuotas in this snapshot, as `lockgate quota show --format json` writes it: does what "
            "workloads and claims will ask for fit into what is left?",
        ),
        click.option("--namespace", metavar="NAME", help="The namespace of objects that name none."),
        fail_on_option,
        click.option("--format", "chosen", type=click.Choice(FORMATS), default="text", help="How to report."),
        click.option(
            "--expires",
            default="90d",
            show_default=True,
            metavar="SPAN",
            help="How long they last; such as 90d or 12h.",
        ),
        click.option("--owner", metavar="NAME", help="Who answers for the exemptions of --write-baseline."),
        click.option(
            "--write-baseline",
            "baseline",
            metavar="FILE",
            help="Write Exemptions for the violations that there are today; with --owner.",
        ),
        user_options,
        click.option(
            "--base",
            metavar="REF",
            help="Judge a change: policies, exemptions and settings are those of this revision of git, and objects have their "
            "former state from there. Tells what the change moves between environments.",
        ),
        click.option(
            "--exemptions",
            multiple=True,
            metavar="PATH",
            help="A file or folder of Exemptions and ExemptionPolicies, besides those among the policies; may be repeated.",
        ),
        policy_key_option,
        click.option(
            "-p",
            "--policy",
            "policies",
            multiple=True,
            metavar="PATH",
            help="A file, folder or PolicyBundle (.tar.gz or OCI layout, PATH@sha256:… pins it) of ConstraintTemplates and "
            "constraints; may be repeated. In a folder, samples/ beside a suite.yaml is test data. Without it: the "
            "configuration's policies, else the baseline profile.",
        ),
        click.argument("paths", nargs=-1, metavar="PATH..."),
    ):
        command = option(command)
    return command


def chosen_failures(values: tuple[str, ...]) -> frozenset[FailOn]:
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


def user_info(name: str | None, groups: tuple[str, ...]) -> "dict[str, Value] | None":
    """Who asks, as an AdmissionRequest's `userInfo` has it."""
    if not name:
        return None
    shown: list[Value] = list(groups)
    return {"username": name, "groups": shown} if shown else {"username": name}
