"""`lockgate policy init`: the beginning for a repository."""

from typing import Final

import click

# What no exemption can name, or cannot be judged, is to be mended first.
EXIT_NOT_YET: Final = 1


@click.command()
@click.argument("path", default=".", metavar="[PATH]")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="[ENVIRONMENT=]NAME",
    help="baseline, production or regulated: for all, or for an environment that folders tell of; may be repeated. Without it "
    "production for environments that are called so, and baseline for the rest.",
)
@click.option("--owner", metavar="NAME", help="Who answers for the exemptions of what is denied today.")
@click.option(
    "--expires",
    default="90d",
    show_default=True,
    metavar="SPAN",
    help="How long these exemptions last; such as 90d or 12h.",
)
@click.option(
    "--folder",
    default="policies/lockgate",
    show_default=True,
    metavar="PATH",
    help="Where constraints and exemptions are written, from PATH.",
)
@click.option("--all", "every", is_flag=True, help="Also the constraints for kinds that are not here yet.")
@click.option("--exclude", "excludes", multiple=True, metavar="PATTERN", help="Leave out, as in .gitignore.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would be written.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.pass_context
def init(
    context: click.Context,
    path: str,
    profiles: tuple[str, ...],
    owner: str | None,
    expires: str,
    folder: str,
    every: bool,
    excludes: tuple[str, ...],
    dry_run: bool,
    force: bool,
) -> None:
    """Begin in a repository: look at its manifests, and write lockgate.yaml, constraints and exemptions.

    The constraints are those of a profile for the kinds that are there; what they deny today is exempt for a while, so that
    `lockgate check` passes and fails for what is new. Exit code 1 says that something has to be mended before it passes.

    \b
    Examples:
      lockgate policy init --owner team-fraud
      lockgate policy init --profile baseline --profile prod=regulated --owner team-fraud
      lockgate policy init --dry-run deploy/
    """
    from lockgate.webhook.policy_init.beginning import Wanted, begin
    from lockgate.webhook.policy_init.writing import write_files
    from lockgate.webhook.terminal import printable

    made = begin(Wanted(path, profiles, owner, expires, folder, every, excludes, dry_run, force))
    if dry_run:
        for name, text in made.files.items():
            click.echo(f"# would write {name}\n{text}")
    else:
        write_files(made.root, made.files, made.stale)
    for line in made.told(dry_run=dry_run):
        click.echo(printable(line), err=dry_run)
    context.exit(0 if made.passes else EXIT_NOT_YET)
