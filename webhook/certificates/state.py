"""What is kept of the certificates, as one value, and its JSON.

Moments are nanoseconds since 1970, as everywhere. What is kept holds private keys: it belongs in a Secret, or in a file
that only its owner reads.
"""

import json
from hashlib import sha256
from typing import Any, Final

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record

VERSION: Final = 1
# A Secret holds 1 MiB; two authorities and a certificate are 3 kB.
MAX_STATE: Final = 256 * 1024
# More than the two of a rotation are the remains of interrupted ones.
MAX_AUTHORITIES: Final = 8


@record
class KeyPair:
    """A certificate and its private key, in PEM, and when the certificate is valid."""

    certificate: str
    key: str
    not_before_ns: int
    not_after_ns: int

    @property
    def identity(self) -> str:
        """SHA-256 (hex) of the certificate's text: which one it is."""
        return identity_of(self.certificate)


@record
class Authority:
    """An authority of our own.

    trusted_ns: when every webhook configuration was first seen to trust it; None: not yet. last_issued_until_ns: when
    the last certificate that it issued expires; 0: it issued none.
    """

    pair: KeyPair
    trusted_ns: int | None = None
    last_issued_until_ns: int = 0

    @property
    def identity(self) -> str:
        """Which authority it is."""
        return self.pair.identity


@record
class Serving:
    """The certificate that the server shows, who issued it (an authority's identity), and the names that it is for."""

    pair: KeyPair
    issuer: str
    names: tuple[str, ...]


@record
class CertificateState:
    """Everything: authorities from the oldest to the newest, and the certificate that is shown."""

    authorities: tuple[Authority, ...] = ()
    serving: Serving | None = None

    @property
    def bundle(self) -> str:
        """The `caBundle` that belongs to it: every authority, in PEM."""
        return "".join([one.pair.certificate for one in self.authorities])


def identity_of(certificate: str) -> str:
    """The identity of a certificate in PEM."""
    return sha256(certificate.strip().encode()).hexdigest()


def split_bundle(bundle: str) -> tuple[str, ...]:
    """The certificates of a bundle in PEM, each with its final newline; text between them is left out."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    found: list[str] = []
    for part in bundle.split(begin)[1:]:
        body, mark, _ = part.partition(end)
        if mark:
            found.append(f"{begin}{body}{end}\n")
    return tuple(found)


def identities(bundle: str) -> frozenset[str]:
    """The identities of a bundle's certificates."""
    return frozenset(map(identity_of, split_bundle(bundle)))


def render_state(state: CertificateState) -> bytes:
    """The JSON, with sorted keys."""
    serving = state.serving
    value = {
        "version": VERSION,
        "authorities": [
            {
                **_pair_value(one.pair),
                "trusted": one.trusted_ns,
                "lastIssuedUntil": one.last_issued_until_ns,
            }
            for one in state.authorities
        ],
        "serving": None
        if serving is None
        else {**_pair_value(serving.pair), "issuer": serving.issuer, "names": list(serving.names)},
    }
    return json.dumps(value, sort_keys=True, indent=1).encode() + b"\n"


def parse_state(data: bytes, place: str) -> CertificateState:
    """Reads the JSON back. place: what it came from, for the message. Raises UsageError."""
    try:
        if len(data) > MAX_STATE:
            raise ValueError
        value = json.loads(data)
        if value["version"] != VERSION or len(value["authorities"]) > MAX_AUTHORITIES:
            raise ValueError
        serving = value["serving"]
        return CertificateState(
            tuple(map(_authority, value["authorities"])),
            None
            if serving is None
            else Serving(
                _pair(serving), _text(serving["issuer"]), tuple([_text(one) for one in serving["names"]])
            ),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"{place} holds no certificates of Lockgate, version {VERSION}",
            hint="move it away; new certificates are then made, and the API server is told of them",
        ) from None


def _pair_value(pair: KeyPair) -> dict[str, Any]:
    return {
        "certificate": pair.certificate,
        "key": pair.key,
        "notBefore": pair.not_before_ns,
        "notAfter": pair.not_after_ns,
    }


def _authority(value: Any) -> Authority:
    trusted = value["trusted"]
    return Authority(
        _pair(value), None if trusted is None else _integer(trusted), _integer(value["lastIssuedUntil"])
    )


def _pair(value: Any) -> KeyPair:
    return KeyPair(
        _text(value["certificate"]),
        _text(value["key"]),
        _integer(value["notBefore"]),
        _integer(value["notAfter"]),
    )


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError
    return value


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value
