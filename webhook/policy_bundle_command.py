"""`lockgate policy bundle`: policies in one file or OCI layout, to be pinned or signed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lockgate.audit.keys.pem_key import PemKey
    from lockgate.engine.rego.version import RegoVersion


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="PATH",
    help="The archive (.tar.gz), or the folder for --format oci.",
)
@click.option(
    "--format",
    "chosen",
    type=click.Choice(["opa", "oci"]),
    default="opa",
    show_default=True,
    help="opa: an archive that OPA loads; oci: an OCI image layout, for registries.",
)
@click.option(
    "--key",
    "key_file",
    metavar="PEM",
    help="Sign with this private key: P-256, which OPA verifies, or Ed25519 for --format oci.",
)
@click.option(
    "--revision",
    metavar="TEXT",
    help="The revision in the manifest, such as a commit; else the content's SHA-256.",
)
@click.option(
    "--facts-trust",
    metavar="FILE",
    help="Whose signed facts count (facts-trust.toml), with the keys that it names: promoted with the policies.",
)
@click.option(
    "--facts-log-key",
    "facts_log_keys",
    multiple=True,
    metavar="FILE",
    help="With --facts-trust: the key of a log that recorded signed facts; may be repeated.",
)
@click.option("--v0-compatible", is_flag=True, help="Plain Rego is written in Rego v0.")
def bundle(
    paths: tuple[str, ...],
    output: str,
    chosen: str,
    key_file: str | None,
    revision: str | None,
    facts_trust: str | None,
    facts_log_keys: tuple[str, ...],
    v0_compatible: bool,
) -> None:
    """Put policies into a PolicyBundle, which `check -p` takes pinned or signed, and OPA loads.

    \b
    Examples:
      lockgate policy bundle policies/ -o policy.tar.gz
      lockgate policy bundle policies/ --key signer.pem -o policy.tar.gz
      lockgate policy bundle policies/ --format oci --key signer.pem -o layout/
    """
    from dataclasses import replace

    from lockgate.engine.errors import UsageError
    from lockgate.webhook.check_command import make_loader
    from lockgate.webhook.conftest_policies import ConftestOptions
    from lockgate.webhook.policy_bundle.building import gather
    from lockgate.webhook.policy_bundle.opening import Opening
    from lockgate.webhook.policy_bundle.writing import make_archive, write_archive_file, write_layout
    from lockgate.webhook.policy_sources import ARCHIVES, is_plain_rego

    if chosen == "opa" and not output.endswith(ARCHIVES):
        raise UsageError(
            f"{output} does not end in .tar.gz, by which an archive is known",
            hint="name it so, or give --format oci for a folder",
        )
    if facts_log_keys and facts_trust is None:
        raise UsageError("--facts-log-key is for --facts-trust", hint="give both, or none")
    key = None if key_file is None else _read_key(key_file)
    cwd = str(Path.cwd())
    given = Opening(cwd).open(paths)
    loader = make_loader(None, None)
    if v0_compatible or all(map(is_plain_rego, given)):
        # Whatever the packages: which of them judge is said when it is used.
        version: RegoVersion = "v0" if v0_compatible else "v1"
        loader = replace(loader, conftest=ConftestOptions(None, (), version))
    roots = () if facts_trust is None else tuple(_roots(facts_trust, facts_log_keys))
    made = gather(given, loader, cwd, revision, output, roots)
    if chosen == "opa":
        digest = write_archive_file(output, make_archive(made.files, key, output))
    else:
        digest = write_layout(output, made.files, made.revision, key, output)
    signed = "signed" if key is not None else "not signed"
    click.echo(
        f"wrote {output}: {made.policies} policies in {len(made.files)} files, {signed}, revision {made.revision}"
    )
    if made.left_out:
        click.echo(f"note: OPA cannot run {', '.join(made.left_out)}, which Lockgate does", err=True)
    click.echo(f"{output}@{digest}")


def _roots(trust: str, log_keys: tuple[str, ...]) -> "Iterator[tuple[str, bytes, str]]":
    from lockgate.webhook.extras import require_crypto

    require_crypto()
    from lockgate.webhook.policy_bundle.trust_roots import read_roots

    return read_roots(trust, log_keys)


def _read_key(path: str) -> "PemKey":
    from lockgate.webhook.extras import require_crypto

    require_crypto()
    from lockgate.audit.key_files import read_secret
    from lockgate.audit.keys.pem_key import parse_private_key

    return parse_private_key(read_secret(Path(path)), path)
