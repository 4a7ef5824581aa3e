"""An office that asks registries: `lockgate registry` against one of them."""

from dataclasses import dataclass
from typing import Final

from tests.webhook.helpers import Ran
from tests.webhook.promoting.office import BYTES, EVALUATION, FACTS_TRUST, OTHER_BYTES, Office
from tests.webhook.references.servers import Server
from tests.webhook.registries.peers import KubeflowPeer, MlflowPeer

ALIAS: Final = "production"
MODELS: Final = {"mlflow": "models:/fraud", "kubeflow": "model-registry://fraud"}


@dataclass
class RegistryDesk:
    """kind: of the registry that is asked. server: what it was asked."""

    office: Office
    kind: str
    peer: MlflowPeer | KubeflowPeer
    server: Server

    @property
    def model(self) -> str:
        return MODELS[self.kind]

    def register(self) -> None:
        """Versions 7 and 8 are in the registry, which resolvers.toml names."""
        section = "mlflow" if self.kind == "mlflow" else "model-registry"
        self.office.write("resolvers.toml", f'timeout = 5\n[{section}]\nurl = "{self.server.url}"\n')
        for version in ("7", "8"):
            self.peer.register(version)

    def prepare(self) -> None:
        """Both are scanned and evaluated, and in staging; neither is in prod."""
        self.register()
        trust = FACTS_TRUST.replace('"hf://*"', '"hf://*", "models:/*", "model-registry://*"')
        self.office.write("facts-trust.toml", trust)
        for version, digest in (("7", BYTES), ("8", OTHER_BYTES)):
            reference = f"{self.model}/{version}"
            self.office.write_facts(
                EVALUATION, digest=digest, reference=reference, name=f"registered-{version}"
            )
            ran = self.ask("staging", f"{self.model}/{version}", "--require")
            assert ran.code == 0, ran.err

    def ask(self, to: str, model: str, *more: str, command: str = "request") -> Ran:
        facts = ["--model-facts", "facts", "--facts-trust", "facts-trust.toml"]
        options = [
            "--online",
            "resolvers.toml",
            "--to",
            to,
            "--key",
            "asker.pem",
            *self.office.desk(),
            *facts,
        ]
        return self.office.run("registry", command, model, *options, *more)

    def gate(self, command: str, *more: str) -> Ran:
        options = ["--online", "resolvers.toml", "--alias", ALIAS, "--to", "prod", "--trail", "trail"]
        return self.office.run("registry", command, self.model, *options, *more)

    def promote(self, version: str) -> None:
        """Asks for a version to enter prod, and has it approved."""
        ran = self.ask("prod", f"{self.model}/{version}", "--output", "prod.json")
        assert ran.code == 0, ran.err
        self.approve()

    def approve(self, statement: str = "prod.json") -> None:
        for by in ("risk-1", "risk-2"):
            ran = self.office.approve(by=by, statement=statement)
            assert ran.code == 0, ran.err

    def mark(self, version: str, name: str, value: str) -> None:
        """A tag, or a custom property."""
        if isinstance(self.peer, MlflowPeer):
            self.peer.tag(version, name, value)
        else:
            self.peer.label(version, name, value)

    def alias(self, version: str, name: str = ALIAS) -> None:
        """As a person would move it."""
        if isinstance(self.peer, MlflowPeer):
            self.peer.aliases[name] = version
        else:
            for one in self.peer.versions.values():
                one["customProperties"].pop(name, None)
            self.peer.label(version, name)

    @property
    def aliased(self) -> str:
        """Which version the alias is."""
        if isinstance(self.peer, MlflowPeer):
            return self.peer.aliases.get(ALIAS, "")
        return "".join(
            [one["name"] for one in self.peer.versions.values() if ALIAS in one["customProperties"]]
        )

    def changes(self) -> list[str]:
        """Targets that were written to."""
        return [one.target for one in self.server.asked if one.body]
