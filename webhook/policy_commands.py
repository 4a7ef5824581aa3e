"""`lockgate policy`: make a rule, keep its page and its template in step with its source, bundle policies."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click
from lockgate.webhook.extras import require_rules
from lockgate.webhook.lazy_group import LazyCommand, LazyGroup
from lockgate.webhook.policy_bundle_command import bundle
from lockgate.webhook.policy_docs import pages
from lockgate.webhook.policy_folder import PolicyFolder
from lockgate.webhook.policy_scaffold import new_rule
from lockgate.webhook.policy_sign import sign
from lockgate.webhook.policy_sync import Generated, synced

FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path("policies"),
    show_default=True,
    help="The folder of policies.",
)
CHECK = click.option(
    "--check",
    "mode",
    flag_value="check",
    default="write",
    help="Write nothing; name the files that are not current and exit with 1.",
)


LAZY: Final = {
    "init": LazyCommand(
        "lockgate.webhook.policy_init.command:init",
        "Begin in a repository: configuration, constraints, exemptions.",
    ),
    "rollout": LazyCommand(
        "lockgate.webhook.policy_rollout:rollout", "What policies would do, before they are in force."
    ),
    "promote": LazyCommand(
        "lockgate.webhook.promoting.policy_commands:promote",
        "Ask for a PolicyBundle to enter an environment.",
    ),
    "rollback": LazyCommand(
        "lockgate.webhook.promoting.policy_commands:rollback", "Ask for a former PolicyBundle to come back."
    ),
}


@click.group(cls=LazyGroup, lazy=LAZY, context_settings={"help_option_names": ["-h", "--help"]})
def policy() -> None:
    """Make and maintain rules, and bundle policies.

    \b
    Example:
      lockgate policy init --owner team-fraud
      lockgate policy new workloads/no_host_path
      lockgate policy sync --check && lockgate policy docs --check
      lockgate policy bundle policies/ -o policy.tar.gz
    """


policy.add_command(sign)
policy.add_command(bundle)


@policy.command()
@click.argument("rule", metavar="FAMILY/RULE")
@FOLDER
def new(rule: str, folder: Path) -> None:
    """Write a new rule that passes its own tests, to be changed into yours.

    \b
    Example:
      lockgate policy new workloads/no_host_path
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = PolicyFolder.at(folder)
    for path in new_rule(place, rule):
        click.echo(f"wrote {path}")
    for file in _generated(place):
        if not file.is_current():
            file.write()
            click.echo(f"wrote {file.path}")


@policy.command()
@CHECK
@FOLDER
@click.pass_context
def docs(context: click.Context, mode: str, folder: Path) -> None:
    """Write the page of each rule, the table of the profiles and the catalogue.

    They are made from METADATA, schemas, samples and profiles.yaml.

    \b
    Example:
      lockgate policy docs --check
    """
    place = PolicyFolder.at(folder)
    context.exit(_settle(mode, (*pages(place), *_overviews(place)), ()))


@policy.command()
@CHECK
@FOLDER
@click.pass_context
def sync(context: click.Context, mode: str, folder: Path) -> None:
    """Copy each rule's Rego, and the helpers it uses, into its template, and put the profiles together.

    \b
    Example:
      lockgate policy sync --check
    """
    place = PolicyFolder.at(folder)
    # The profiles are checked against templates, which have to be current for that.
    stages = [_settle(mode, synced(place), place.problems()), _settle(mode, _profiles(place), ())]
    context.exit(max(stages))


def _generated(place: PolicyFolder) -> Iterator[Generated]:
    """Every file that is made from others; a later one may be made from an earlier one."""
    yield from synced(place)
    yield from _profiles(place)
    yield from pages(place)
    yield from _overviews(place)


def _profiles(place: PolicyFolder) -> Iterator[Generated]:
    if _has_profiles(place):
        from lockgate.webhook.profiles.assembly import assembled

        yield from assembled(place)


def _overviews(place: PolicyFolder) -> Iterator[Generated]:
    """The catalogue, and the table of the profiles where there are any."""
    from lockgate.webhook.catalogue.entries import entries_of
    from lockgate.webhook.catalogue.markdown import render_markdown
    from lockgate.webhook.catalogue.page import render_page

    states: dict[str, dict[str, str]] = {}
    if _has_profiles(place):
        from lockgate.webhook.profiles.assembly import profiled
        from lockgate.webhook.profiles.pages import profile_pages, states_of

        rules = profiled(place)
        yield from profile_pages(place, rules)
        states = states_of(rules)
    entries = entries_of(place, states)
    yield Generated(place.root / "catalogue.md", render_markdown(entries))
    yield Generated(place.root / "catalogue.html", render_page(entries))


def _has_profiles(place: PolicyFolder) -> bool:
    """Does a rule say what it is in a profile? Raises UsageError where that cannot be read for want of a library."""
    if not any(place.root.glob("*/*/profiles.yaml")):
        return False
    require_rules()
    return True


def _settle(mode: str, files: Iterable[Generated], problems: Iterable[str]) -> int:
    """Write or name the files that are not current; returns the exit code."""
    stale = [file for file in files if not file.is_current()]
    for file in stale:
        if mode == "check":
            click.echo(f"not current: {file.path}")
        else:
            file.write()
            click.echo(f"wrote {file.path}")
    incomplete = list(problems) if mode == "check" else []
    for problem in incomplete:
        click.echo(f"incomplete: {problem}")
    return 1 if mode == "check" and (stale or incomplete) else 0
