"""`lockgate audit key`: the log's own keys: which there are, another one, and the drill for one that got away."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.key_files import make_log_key
from lockgate.audit.key_history import KeySpan
from lockgate.audit.merkle import tree_root
from lockgate.audit.note import VerifierKey, parse_verifier_key, render_verifier_key
from lockgate.audit.signing import NoteSigner
from lockgate.audit.store.appender import system_clock
from lockgate.audit.store.log_keys import read_key_spans
from lockgate.audit.store.store import Store
from lockgate.audit.store.succession import revoke_and_succeed
from lockgate.audit.tiles import TileHashes
from lockgate.engine.database.connections import sqlite_path
from lockgate.webhook.audit_options import ACTOR, EPILOG, FORMAT, TRAIL
from lockgate.webhook.former import Successor, next_origin, succeed
from lockgate.webhook.given_keys import read_key
from lockgate.webhook.home_change import HomeChange, change_home, changing
from lockgate.webhook.terminal import printable
from lockgate.webhook.toml_text import toml_string, with_setting
from lockgate.webhook.trail import Trail, current_user, load_signer, open_trail
from lockgate.webhook.trail_config import FILE_NAME, LOG_KEY

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
        spans = read_key_spans(trail.store)
    if chosen == "json":
        click.echo(json.dumps({"schemaVersion": 1, "keys": [_told(span) for span in spans]}, indent=2))
        return
    for span in spans:
        until = "in use" if span.retired is None else f"retired by entry {span.retired}"
        if span.last_good is not None:
            until = f"revoked: believed for the first {span.last_good} entries"
        click.echo(f"{printable(render_verifier_key(span.key))}\n  since entry {span.added}, {until}")


def _told(span: KeySpan) -> dict[str, str | int | None]:
    told: dict[str, str | int | None] = {
        "vkey": render_verifier_key(span.key),
        "added": span.added,
        "retired": span.retired,
    }
    if span.last_good is not None:
        told["lastGood"] = span.last_good
    return told


@key.command(epilog=EPILOG)
@NEW_SIGNER
@TRAIL
def new(new_signer: str, home: str) -> None:
    """Shows the line of a key that the log may go on with, and makes one in keys/ where none is named.

    Nothing is appended. Witnesses that are told the line before `rotate` cosign without a break.

    \b
    Example:
      lockgate audit key new --trail trail/
    """
    with open_trail(home) as trail:
        uri, signer = _named_signer(trail.home, new_signer, trail.origin)
    click.echo(f"{printable(uri)} signs as\n\n  {render_verifier_key(signer.verifier_key)}\n")


def _named_signer(home: Path, uri: str, origin: str) -> tuple[str, NoteSigner]:
    """The URI and the signer of a key, which is made where none is named."""
    if uri:
        return uri, load_signer(home, uri, origin)
    number = 2
    while (home / "keys" / f"log-{number}.pem").exists():
        number += 1
    made = f"file:keys/log-{number}.pem"
    make_log_key(home / made.removeprefix("file:"))
    return made, load_signer(home, made, origin)


def _next_signer(
    trail: Trail, uri: str, spans: Sequence[KeySpan], current: NoteSigner
) -> tuple[str, NoteSigner]:
    """The key to go on with: the named one, that of a rotation that was begun, or a new one."""
    if uri:
        return uri, load_signer(trail.home, uri, trail.origin)
    in_use = [span for span in spans if span.retired is None]
    since = max([span.added for span in in_use if span.key == current.verifier_key], default=0)
    begun = {span.key for span in in_use if span.added > since}
    for path in sorted((trail.home / "keys").glob("log-*.pem")):
        found = f"file:keys/{path.name}"
        signer = load_signer(trail.home, found, trail.origin)
        if signer.verifier_key in begun:
            return found, signer
    for one in begun:
        raise TrailError(
            f"a rotation to {render_verifier_key(one)} was begun", hint="name that key with --new-signer"
        )
    if len(in_use) > 1:
        return trail.config.signer, current
    return _named_signer(trail.home, "", trail.origin)


@key.command(epilog=EPILOG)
@NEW_SIGNER
@ACTOR
@TRAIL
def rotate(new_signer: str, actor: str | None, home: str) -> None:
    """Goes on with another key: an entry names it under a checkpoint of both, and an entry gives the old one up.

    Who verifies with the old key, or with the new one, can follow. The same command takes up a rotation that was
    interrupted. With PostgreSQL, where other processes append too, the old key is given up by a second `rotate`, once
    all of them were started with the new key. Tell witnesses the new key first (`new`): they cosign nothing else.

    \b
    Example:
      lockgate audit key rotate --trail trail/ --new-signer 'pkcs11:token=trail;object=log-2026?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/lockgate/pin'
    """
    who = actor or current_user()
    with open_trail(home) as trail:
        spans = read_key_spans(trail.store)
        old = trail.signer()
        uri, new = _next_signer(trail, new_signer, spans, old)
        vkey = render_verifier_key(new.verifier_key)
        _check_not_given_up(spans, new.verifier_key)
        is_named = any(span.key == new.verifier_key for span in spans)
        is_begun = new.verifier_key == old.verifier_key
        if is_begun and all(span.retired is not None for span in spans if span.key != new.verifier_key):
            raise TrailError("the new key is the log's key already")
        if not is_named:
            _append(trail, trail.recorder().key_event("added", "log", vkey, actor=who), new)
        is_shared = sqlite_path(trail.store_url) is None
        if not is_begun:
            _go_on_with(trail, uri, vkey)
    click.echo(f"the log goes on with\n\n  {vkey}\n")
    if is_shared and not is_begun:
        click.echo(
            "Start every process that appends with the new key, then run `rotate` again: it ends the old one."
        )
    else:
        _retire(home, old, who)
    click.echo(
        "Give the line to whoever verifies, and to every witness; former lines stay good for what they signed."
    )


def _check_not_given_up(spans: Sequence[KeySpan], wanted: VerifierKey) -> None:
    for span in spans:
        if span.key == wanted and (span.retired is not None or span.last_good is not None):
            raise TrailError("the log has given that key up: name another, or none to have one made")


def _go_on_with(trail: Trail, uri: str, vkey: str) -> None:
    """Writes the new key into the trail's home; the log knows it already."""
    trust = trail.config.trust
    keys = [one for one in map(render_verifier_key, trail.trust().log_keys) if one != vkey]
    trusted, settings = [(trail.home / name).read_text("utf-8") for name in (trust, FILE_NAME)]
    files = {
        trust: with_setting(trusted, "log-keys", json.dumps([*keys, vkey])),
        LOG_KEY: f"{vkey}\n",
        FILE_NAME: with_setting(settings, "signer", toml_string(uri)),
    }
    change_home(trail.home, HomeChange(files))


def _retire(home: str, old: NoteSigner, actor: str) -> None:
    """Gives every key but the current one up; the old one, if it is at hand, signs that too."""
    with open_trail(home) as trail:
        current = trail.signer().verifier_key
        further = () if old.verifier_key == current else (old,)
        for span in read_key_spans(trail.store):
            if span.retired is None and span.key != current:
                shown = render_verifier_key(span.key)
                draft = trail.recorder().key_event("retired", "log", shown, actor=actor)
                index = _append(trail, draft, *further)
                click.echo(f"entry {index} gives up {printable(shown)}")
                further = ()


def _append(trail: Trail, draft: Draft, *further: NoteSigner) -> int:
    """Appends one entry, and tells which anchors were not reached; returns its index."""
    appending = trail.appending(*further)
    with appending:
        receipt = appending.appender.append(draft)
    for name, reason in appending.unreached:
        click.echo(f"note: the anchor {printable(name)} was not reached: {printable(reason)}", err=True)
    return receipt.index


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
        old = render_verifier_key(read_key(str(trail.home / LOG_KEY)))
        uri, new = _named_signer(trail.home, new_signer, origin)
        if new.verifier_key.public == parse_verifier_key(old).public:
            raise TrailError("the successor needs another key than the one that got away")
        seal_key = trail.master_key().seal_key
        vkey = render_verifier_key(new.verifier_key)
        told = revocation(old, last_good, trail.store)
        change = succeed(trail.home, trail.config, Successor(origin, vkey, uri), believed=told)
        with changing(trail.home, change):
            revoke_and_succeed(trail.store, old, last_good, new, seal_key, reason, system_clock)
        kept = change.kept(trail.home)
        former = trail.origin
    click.echo(f"froze {printable(former)}; its first {last_good} entries are believed")
    click.echo(f"opened {printable(origin)} with\n\n  {vkey}\n")
    click.echo(
        "Keep that line elsewhere, and give it to whoever verifies and to every witness. Who has a trust file for the "
        f"old log adds to it:\n\n{told}\nWhat is left of the old log is verified in {printable(str(kept))}."
    )


def revocation(vkey: str, last_good: int, store: Store) -> str:
    """What a trust file of the old log says of its key. Raises TrailError where the log has no `last_good` entries."""
    size = store.head().size
    if last_good > size:
        raise TrailError(f"the log has {size} entries: {last_good} of them cannot be the good ones")
    root = base64.b64encode(tree_root(last_good, TileHashes(size, store.tile))).decode("ascii")
    return f"[[revoked]]\nkey = {toml_string(vkey)}\nlast-good = {last_good}\nroot = {toml_string(root)}\n"
