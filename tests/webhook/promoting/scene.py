"""A trail, people with keys, a policy and a manifest, for the commands about promotions."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from lockgate.webhook.cli import run

from tests.webhook.promotions.making import COMMIT_A, HEX_A, service

ORIGIN = "example.com/lockgate/ci"
URI = "s3://models/fraud/7"
DIGEST = f"sha256:{HEX_A}"


@dataclass(frozen=True)
class Scene:
    """A folder with all that the commands are given. people: by name, what `identities.toml` says of them beside their key."""

    folder: Path
    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """A file's."""
        return str(self.folder / name)

    @property
    def trail(self) -> str:
        """The trail's home."""
        return self.path("trail")

    def desk(self) -> list[str]:
        """The options of every command that judges."""
        options = ["--trail", self.trail, "-p", self.path("policy.yaml")]
        return [*options, "--identities", self.path("identities.toml")]

    def promote(self, to: str, *more: str, by: str = "asker", commit: str = COMMIT_A) -> int:
        """Asks for the model to enter an environment; the statement is in `TO.dsse.json`."""
        change = ["--change", f"commit={commit}"] if commit else []
        given = ["promote", self.path("fraud.yaml"), "--to", to, "--key", self.path(f"{by}.pem")]
        given += ["--digest", DIGEST, "--output", self.path(f"{to}.dsse.json"), *change]
        return run([*given, *self.desk(), *more])

    def approve(self, to: str, *more: str) -> int:
        """Approves what was asked for."""
        return run(["approve", self.path(f"{to}.dsse.json"), *self.desk(), *more])

    def payload(self, to: str) -> bytes:
        """The statement's payload."""
        from lockgate.audit.dsse import parse_envelope

        return parse_envelope((self.folder / f"{to}.dsse.json").read_bytes()).payload

    def entries(self) -> list[dict[str, Any]]:
        """The log's entries about promotions, in their order."""
        from lockgate.webhook.promoting.promotion_log import PromotionLog
        from lockgate.webhook.trail import open_trail

        with open_trail(self.trail) as trail:
            log = PromotionLog(trail)
            found: list[dict[str, Any]] = []
            for index in range(log.size):
                with suppress(KeyError):
                    found.append(dict(log.entry(index).entry.value))
        return [one for one in found if one["kind"] == "promotion"]

    def assurances(self) -> list[str]:
        """Of the approvals that were recorded."""
        return [one["assurance"] for one in self.entries() if one["event"] == "approved"]

    def events(self) -> list[str]:
        """What became of promotions into `prod`."""
        return [one["event"] for one in self.entries() if one["environment"] == "prod"]


def write_key(folder: Path, name: str) -> None:
    """A key pair, as `NAME.pem` and `NAME.pub.pem`."""
    key = generate_private_key(SECP256R1())
    private = folder / f"{name}.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    private.chmod(0o600)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub.pem").write_bytes(public)


def _table(kind: str, values: dict[str, Any]) -> str:
    # JSON's texts and lists of texts are TOML's.
    return "\n".join([f"[[{kind}]]", *[f"{name} = {json.dumps(one)}" for name, one in values.items()], ""])


def write_scene(
    folder: Path,
    people: dict[str, dict[str, Any]],
    approvals: list[dict[str, Any]],
    issuers: list[dict[str, Any]] | None = None,
    bots: list[dict[str, Any]] | None = None,
) -> Scene:
    """A trail in which the model is in `dev`, asked for by `asker`; `prod` asks for approvals."""
    scene = Scene(folder, people)
    tables = []
    for name, more in people.items():
        write_key(folder, name)
        tables.append(_table("person", {"name": name, "keys": [f"{name}.pub.pem"], **more}))
    tables += [_table("bot", one) for one in bots or []] + [_table("issuer", one) for one in issuers or []]
    (folder / "identities.toml").write_text("\n".join(tables))
    spec = {"environments": ["dev", "prod"], "steps": [{"to": "prod", "approvals": approvals}]}
    policy = {"apiVersion": "promotion.lockgate.dev/v1alpha1", "kind": "PromotionPolicy"}
    (folder / "policy.yaml").write_text(json.dumps({**policy, "metadata": {"name": "models"}, "spec": spec}))
    (folder / "fraud.yaml").write_text(json.dumps(service(URI)))
    assert run(["audit", "init", scene.trail, "--origin", ORIGIN]) == 0
    for name in people:
        enrol = ["key", "enrol", scene.path(f"{name}.pub.pem"), "--trail", scene.trail]
        assert run([*enrol, "--identities", scene.path("identities.toml")]) == 0
    assert scene.promote("dev", "--require") == 0
    return scene
