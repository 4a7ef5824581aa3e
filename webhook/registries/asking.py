"""Asks for versions that a registry marks to enter an environment, each once."""

import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

import click
from lockgate.audit.keys.pem_key import PemKey
from lockgate.audit.promotions.history import Promotion
from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.engine.promotions.model_use import ModelUse
from lockgate.engine.record import changed
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.model_facts import ModelFacts
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promoting.asking import carry_out, carry_out_at
from lockgate.webhook.promoting.asking_options import Asking
from lockgate.webhook.promoting.desk import Desk
from lockgate.webhook.promoting.facts import ModelEvidence
from lockgate.webhook.promoting.opening import open_desk
from lockgate.webhook.promoting.requesting import Found, Wish, evidence_from_facts
from lockgate.webhook.promoting.rolling_back import find_target
from lockgate.webhook.promotions.naming import ModelNames
from lockgate.webhook.references.reference import read_references
from lockgate.webhook.registries.registry import Mark, RegisteredVersion, Registry
from lockgate.webhook.scanning.reading import read_signing_pem
from lockgate.webhook.terminal import printable

# What makes a request void, so that another one is needed.
_VOID: Final = frozenset({"policy", "request"})
_SUFFIX: Final = ".promotion.dsse.json"


def ask_for(
    context: click.Context,
    asking: Asking,
    registry: Registry,
    versions: Sequence[RegisteredVersion],
    mark: Mark,
    wish: Wish,
    facts: ModelFacts | None,
) -> None:
    """Asks for each version that was not asked for, and tells. Ends with 2 where one could not be, with 1 where `require` and one is not made."""
    if asking.output and len(versions) > 1:
        raise UsageError(
            f"{len(versions)} versions are {mark.shown}, and --output is one file", hint="leave it out"
        )
    key = read_signing_pem(asking.key_file)
    failed, open_yet = False, False
    with open_desk(
        asking.home, asking.policy, asking.identities, asking.notifier, asking.pool_health
    ) as desk:
        for version in versions:
            try:
                open_yet |= not _ask(desk, asking, registry, version, mark, wish, key, facts)
            except LockgateError as error:
                failed = True
                click.echo(printable(f"error: {version.reference}: {error.message}"), err=True)
                if error.hint:
                    click.echo(printable(f"  hint: {error.hint}"), err=True)
    if failed:
        context.exit(2)
    if asking.require and open_yet:
        context.exit(1)


def _ask(
    desk: Desk,
    asking: Asking,
    registry: Registry,
    version: RegisteredVersion,
    mark: Mark,
    wish: Wish,
    key: PemKey,
    facts: ModelFacts | None,
) -> bool:
    """Is it made, now or before?"""
    found = found_version(version)
    wish = changed(wish, change=change_of(registry, version, mark, asking.change))
    evidence = evidence_from_facts(desk, found, wish, key, facts, os.getcwd())
    known = _known(desk, found, wish, evidence)
    if known is not None:
        made, why = known
        click.echo(printable(f"{version.reference}: {why}"), err=True)
        return made
    place = asking.output or _file_name(version, wish.to)
    return carry_out_at(desk, asking, found, wish, key, place, evidence)


def roll_back(
    context: click.Context,
    asking: Asking,
    registry: Registry,
    version: RegisteredVersion,
    wish: Wish,
    facts: ModelFacts | None,
    entry: int | None,
) -> None:
    """Asks for a version that an environment had to come back. Raises LockgateError."""
    found = found_version(version)
    mark = Mark("version", version.version)
    wish = changed(wish, change=change_of(registry, version, mark, asking.change))

    def evidence(desk: Desk, key: PemKey, wish: Wish, _: Promotion | None) -> ModelEvidence:
        return evidence_from_facts(desk, found, wish, key, facts, os.getcwd())

    place = _file_name(version, wish.to).removesuffix(_SUFFIX)
    carry_out(context, asking, found, wish, place, evidence, lambda log: find_target(log, found, wish, entry))


def found_version(version: RegisteredVersion) -> Found:
    """A version as what a statement is about. Raises LockgateError for one that may not be used, or that no reference names."""
    text = version.reference
    if version.unfit:
        raise UsageError(f"{printable(text[:200])} is not to be used: {printable(version.unfit[:200])}")
    read = read_references([text])[text]
    named = ModelNames(open_library(SHIPPED, open_cache(None, os.environ), "named_models")).of([text])
    if read.pin != "version" or (read.location, read.version) != (version.name, version.version):
        raise UsageError(
            f"{printable(text[:200])} cannot be written as a reference to that version",
            hint="give the model and its versions names without / @ : and spaces",
        )
    model, number = named[text]
    return Found(ModelUse((), read.uri, model, number, "version", (), ()), "", printable(text[:200]))


def change_of(
    registry: Registry, version: RegisteredVersion, mark: Mark, told: Mapping[str, str]
) -> dict[str, str]:
    """What a statement says of the change: what was told, and what the registry says of the version, by which it is known again."""
    said = {
        "registry": registry.shown,
        "source": version.source,
        "run": version.run,
        "mark": mark.shown,
    }
    return {**told, **{name: value for name, value in said.items() if value}}


def _file_name(version: RegisteredVersion, environment: str) -> str:
    """A name of ours: what a registry says is no path."""
    whole = sha256(f"{version.reference}\n{environment}".encode()).hexdigest()
    return f"{whole[:16]}{_SUFFIX}"


def _known(desk: Desk, found: Found, wish: Wish, evidence: ModelEvidence) -> tuple[bool, str] | None:
    """Whether it is made, and why it is not asked for again; None for what is new."""
    identity, history = found.use.identity, desk.log.history

    def same(subject: str) -> bool:
        # Other bytes under the same name are another version.
        return evidence.digest in ("", subject)

    there = [
        one
        for one in history.promotions(identity.model, wish.to)
        if desk.log.made(one).statement.to.covers(wish.cluster, wish.namespace)
    ]
    made = [one for one in there if one.promoted.version == identity.version and same(one.promoted.subject)]
    if made:
        last = made[-1]
        if last.revoked is not None:
            return False, f"it was revoked in {wish.to}, by entry {last.revoked}"
        if history.is_sound(last):
            is_last = there[-1] is last
            back = "" if is_last else "; another came after it: lockgate registry rollback asks for it again"
            return is_last, f"it was promoted to {wish.to}, by entry {last.index}{back}"
    for request in history.requests():
        promoted = request.promoted
        if request.closed is not None or promoted.environment != wish.to:
            continue
        if (promoted.model, promoted.version) != (identity.model, identity.version):
            continue
        asked = desk.log.asked(request)
        if not same(promoted.subject) or not asked.statement.to.covers(wish.cluster, wish.namespace):
            continue
        if not any(one.what in _VOID for one in desk.stand(asked).missing):
            return (
                False,
                f"it was asked for, by entry {request.index}; lockgate promotions pending says what it lacks",
            )
    return None
