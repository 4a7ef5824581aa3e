"""Who is who: keys, tokens, authors of commits and service accounts, each of a person; and of bots, of the person who answers for it.

An identity map comes from outside of what is judged. Duties are told apart by person: two identities of one person are one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from lockgate.audit.dsse import PublicKey
from lockgate.audit.errors import FormatError
from lockgate.audit.promotions.token import TokenIssuer

IdentityKind = Literal["key", "token", "git", "service-account", "account"]
# Those that a bot may ask for: it saw who they are, as a CI service knows a commit's author.
_NAMED: Final[Mapping[str, IdentityKind]] = {
    "git": "git",
    "service-account": "service-account",
    "account": "account",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """One way to be known. value: a key's fingerprint (`sha256:<hex>`), `<issuer> <subject>` of a token, an e-mail address of a
    commit's author, `<namespace>/<name>` of a service account, or `<host>/<login>` of an account at a forge."""

    kind: IdentityKind
    value: str

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.kind} {self.value}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, with their groups."""

    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A person or a bot as the map has it. owner: the person who answers for a bot, "" for a person."""

    name: str
    groups: tuple[str, ...] = ()
    owner: str = ""
    identities: tuple[Identity, ...] = ()
    keys: Mapping[str, PublicKey] = field(default_factory=dict)


class Identities:
    """The map. Raises FormatError where an identity is of two members, a name is taken twice, or a bot's owner is no person."""

    __slots__ = ("_by_identity", "_keys", "_members", "issuers")

    def __init__(self, members: tuple[Member, ...], issuers: tuple[TokenIssuer, ...] = ()) -> None:
        self.issuers: Final = issuers
        self._members: Final[dict[str, Member]] = {}
        self._by_identity: Final[dict[Identity, Member]] = {}
        self._keys: Final[dict[str, PublicKey]] = {}
        folded: dict[str, str] = {}
        for one in members:
            if self._members.setdefault(one.name, one) is not one:
                raise FormatError(f"the identity map has {one.name} twice")
            # Who is told apart by the case of a letter alone is one, written by two hands.
            other = folded.setdefault(one.name.casefold(), one.name)
            if other != one.name:
                raise FormatError(f"the identity map has {other} and {one.name}, which are one name")
        for one in members:
            if one.owner and (one.owner not in self._members or self._members[one.owner].owner):
                raise FormatError(f"the owner of the bot {one.name} is no person of the identity map")
            if one.owner and one.groups:
                raise FormatError(f"the bot {one.name} is in groups, and a bot approves nothing")
            for identity in (*one.identities, *[Identity("key", name) for name in one.keys]):
                if self._by_identity.setdefault(identity, one) is not one:
                    raise FormatError(
                        f"the identity map has {identity.shown} twice: of {self._by_identity[identity].name} and of {one.name}"
                    )
            self._keys.update(one.keys)

    def key(self, fingerprint: str) -> PublicKey | None:
        """The key of a fingerprint, whoever's."""
        return self._keys.get(fingerprint)

    def keys(self) -> Mapping[str, PublicKey]:
        """All keys by fingerprint."""
        return self._keys

    def member(self, identity: Identity) -> Member | None:
        """Who that is, a person or a bot."""
        return self._by_identity.get(identity)

    def requester(self, identity: Identity) -> Person | None:
        """The person who asks; for a bot the one who answers for it."""
        found = self._by_identity.get(identity)
        if found is not None and found.owner:
            found = self._members[found.owner]
        return None if found is None else Person(found.name, found.groups)

    def asker(self, key: str, on_behalf: str) -> Person | None:
        """The person who asks by a key. on_behalf: for a bot's key the identity (`<kind> <value>`) that it asks for, "" for its owner's own.

        Whoever else's key it is asks for themselves, whatever they say.
        """
        member = self._by_identity.get(Identity("key", key))
        if member is None or not member.owner or not on_behalf:
            return self.requester(Identity("key", key))
        kind, _, value = on_behalf.partition(" ")
        known = _NAMED.get(kind)
        return None if known is None else self.requester(Identity(known, value))

    def approver(self, identity: Identity) -> Person | None:
        """The person who approves; a bot is none."""
        found = self._by_identity.get(identity)
        return None if found is None or found.owner else Person(found.name, found.groups)
