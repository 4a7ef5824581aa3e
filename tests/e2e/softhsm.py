"""A PKCS#11 token of SoftHSM for a test: in a temporary folder, with an Ed25519 and a P-256 key pair.

Debian's softhsm2 2.6.1 makes Ed25519 keys (CKM_EC_EDWARDS_KEY_PAIR_GEN) and signs with them (CKM_EDDSA).
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.e2e.packages import PACKAGES
from tests.e2e.programs import absent

CONFIGURATION = "SOFTHSM2_CONF"
# How PKCS#11 names the curve: PrintableString "edwards25519" would do as well as this, the OID 1.3.101.112.
ED25519 = bytes.fromhex("06032b6570")
LABEL, PIN = "trail", "1234"
OFFICER_PIN = "5678"


@dataclass(frozen=True, slots=True)
class Token:
    """A token in SoftHSM's library; `ed25519_id` and `p256_id` are CKA_ID of both halves of a pair."""

    library: Path
    configuration: Path
    label: str = LABEL
    pin: str = PIN
    ed25519_label: str = "log"
    ed25519_id: bytes = b"\x01"
    p256_label: str = "statements"
    p256_id: bytes = b"\x02"


def softhsm_library() -> Path:
    """SoftHSM's library; skips the test, saying so, when there is none."""
    found = [path for pattern in PACKAGES["softhsm2"].split() for path in glob(pattern)]
    if not found:
        absent("SoftHSM is absent: install Debian's package softhsm2")
    return Path(found[0])


@contextmanager
def softhsm_token() -> Iterator[Token]:
    """A token, found by what loads SoftHSM's library in this process or a child's as long as it is there."""
    library = softhsm_library()
    before = os.environ.get(CONFIGURATION)
    with TemporaryDirectory(prefix="lockgate-token-") as folder:
        token = Token(library, Path(folder, "softhsm2.conf"))
        Path(folder, "tokens").mkdir()
        token.configuration.write_text(
            f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
        )
        os.environ[CONFIGURATION] = str(token.configuration)
        try:
            _initialise(token)
            _make_pairs(token)
            yield token
        finally:
            _forget(library)
            if before is None:
                del os.environ[CONFIGURATION]
            else:
                os.environ[CONFIGURATION] = before


def _initialise(token: Token) -> None:
    command = ["softhsm2-util", "--init-token", "--free", "--label", token.label]
    done = subprocess.run(
        [*command, "--pin", token.pin, "--so-pin", OFFICER_PIN], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _make_pairs(token: Token) -> None:
    import pkcs11
    from pkcs11 import Attribute, KeyType, Mechanism
    from pkcs11.util.ec import encode_named_curve_parameters

    pairs: list[tuple[Any, bytes, Any, str, bytes]] = [
        (
            KeyType.EC_EDWARDS,
            ED25519,
            Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
            token.ed25519_label,
            token.ed25519_id,
        ),
        (
            KeyType.EC,
            encode_named_curve_parameters("secp256r1"),
            Mechanism.EC_KEY_PAIR_GEN,
            token.p256_label,
            token.p256_id,
        ),
    ]
    found = pkcs11.lib(str(token.library)).get_token(token_label=token.label)
    with found.open(user_pin=token.pin, rw=True) as session:
        for kind, curve, mechanism, label, number in pairs:
            parameters = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
            parameters.generate_keypair(mechanism=mechanism, store=True, label=label, id=number)


def _forget(library: Path) -> None:
    """The library reads its configuration once an initialisation, so that the next token needs another."""
    import pkcs11

    loaded = pkcs11.lib(str(library))
    if loaded.initialized:
        loaded.finalize()
