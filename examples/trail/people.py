"""Who takes part in the made-up year, by what they do; what they say is signed with keys that are made for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lockgate.audit.dsse import IN_TOTO, render_envelope
from lockgate.audit.keys.pem_key import PemKey
from lockgate.engine.codegen.values import Value, parse_json
from lockgate.webhook.promoting.identities_file import fingerprint

REQUESTERS: Final = ("ml-engineer-1", "ml-engineer-2", "data-scientist-1")
APPROVERS: Final = ("risk-1", "risk-2", "platform-lead")
ADMINISTRATOR: Final = "platform-admin"
AUDITOR: Final = "auditor-1"
DEPLOYER: Final = "system:serviceaccount:ci:deployer"
_DOMAIN: Final = "@example.com"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a key. name: as the identity map has it; fingerprint: of the key, `sha256:<hex>`."""

    name: str
    key: PemKey

    @property
    def fingerprint(self) -> str:
        """By which entries name the key."""
        return fingerprint(self.key.key)

    def envelope(self, payload: bytes) -> dict[str, Value]:
        """A payload, signed, as the body of an entry holds it."""
        made = parse_json(render_envelope(self.key.sign_envelope(IN_TOTO, payload)))
        assert isinstance(made, dict)
        return made


def make_people(names: Iterable[str]) -> dict[str, Person]:
    """Persons by what they do, each with a new key."""
    return {one: Person(one + _DOMAIN, PemKey(Ed25519PrivateKey.generate())) for one in names}
