"""The vault: a key for each namespace, under the master key, under which the keys of entries are wrapped.

Who destroys a namespace's row destroys, with 32 bytes, every body and every commitment of that namespace. A row names
its namespace only under the master key.
"""

import base64
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol

from lockgate.audit.errors import VerificationError
from lockgate.audit.hmac_sha256 import hmac_sha256
from lockgate.audit.reader import StoredBody
from lockgate.audit.sealing import seal, unwrap_key, wrap_key
from lockgate.audit.streams import namespace_stream

REF_SIZE: Final = 16
MASTER_SIZE: Final = 32
# Stands for what has no namespace.
NO_NAMESPACE: Final = "-"
# Unwrapped keys that a process keeps: more than a cluster has namespaces in use at once.
MAX_CACHED: Final = 4096
# How long a key is used without a look at whether another process destroyed it. Drafts under a destroyed key are refused.
CHECK_EVERY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class VaultRow:
    """A namespace's key as stored: random reference, keyed tag of the name, wrapped key, sealed name."""

    ref: bytes
    tag: bytes
    wrapped_key: bytes
    sealed_name: bytes


class VaultKey:
    """A namespace's key, unwrapped, and the name of its stream; never shown."""

    __slots__ = ("key", "ref", "stream")

    def __init__(self, ref: bytes, key: bytes) -> None:
        self.ref: Final = ref
        self.key: Final = key
        self.stream: Final = namespace_stream(key)

    def __repr__(self) -> str:
        return f"VaultKey({self.ref.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("a namespace's key is not copied")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


class VaultKeys(Protocol):
    """Where the rows are kept."""

    def find(self, tag: bytes) -> VaultRow | None:
        """The row with this tag."""
        ...

    def get(self, ref: bytes) -> VaultRow | None:
        """The row with this reference."""
        ...

    def add(self, row: VaultRow) -> VaultRow:
        """Stores a row, durably; returns the one that is there, which is another's after a race."""
        ...


class MasterKey:
    """32 random bytes kept outside of the database; derives, and wraps. Its text form never shows it."""

    __slots__ = ("_key", "_request_key")

    def __init__(self, key: bytes) -> None:
        if len(key) != MASTER_SIZE:
            raise VerificationError(f"a master key has {MASTER_SIZE} bytes, not {len(key)}")
        self._key = key
        self._request_key = self._derived("idempotency")

    def _derived(self, use: str) -> bytes:
        return hmac.digest(self._key, f"lockgate-trail/v1 {use}".encode(), "sha256")

    def tag(self, namespace: str) -> bytes:
        """The tag that finds a namespace's row."""
        return hmac.digest(self._derived("namespace tag"), _utf8(namespace), "sha256")

    def idempotency(self, request: str) -> bytes:
        """The 16 bytes that stand in an entry for the caller's request key."""
        return hmac_sha256(self._request_key, _utf8(request))[:16]

    def pseudonym(self, person: str) -> str:
        """22 letters that stand for a person in entries: the same ones each time, and nobody's without this key."""
        made = hmac.digest(self._derived("person"), _utf8(person), "sha256")[:16]
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    def spool_tag(self, line: bytes) -> bytes:
        """What shows that a line outside of the log was written by somebody with this key."""
        return hmac.digest(self._derived("spool"), line, "sha256")

    @property
    def seal_key(self) -> bytes:
        """The key that seals the head row of a log."""
        return self._derived("head seal")

    @property
    def cursor_key(self) -> bytes:
        """The key under which answers to questions say where they go on."""
        return self._derived("query cursor")

    def wrap(self, key: bytes) -> bytes:
        """A key under this one."""
        return wrap_key(self._derived("wrap"), key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The key under this one. Raises VerificationError."""
        return unwrap_key(self._derived("wrap"), wrapped)

    def __reduce__(self) -> str:
        raise TypeError("a master key is not copied")


class Vault:
    """Finds and makes the keys of namespaces."""

    __slots__ = ("_by_ref", "_cache", "_clock", "_keys", "_lock", "_random", "master")

    def __init__(
        self,
        master: MasterKey,
        keys: VaultKeys,
        random: Callable[[int], bytes] = secrets.token_bytes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.master: Final = master
        self._keys = keys
        self._random = random
        self._clock = clock
        # With the time up to which a key is used without a look.
        self._cache: OrderedDict[str, tuple[VaultKey, float]] = OrderedDict()
        self._by_ref: OrderedDict[bytes, VaultKey] = OrderedDict()
        self._lock = Lock()

    def key_of(self, namespace: str) -> VaultKey:
        """The key of a namespace, made when there is none."""
        with self._lock:
            found, until = self._cache.get(namespace, (None, 0.0))
            if found is not None and self._clock() < until:
                self._cache.move_to_end(namespace)
                return found
        tag = self.master.tag(namespace)
        row = self._keys.find(tag)
        if row is None:
            key = self._random(32)
            row = self._keys.add(
                VaultRow(self._random(REF_SIZE), tag, self.master.wrap(key), seal(key, _utf8(namespace)))
            )
        return self._keep(namespace, VaultKey(row.ref, self.master.unwrap(row.wrapped_key)))

    def is_at_hand(self, namespace: str) -> bool:
        """Whether the key of a namespace can be used without a look at where the rows are."""
        with self._lock:
            found, until = self._cache.get(namespace, (None, 0.0))
            return found is not None and self._clock() < until

    def find(self, namespace: str) -> VaultKey | None:
        """The key of a namespace, if there is one."""
        row = self._keys.find(self.master.tag(namespace))
        return None if row is None else VaultKey(row.ref, self.master.unwrap(row.wrapped_key))

    def get(self, ref: bytes) -> VaultKey | None:
        """The key with this reference; None once it is destroyed."""
        with self._lock:
            found = self._by_ref.get(ref)
        if found is not None:
            return found
        row = self._keys.get(ref)
        if row is None:
            return None
        made = VaultKey(row.ref, self.master.unwrap(row.wrapped_key))
        with self._lock:
            self._by_ref[ref] = made
            if len(self._by_ref) > MAX_CACHED:
                self._by_ref.popitem(last=False)
        return made

    def entry_key(self, body: StoredBody) -> bytes | None:
        """The key of an entry from its stored body; None once it is destroyed. Raises VerificationError."""
        held = self.get(body.vault_ref) if body.wrapped_key is not None else None
        return None if held is None or body.wrapped_key is None else unwrap_key(held.key, body.wrapped_key)

    def forget(self, namespace: str, ref: bytes) -> None:
        """Drops what the process remembers of a namespace whose key was destroyed."""
        with self._lock:
            self._cache.pop(namespace, None)
            self._by_ref.pop(ref, None)

    def _keep(self, namespace: str, key: VaultKey) -> VaultKey:
        with self._lock:
            self._cache[namespace] = (key, self._clock() + CHECK_EVERY_S)
            self._cache.move_to_end(namespace)
            if len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)
        return key
