"""A trail, opened from its home folder: the one place where store, signer, vault and appender are made of it."""

import getpass
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, Self

from lockgate.audit.anchors.anchor import Anchor
from lockgate.audit.anchors.guard import WhenUnreachable
from lockgate.audit.anchors.last_seen import last_seen_file
from lockgate.audit.anchors.note_anchor import NoteAnchor
from lockgate.audit.anchors.witness_anchor import WitnessAnchor
from lockgate.audit.errors import TrailError
from lockgate.audit.key_files import read_log_key, read_master_key
from lockgate.audit.note import VerifierKey
from lockgate.audit.recorder import Recorder
from lockgate.audit.signing import NoteSigner
from lockgate.audit.store.store import Store, open_store
from lockgate.audit.trust import AnchoredNote, Trust
from lockgate.audit.vault import MasterKey, Vault
from lockgate.audit.witness.client import WitnessClient
from lockgate.engine.errors import UsageError
from lockgate.webhook.appending import Appending
from lockgate.webhook.extras import require_cluster
from lockgate.webhook.home_change import settle_home
from lockgate.webhook.trail_config import LOG_KEY, TrailConfig, read_trail_config, store_url
from lockgate.webhook.trust_config import read_trust
from lockgate.webhook.version import VERSION

EVALUATOR: Final = f"lockgate/{VERSION}"


def current_user() -> str:
    """Who runs this, as the system knows them; an entry's actor where nothing else names one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


class Trail:
    """A home folder and what its configuration names, each opened when it is asked for."""

    def __init__(self, home: Path, config: TrailConfig) -> None:
        self.home: Final = home
        self.config: Final = config
        self._store: Store | None = None
        self._vault: Vault | None = None

    @property
    def origin(self) -> str:
        """The log's origin."""
        return self.config.origin

    @property
    def store_url(self) -> str:
        """The store's URL; a plain path counts from the home."""
        return store_url(self.home, self.config.store)

    @property
    def store(self) -> Store:
        """The log in its database."""
        if self._store is None:
            self._store = open_store(self.store_url, self.origin)
        return self._store

    def signer(self, origin: str = "") -> NoteSigner:
        """What signs checkpoints; of another origin where one is named."""
        return load_signer(self.home, self.config.signer, origin or self.origin)

    def master_key_file(self) -> Path:
        """Where the master key is."""
        return _file(self.home, self.config.master_key, "master-key")

    def master_key(self) -> MasterKey:
        """The master key. Raises TrailError where it is not there."""
        return read_master_key(self.master_key_file())

    def vault(self) -> Vault:
        """The keys of namespaces."""
        if self._vault is None:
            self._vault = Vault(self.master_key(), self.store)
        return self._vault

    def recorder(self) -> Recorder:
        """What makes entries."""
        return Recorder(self.vault(), EVALUATOR)

    def trust(self) -> Trust:
        """What the trust file beside the trail says."""
        return read_trust(self.home / self.config.trust)

    def anchors(self) -> tuple[Anchor, ...]:
        """The witnesses that have an address, and the other places that remember the log."""
        trust = self.trust()
        witnesses = [
            WitnessAnchor(one.name, one.administrator, WitnessClient(one.url), [one.key])
            for one in trust.witnesses
            if one.url
        ]
        return (*witnesses, *self._note_anchors(trust.log_keys))

    def _note_anchors(self, keys: Sequence[VerifierKey]) -> list[NoteAnchor]:
        """The anchors without a key: files and ConfigMaps. Raises TrailError without access to the cluster."""
        settings = self.config.anchors
        made = [
            last_seen_file(self.home / one.path, one.administrator, self.origin, keys)
            for one in settings.file
        ]
        if settings.configmap:
            require_cluster()
            from lockgate.webhook.cluster.configmap_anchor import configmap_anchor, open_api

            for one in settings.configmap:
                api = open_api(one.context)
                made.append(
                    configmap_anchor(api, one.namespace, one.name, one.administrator, self.origin, keys)
                )
        return made

    def anchored(self) -> tuple[AnchoredNote, ...]:
        """What the anchors without a key hold, read from them now, and not yet looked at. Raises TrailError."""
        found: list[AnchoredNote] = []
        for anchor in self._note_anchors(()):
            with closing(anchor):
                note = anchor.kept()
            if note is not None:
                found.append(AnchoredNote(anchor.name, anchor.administrator, note))
        return tuple(found)

    def appending(self, *further: NoteSigner) -> Appending:
        """What appends, after the log was compared with its anchors. further: sign beside the log's key."""
        rule = WhenUnreachable(self.config.anchors.when_unreachable)
        return Appending(
            self.store,
            (self.signer(), *further),
            self.master_key(),
            self.trust().log_keys,
            self.anchors(),
            rule,
        )

    def close(self) -> None:
        """Closes the database."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _file(home: Path, uri: str, setting: str) -> Path:
    if not uri.startswith("file:"):
        raise UsageError(f"{setting} is written file:PATH, not {uri.partition(':')[0]}:…")
    return home / uri.removeprefix("file:")


def load_signer(home: Path, uri: str, origin: str) -> NoteSigner:
    """The signer that a URI names: `file:PATH`, counted from the home, or a key in a token (`pkcs11:…`, RFC 7512)."""
    if uri.startswith("pkcs11:"):
        from lockgate.audit.keys.token_signer import open_token_signer
        from lockgate.audit.keys.token_uri import parse_token_uri

        return open_token_signer(parse_token_uri(uri), origin)
    return read_log_key(_file(home, uri, "signer"), origin)


def open_trail(home: str) -> Trail:
    """The trail in a home folder; a change of it that was interrupted is ended first. Raises UsageError or TrailError."""
    place = Path(home)
    settle_home(place)
    trail = Trail(place, read_trail_config(place))
    vkey = place / LOG_KEY
    if not vkey.is_file():
        raise TrailError(f"there is no {vkey}", hint="the log's public key belongs there")
    return trail
