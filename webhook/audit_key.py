"""`lockgate audit key`: the log's own keys: which there are, another one, and the drill for one that got away."""

import json
from pathlib import Path
from typing import Final

import click
from lockgate.audit.draft import Draft
from lockgate.audit.errors import FormatError, TrailError
from lockgate.audit.key_files import make_log_key
from lockgate.audit.key_history import KeySpan, key_spans
from lockgate.audit.note import render_verifier_key
from lockgate.audit.signing import NoteSigner
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.erasure import entries_of_kind
from lockgate.audit.store.succession import revoke_and_succeed
from lockgate.webhook.audit_options import ACTOR, EPILOG, FORMAT, TRAIL
from lockgate.webhook.former import Successor, keep_former, next_origin
from lockgate.webhook.terminal import printable
from lockgate.webhook.toml_text import replace_setting, toml_string
from lockgate.webhook.trail import LOG_KEY, Trail, current_user, load_signer, open_trail
from lockgate.webhook.trail_config import FILE_NAME

NEW_SIGNER: Final = click.option(
    "--new-signer",
    default="",
    metavar="URI",
    help="The key to go on with: file:PATH or pkcs11:…; without it one is made in keys/.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def key() -> None:
    """Shows, rotates and revokes the key that signs the log's checkpoints.

    \b
    Example:
      lockgate audit key show --trail trail/
      lockgate audit key rotate --trail trail/
    """


def spans_of(trail: Trail) -> tuple[KeySpan, ...]:
    """The keys as the log's entries tell them. Raises FormatError."""
    first = ""
    for _, entry in entries_of_kind(trail.store, "log"):
        first = first or str(entry.value.get("vkey", ""))
    if not first:
        raise FormatError("the log's first entry names no key")
    events = [(index, entry.value) for index, entry in entries_of_kind(trail.store, "key")]
    return key_spans(trail.origin, first, events)


@key.command(epilog=EPILOG)
@FORMAT
@TRAIL
def show(chosen: str, home: str) -> None:
    """Lists the keys that the log's entries name, with the entries that added and retired them.

    \b
    Example:
      lockgate audit key show --trail trail/ --format json
    """
    with open_trail(home) as trail:
        spans = spans_of(trail)
    if chosen == "json":
        value = [
            {"vkey": render_verifier_key(span.key), "added": span.added, "retired": span.retired}
            for span in spans
        ]
        click.echo(json.dumps({"schemaVersion": 1, "keys": value}, indent=2))
        return
    for span in spans:
        until = "in use" if span.retired is None else f"retired by entry {span.retired}"
        click.echo(f"{printable(render_verifier_key(span.key))}\n  since entry {span.added}, {until}")


def _new_signer(home: Path, uri: str, origin: str) -> tuple[str, NoteSigner]:
    """The URI and the signer of the key to go on with, which is made where none is named."""
    if uri:
        return uri, load_signer(home, uri, origin)
    number = 2
    while (home / "keys" / f"log-{number}.pem").exists():
        number += 1
    made = f"file:keys/log-{number}.pem"
    make_log_key(home / made.removeprefix("file:"))
    return made, load_signer(home, made, origin)


@key.command(epilog=EPILOG)
@NEW_SIGNER
@ACTOR
@TRAIL
def rotate(new_signer: str, actor: str | None, home: str) -> None:
    """Goes on with another key: an entry names it, checkpoints of both follow, an entry gives the old one up.

    Who verifies with the old key, or with the new one, can follow. A rotation that was interrupted is taken up by the
    same command with the same --new-signer. Witnesses have to be told the new key before they cosign what it alone
    signs.

    \b
    Example:
      lockgate audit key rotate --trail trail/ --new-signer 'pkcs11:token=trail;object=log-2026?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/lockgate/pin'
    """
    with open_trail(home) as trail:
        place = trail.home
        uri, new = _new_signer(place, new_signer, trail.origin)
        old = render_verifier_key(trail.signer().verifier_key)
        vkey = render_verifier_key(new.verifier_key)
        if vkey == old:
            raise TrailError("the new key is the log's key already")
        who = actor or current_user()
        named = {render_verifier_key(span.key) for span in spans_of(trail)}
        recorder = trail.recorder()
        if vkey not in named:
            _append(trail, recorder.key_event("added", "log", vkey, actor=who))
        receipt = _append(trail, recorder.key_event("retired", "log", old, actor=who), new)
        config = trail.config
        trust = place / config.trust
        keys = [render_verifier_key(one) for one in trail.trust().log_keys]
    replace_setting(place / FILE_NAME, "signer", toml_string(uri))
    replace_setting(trust, "log-keys", json.dumps([*[one for one in keys if one != vkey], vkey]))
    (place / LOG_KEY).write_text(f"{vkey}\n")
    click.echo(f"the log goes on with\n\n  {vkey}\n")
    click.echo(
        f"The checkpoint of size {receipt} is signed by both. Give the new line to whoever verifies, and to every "
        "witness; the old key may be destroyed."
    )


def _append(trail: Trail, draft: Draft, *further: NoteSigner) -> int:
    """Appends one entry, and tells which anchors were not reached; returns the size of its checkpoint."""
    appending = trail.appending(*further)
    with appending:
        receipt = appending.appender.append(draft)
    for name, reason in appending.unreached:
        click.echo(f"note: the anchor {printable(name)} was not reached: {printable(reason)}", err=True)
    return receipt.size


@key.command(epilog=EPILOG)
@click.option(
    "--last-good",
    required=True,
    type=click.IntRange(min=1),
    metavar="SIZE",
    help="How many entries are believed: the last size that somebody else saw before the key got away.",
)
@click.option("--reason", required=True, metavar="TEXT", help="Why; the successor's first entry says it.")
@click.option("--successor", default="", metavar="NAME", help="The origin to go on under.")
@NEW_SIGNER
@TRAIL
def revoke(last_good: int, reason: str, successor: str, new_signer: str, home: str) -> None:
    """The drill for a key that got away: the log is frozen, and a successor with a new key says how far it was good.

    The old key signs nothing more. What the log holds behind the last good size stays to be looked at, and is not
    believed; what is kept to verify the old log says so too.

    \b
    Example:
      lockgate audit key revoke --trail trail/ --last-good 40210 --reason "laptop stolen on 21 November"
    """
    with open_trail(home) as trail:
        origin = successor or next_origin(trail.origin)
        old = (trail.home / LOG_KEY).read_text().strip()
        uri, new = _new_signer(trail.home, new_signer, origin)
        seal_key = trail.master_key().seal_key
        revoke_and_succeed(trail.store, old, last_good, new, seal_key, reason, system_clock)
        vkey = render_verifier_key(new.verifier_key)
        kept = keep_former(trail.home, trail.config, Successor(origin, vkey), ())
        place = trail.home
        former = trail.origin
    replace_setting(place / FILE_NAME, "signer", toml_string(uri))
    with (kept / "trust.toml").open("a") as stream:
        stream.write(f"\n[[revoked]]\nkey = {toml_string(old)}\nlast-good = {last_good}\n")
    click.echo(f"froze {printable(former)}; its first {last_good} entries are believed")
    click.echo(f"opened {printable(origin)} with\n\n  {vkey}\n")
    click.echo(
        "Keep that line elsewhere, and give it to whoever verifies and to every witness, with the size up to which the "
        f"old key is believed: {last_good}. What is left of the old log is verified in {kept}."
    )
