"""Policies from files, folders and PolicyBundles, as the same Changes that a cluster's watches tell.

Files are read strictly: where one is wrong, what was in force stays, and the error names file and line. That is so for
every file of a folder, whatever is in it: one that cannot be read may have been a policy. Changed files are found by what
the file system says of them.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, final

from lockgate.engine.codegen.values import render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import UsageError
from lockgate.engine.gvk import gvk_of
from lockgate.gatekeeper.exemptions.kinds import is_about_exemptions
from lockgate.gatekeeper.exemptions.resolver import load_exemptions
from lockgate.gatekeeper.external_data.fixtures import Fixture, load_fixtures
from lockgate.gatekeeper.loader import load_policies
from lockgate.gatekeeper.memo import Memo
from lockgate.gatekeeper.problems import PolicyErrors
from lockgate.gatekeeper.promotions.loading import load_promotions
from lockgate.gatekeeper.quotas.kinds import is_device_quota
from lockgate.webhook.policy_sources import (
    Sources,
    is_plain_rego,
    policy_files,
    read_exemptions,
    read_fixtures,
    read_policies,
)
from lockgate.webhook.serving.live_state import LiveSettings
from lockgate.webhook.serving.objects import Change, ObjectKey, Objects
from lockgate.webhook.serving.policy_kinds import is_deciding
from lockgate.webhook.serving.promoted_set import PromotedSet, is_watched
from lockgate.webhook.walk import shown_path

if TYPE_CHECKING:
    from lockgate.webhook.model_facts import ModelFacts
    from lockgate.webhook.policy_bundle.trust_roots import TrustRoots
    from lockgate.webhook.promoting.promoted_policies import PromotedPolicies

_MS_NS: Final = 1_000_000
_HOUR_NS: Final = 3_600 * 1_000_000_000


@final
class FolderSource:
    """What is given. policies: files, folders and opened PolicyBundles, which do not change, or what tells which PolicyBundle is in
    force; exemptions: files and folders.

    cwd: what shown paths count from. external_data: files and folders of what providers answer. models: signed facts, which
    are read again each hour where their age counts. spoken_for: providers that somebody else answers for.
    """

    def __init__(
        self,
        policies: "Sources | PromotedPolicies",
        exemptions: Sequence[str],
        cwd: str,
        settings: LiveSettings,
        external_data: Sequence[str] = (),
        models: "ModelFacts | None" = None,
        spoken_for: frozenset[str] = frozenset(),
    ) -> None:
        self._promoted: Final = None if isinstance(policies, Sequence) else policies
        self._policies: Sources = tuple(policies) if isinstance(policies, Sequence) else ()
        self._exemptions: Final = tuple(exemptions)
        self._external_data: Final = tuple(external_data)
        self._models: Final = models
        self._spoken_for: Final = spoken_for
        self._cwd: Final = cwd
        self._settings: Final = settings
        self._told: Final = Objects()
        self._seen: tuple[tuple[object, ...], ...] | None = None
        # Is what they hold now wrong, so that something older is in force?
        self.is_behind = False
        # The PolicyBundle that is in force, where only what was promoted is.
        self.promoted_set: PromotedSet | None = None
        self._files: Mapping[ObjectKey, str] = {}
        # The files that hold what is in force.
        self._held: frozenset[str] = frozenset()

    def changes(self) -> tuple[Change, ...]:
        """What has changed since the last time; the first time, everything. Raises LockgateError for what is wrong.

        What is wrong is told once, and again when the files have changed.
        """
        was_behind, self.is_behind = self.is_behind, True
        before, self._seen = self._seen, None
        if self._promoted is not None:
            self._policies = self._promoted.sources()
        seen = tuple(self._signatures())
        self._seen = seen
        if seen == before:
            self.is_behind = was_behind
            return ()
        now, held = self._read()
        self._refuse_emptied(held)
        self._held = held
        news = self._told.replacing_all(now)
        self._told.apply(news)
        self.is_behind = False
        if self._promoted is not None:
            self.promoted_set = self._as_promoted(self._promoted, now)
        return news

    def _as_promoted(self, promoted: "PromotedPolicies", now: Mapping[ObjectKey, bytes]) -> PromotedSet:
        (bundle,) = promoted.sources()
        return PromotedSet(
            promoted.name,
            promoted.environment,
            bundle.digest,
            bundle.shown,
            {key: data for key, data in now.items() if is_watched(key)},
            {key: file.removeprefix(bundle.place("")) for key, file in self._files.items()},
        )

    def _refuse_emptied(self, held: frozenset[str]) -> None:
        """A file that is there and has lost all that it held is half written, or a mistake: who wants its policies gone
        removes it. Raises UsageError."""
        there = {
            file.shown
            for path in (*self._policies, *self._exemptions, *self._external_data)
            for file in policy_files(path, self._cwd)
        }
        emptied = sorted((self._held - held) & there)
        if emptied:
            raise UsageError(
                f"{', '.join(emptied)} held policies, and holds none now: what was in force stays",
                hint="mend the file; or remove it, where its policies are to go",
            )

    def _refuse_spoken_for(self, fixtures: Sequence[Fixture]) -> None:
        """Raises UsageError where files answer for a provider that somebody else does."""
        named = sorted(self._spoken_for & {one.provider for one in fixtures})
        if named:
            raise UsageError(
                f"{', '.join(named)} is answered from a trail, and files of answers (--external-data) name it too",
                hint="leave it out of the files, or leave out --promotions",
            )

    def _read(self) -> tuple[dict[ObjectKey, bytes], frozenset[str]]:
        """What the files hold, and which of them hold something."""
        for path in self._policies:
            if is_plain_rego(path):
                shown = shown_path(path, self._cwd) if isinstance(path, str) else path.shown
                raise UsageError(
                    f"{shown} is plain Rego, and the server judges by constraints",
                    hint="give ConstraintTemplates and constraints",
                )
        documents, shipped = read_policies(self._policies, self._cwd, "read")
        about = read_exemptions(self._exemptions, self._cwd, "read") if self._exemptions else []
        # The same file may be named as both.
        named = {one.file for one in about}
        about += [one for one in documents if is_about_exemptions(one.value) and one.file not in named]
        loaded = load_policies(
            [*documents, *shipped], engine=self._settings.engine, cache=self._settings.cache, memo=Memo()
        )
        if loaded.errors:
            raise PolicyErrors(loaded.errors)
        load_exemptions(about)
        load_promotions(documents)
        made = _objects([*[one for one in documents if not is_about_exemptions(one.value)], *shipped, *about])
        if self._promoted is not None:
            made.update(self._quotas(documents))
            self._files = {key: one.file for one in documents for key, _ in _keyed([one])}
        answers = read_fixtures(self._external_data, self._cwd, "read")
        if self._models is not None:
            # Which imports cryptography.
            from lockgate.webhook.scanning.known_models import known_models

            roots = None if self._promoted is None else self._roots(self._promoted)
            answers.append(known_models(self._models, self._cwd, time.time_ns() // _MS_NS, roots))
        self._refuse_spoken_for(load_fixtures(answers))
        held = frozenset([one.file for one in (*documents, *about, *answers) if _decides(one)])
        return {**made, **_answers(answers)}, held

    def _roots(self, promoted: "PromotedPolicies") -> "TrustRoots":
        """Whose facts count by what was promoted. Raises UsageError where it does not say."""
        from lockgate.webhook.policy_bundle.trust_roots import trust_roots

        (bundle,) = promoted.sources()
        found = trust_roots(bundle)
        if found is None:
            raise UsageError(
                f"--model-facts, and {bundle.shown} does not say whose facts count",
                hint="make it with: lockgate policy bundle --facts-trust facts-trust.toml",
            )
        return found

    def _quotas(self, documents: Sequence[Document]) -> dict[ObjectKey, bytes]:
        """The DeviceQuotas of what is promoted. Raises UsageError where nothing would be held to them."""
        found = [one for one in documents if is_device_quota(one.value)]
        if not found:
            return {}
        if not self._settings.ledger_cluster:
            raise UsageError(
                f"{found[0].file} has a DeviceQuota, and without a ledger nothing is held to it",
                hint="give --ledger and --inventory cluster",
            )
        from lockgate.gatekeeper.quotas.loading import load_quotas

        load_quotas(found)
        return dict(_keyed(found))

    def _signatures(self) -> Iterable[tuple[object, ...]]:
        """What tells whether a file is another than before."""
        for path in (*self._policies, *self._exemptions, *self._external_data):
            if not isinstance(path, str):
                yield (path.digest,)
            for file in policy_files(path, self._cwd):
                if file.bundled is not None:
                    yield (file.key,)
                    continue
                try:
                    found = os.stat(file.key)
                except OSError:
                    continue
                yield _signature(file.key, found)
        if self._models is None:
            return
        from lockgate.webhook.scanning.known_models import watched_files

        yield ("hour", time.time_ns() // _HOUR_NS)
        for name in watched_files(self._models, self._cwd):
            with suppress(OSError):
                yield _signature(name, os.stat(name))


def _signature(name: str, found: os.stat_result) -> tuple[object, ...]:
    return name, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _decides(document: Document) -> bool:
    kind = gvk_of(document.value)
    return kind is not None and is_deciding(kind)


def _objects(documents: Sequence[Document]) -> dict[ObjectKey, bytes]:
    """Those that decide, by key."""
    # Of two with one name the loader has refused the second.
    return {key: data for key, data in _keyed(documents) if is_deciding(key.kind)}


def _keyed(documents: Iterable[Document]) -> Iterator[tuple[ObjectKey, bytes]]:
    """Those with a kind and a name: all are cluster-scoped."""
    for document in documents:
        kind = gvk_of(document.value)
        metadata = document.value.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if kind is not None and isinstance(name, str):
            yield ObjectKey(kind, "", name), render_json(document.value).encode("utf-8", "surrogatepass")


def _answers(documents: Sequence[Document]) -> dict[ObjectKey, bytes]:
    """What providers answer, by its place: such objects need no name."""
    made: dict[ObjectKey, bytes] = {}
    for number, document in enumerate(documents):
        kind = gvk_of(document.value)
        assert kind is not None
        place = document.file if number == 0 or document.file != documents[number - 1].file else ""
        key = ObjectKey(kind, "", place or f"{document.file}#{number}")
        made[key] = render_json(document.value).encode("utf-8", "surrogatepass")
    return made
