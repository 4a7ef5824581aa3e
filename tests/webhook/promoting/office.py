"""Everything that promotions take, in a folder: people with keys, a model's facts, a policy, manifests, and a trail."""

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from lockgate.audit.attestations.facts_statement import render_facts
from lockgate.audit.dsse import IN_TOTO, parse_envelope, render_envelope
from lockgate.audit.keys.pem_key import PemKey
from lockgate.audit.promotions.statement import statement_digest
from lockgate.webhook.promoting.desk import Desk
from lockgate.webhook.promoting.opening import open_desk
from lockgate.webhook.scanning.reading import read_signing_pem
from lockgate.webhook.trail import open_trail

from tests.webhook.helpers import Ran, run_here

MODEL: Final = "s3:models/fraud"
REFERENCE: Final = "s3://models/fraud/7"
BYTES: Final = "sha256:" + "b" * 64
OTHER_BYTES: Final = "sha256:" + "c" * 64
PEOPLE: Final = (
    ("asker", ()),
    ("risk-1", ("risk",)),
    ("risk-2", ("risk",)),
    ("risk-3", ("risk",)),
)
FACTS_TRUST: Final = """\
[[producer]]
name = "ci"
key = "ci.pub.pem"
repositories = ["s3://models/*", "hf://*"]
environments = ["*"]
"""
STEP: Final[dict[str, Any]] = {
    "to": "prod",
    "evidence": [
        {"kind": "facts"},
        {"kind": "evaluation", "metric": "auc", "minimum": 0.9},
    ],
    "approvals": [{"group": "risk", "count": 2}],
}
EVALUATION: Final[dict[str, Any]] = {
    "kind": "evaluation",
    "at": "2020-11-27T10:00:00Z",
    "metrics": {"auc": 0.93},
    "producer": "eval",
}


class Office:
    """A folder in which the commands run."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder

    def run(self, *arguments: str) -> Ran:
        """Runs `lockgate`, in this process."""
        return run_here(*arguments, cwd=self.folder)

    def write(self, name: str, text: str) -> str:
        """Writes a file."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return name

    def make_key(self, name: str) -> None:
        """NAME.pem and NAME.pub.pem. Those of people whose number is even are of Ed25519."""
        private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = (
            ed25519.Ed25519PrivateKey.generate()
            if name.endswith("2")
            else ec.generate_private_key(ec.SECP256R1())
        )
        place = self.folder / f"{name}.pem"
        place.touch(mode=0o600)
        place.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self.folder / f"{name}.pub.pem").write_bytes(public)

    def key(self, name: str) -> PemKey:
        """The private key of a name."""
        return read_signing_pem(str(self.folder / f"{name}.pem"))

    def write_people(self, *tables: str, without: Sequence[str] = ()) -> None:
        """identities.toml: the people of the office, but for some, and further tables."""
        made = [
            f"[[person]]\nname = {name!r}\ngroups = {[*groups]!r}\nkeys = ['{name}.pub.pem']\n"
            for name, groups in PEOPLE
            if name not in without
        ]
        self.write("identities.toml", "\n".join([*made, *tables]))

    def write_policy(self, **step: Any) -> None:
        """policy.yaml, with another step into prod than usual."""
        self.write_policy_of({**STEP, **step})

    def write_policy_of(self, *steps: Mapping[str, Any]) -> None:
        """policy.yaml, of these steps."""
        spec = {"environments": ["staging", "prod"], "steps": [*steps]}
        value = {
            "apiVersion": "promotion.lockgate.dev/v1alpha1",
            "kind": "PromotionPolicy",
            "metadata": {"name": "models"},
            "spec": spec,
        }
        self.write("policy.yaml", json.dumps(value))

    def write_facts(
        self,
        *evidence: Mapping[str, Any],
        digest: str = BYTES,
        tier: str = "safe",
        reference: str = REFERENCE,
        signer: str = "ci",
        name: str = "fraud",
    ) -> None:
        """facts/NAME.facts.dsse.json: what a scan found, and evidence beside it."""
        facts = {"artifact": {"digest": digest, "name": "model", "tier": tier}, "schemaVersion": 1}
        scanner = {"name": "lockgate", "version": "0.1.0", "rules": 1}
        payload = render_facts(facts, scanner, [reference], evidence, "2026-11-27T10:00:00Z")
        data = render_envelope(self.key(signer).sign_envelope(IN_TOTO, payload))
        self.write(f"facts/{name}.facts.dsse.json", data.decode())

    def write_manifest(self, uri: str = REFERENCE, name: str = "fraud", **predictor: Any) -> str:
        """deploy/NAME.yaml, which is returned: a service that loads a model."""
        model = {"modelFormat": {"name": "onnx"}, "storageUri": uri}
        value = {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": name, "namespace": "ml"},
            "spec": {"predictor": {"model": {**model, **predictor}}},
        }
        return self.write(f"deploy/{name}.yaml", json.dumps(value))

    def promote(self, to: str, *more: str, by: str = "asker", command: str = "promote") -> Ran:
        """Asks; the statement is in TO.json."""
        options = ["--to", to, "--key", f"{by}.pem", "--output", f"{to}.json", *self.desk()]
        facts = ["--model-facts", "facts", "--facts-trust", "facts-trust.toml"]
        files = [] if any(one.endswith(".yaml") for one in more) else ["deploy/fraud.yaml"]
        return self.run(command, *files, *options, *facts, *more)

    def approve(self, *more: str, by: str = "risk-1", statement: str = "prod.json") -> Ran:
        """Approves a statement, and records it."""
        return self.run("approve", statement, "--key", f"{by}.pem", "--yes", *self.desk(), *more)

    def record(self, *files: str, statement: str = "prod.json") -> Ran:
        """Records approvals that lie in files."""
        return self.tell(*[part for one in files for part in ("--approval", one)], statement=statement)

    def tell(self, *options: str, statement: str = "prod.json") -> Ran:
        """Records what options give."""
        return self.run("approve", statement, *options, *self.desk())

    def open(self) -> AbstractContextManager[Desk]:
        """The desk, for what no command does."""
        trail, policy, people = [
            str(self.folder / one) for one in ("trail", "policy.yaml", "identities.toml")
        ]
        return open_desk(trail, policy, people)

    def sign(self, by: str, statement: str = "prod.json") -> str:
        """Approves without recording; the file."""
        name = f"{Path(statement).stem}.{by}.approval"
        ran = self.run("approve", statement, "--key", f"{by}.pem", "--yes", "--output", name)
        assert ran.code == 0, ran.err
        return name

    def pending(self) -> Ran:
        """`promotions pending`."""
        return self.run("promotions", "pending", *self.desk())

    def history(self) -> list[dict[str, Any]]:
        """`promotions history`."""
        ran = self.run("promotions", "history", "--trail", "trail", "--format", "json")
        assert ran.code == 0, ran.err
        found: list[dict[str, Any]] = json.loads(ran.out)
        return found

    def is_made(self) -> bool:
        """Is the model in prod?"""
        return any(one["environment"] == "prod" for one in self.history())

    def size(self) -> int:
        """How many entries the trail has."""
        with open_trail(str(self.folder / "trail")) as trail:
            return trail.store.head().size

    def enrol(self, name: str) -> Ran:
        """Records a key."""
        return self.run(
            "key", "enrol", f"{name}.pub.pem", "--identities", "identities.toml", "--trail", "trail"
        )

    def give_up(self, name: str, *more: str) -> Ran:
        """Retires a key, or revokes it."""
        return self.run("key", "revoke", f"{name}.pub.pem", "--trail", "trail", *more)

    def statement(self, name: str = "prod.json") -> dict[str, Any]:
        """What a statement in a file says."""
        envelope = json.loads((self.folder / name).read_text())
        value: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
        return value

    def payload(self, name: str = "prod.json") -> bytes:
        """The payload of a statement in a file."""
        return parse_envelope((self.folder / name).read_bytes()).payload

    def digest(self, name: str = "prod.json") -> str:
        """By which entries name a statement in a file."""
        return statement_digest(self.payload(name))

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """The log's entries of a kind."""
        ran = self.run(
            "audit", "show", "--trail", "trail", "--kind", kind, "--last", "10000", "--format", "json"
        )
        assert ran.code == 0, ran.err
        return [one["entry"] for one in json.loads(ran.out)["entries"]]

    def sign_payload(self, payload: bytes, by: str, name: str, payload_type: str = IN_TOTO) -> str:
        """An envelope in a file, whatever it holds."""
        return self.write(name, render_envelope(self.key(by).sign_envelope(payload_type, payload)).decode())

    @staticmethod
    def desk() -> list[str]:
        """The options of every command that judges."""
        return ["-p", "policy.yaml", "--identities", "identities.toml", "--trail", "trail"]


def open_office(folder: Path, store: str = "trail.db") -> Office:
    """store: of the trail. All keys are enrolled, the model is in staging, and the statement prod.json asks for it to enter prod."""
    office = Office(folder)
    for name in [*[name for name, _ in PEOPLE], "ci", "stranger"]:
        office.make_key(name)
    office.write_people()
    office.write_policy()
    office.write("facts-trust.toml", FACTS_TRUST)
    office.write_facts(EVALUATION)
    office.write_manifest()
    init = ("audit", "init", "trail", "--origin", "example.com/t", "--administrator", "us")
    steps = [office.run(*init, "--store", store)]
    steps += [office.enrol(name) for name, _ in PEOPLE]
    steps += [office.promote("staging", "--require"), office.promote("prod")]
    assert not [one.err for one in steps if one.code], steps
    return office


def copy_office(office: Office, folder: Path) -> Office:
    """The same in another folder."""
    return Office(Path(shutil.copytree(office.folder, folder)))
