"""Scenarios in which a policy asks a provider of external data over HTTPS: a server of ours and one of the test's."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import final

from lockgate.audit.entry import parse_entry
from lockgate.webhook.bodies import open_body
from lockgate.webhook.cli import run
from lockgate.webhook.trail import open_trail

from tests.e2e.scenarios import beside
from tests.e2e.scenarios.installation import Installation, recorded
from tests.e2e.scenarios.objects import config_map
from tests.e2e.scenarios.scenario import Json, Scenario, Step, denied
from tests.e2e.scenarios.traffic import traffic
from tests.engine.http_server import certificate, tls_of
from tests.gatekeeper.external_data.making import OPEN, bound, provider
from tests.gatekeeper.external_data.provider_server import ProviderServer, serving
from tests.gatekeeper.workbench import template
from tests.webhook.serving.server_processes import Server, write_policies

# Asks about the owner; whoever has none is asked about as `bad-nobody`.
_OWNERS = """package owners

violation[{"msg": msg}] {
  owner := object.get(input.review.object.metadata, ["labels", "owner"], "bad-nobody")
  response := external_data({"provider": "p", "keys": [owner]})
  msg := said(response)[_]
}

said(r) = m {
  r.system_error == ""
  m := [sprintf("owner %v: %v", e) | e := r.errors[_]]
}

said(r) = ["owners are not known"] { r.system_error != "" }
"""
_MATCH = {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}]}
_PATH = "/owners"
_NEXT = "/next"


@final
class Owners:
    """The provider of one scenario, and the server of ours that asks it, from when it is started."""

    def __init__(self, namespace: str, on_error: str = "") -> None:
        self.namespace = namespace
        self.annotations = {"lockgate.dev/on-error": on_error} if on_error else {}
        self.running = ExitStack()
        self.port = 0

    def begin(self, installation: Installation) -> None:
        """Both are started; what is decided is recorded."""
        folder = Path(mkdtemp(dir=installation.folder))
        self.paths = certificate(folder, "127.0.0.1")
        installation.beside.callback(self.down, installation)
        self.up(installation)
        objects: list[Json] = [
            template(_OWNERS, kind="Owners", schema=OPEN),
            {**bound("owned", match=_MATCH, annotations=self.annotations), "kind": "Owners"},
            self.object(_PATH),
        ]
        self.place = write_policies(folder, *map(json.dumps, objects))
        self.home = folder / "trail"
        assert run(["audit", "init", str(self.home), "--origin", "lockgate.test/owners"]) == 0
        options = ("--trail", str(self.home))
        self.ours: Server = beside.start(installation, self.namespace, options, self.place)

    def object(self, path: str) -> Json:
        """The Provider."""
        return provider(f"https://127.0.0.1:{self.port}{path}", self.paths[0].read_bytes(), timeout=2)

    def up(self, installation: Installation) -> None:
        """The provider answers (again)."""
        self.theirs: ProviderServer = self.running.enter_context(serving(tls_of(self.paths), self.port))
        self.port = self.theirs.server_port

    def down(self, installation: Installation) -> None:
        """The provider's process is gone."""
        self.running.close()

    def change(self, installation: Installation) -> None:
        """The Provider is another one from now on, which refuses bob too."""
        self.theirs.refused.add("bob")
        denial = "[owned] owner bad-nobody: no such thing"
        count = len(self.ours.events("policies changed"))
        with traffic(installation.cluster, self.namespace, denial) as going:
            going.more(10)
            (self.place / "2.yaml").write_text(json.dumps(self.object(_NEXT)))
            self.ours.wait_for("policies changed", count + 1)
            going.more(20)

    def check_record(self, installation: Installation) -> None:
        """What was asked and answered is in the trail."""
        assert recorded(self.home) == ("allow CREATE v1/ConfigMap", "deny CREATE v1/ConfigMap")
        with open_trail(str(self.home)) as trail:
            opened = [
                json.loads(open_body(trail.vault(), index, entry, body))
                for index, entry in enumerate(trail.store.entries(0, trail.store.head().size))
                if parse_entry(entry).value["kind"] == "decision"
                for body in trail.store.bodies(index, index + 1)
            ]
        asked = [(one["provider"], one["keys"]) for value in opened for one in value["externalData"]]
        assert asked == [("p", ["ada"]), ("p", ["bad-eve"])]


def _creates(
    owner: str, says: str = "", name: str = "", first: Callable[[Installation], None] | None = None
) -> Step:
    """Somebody's ConfigMap is made, or denied with what is said."""
    value = config_map(name or owner, labels={"owner": owner})
    if not says:
        return Step("create -f -", f"configmap/{name or owner} created\n", given=value, first=first)
    return Step("create -f -", denied(says, webhook=beside.WEBHOOK), 1, value, first=first)


def _asked() -> Scenario:
    owners = Owners("provider-asked")
    return Scenario(
        owners.namespace,
        [
            _creates("ada", first=owners.begin),
            _creates("bad-eve", "[owned] owner bad-eve: no such thing"),
            Step("get configmap ada --output=name", "configmap/ada\n", first=owners.check_record),
        ],
    )


def _down() -> Scenario:
    owners = Owners("provider-down", "deny")
    failure = "failed to send external data request: Connection refused"
    return Scenario(
        owners.namespace,
        [
            _creates("ada", first=owners.begin),
            _creates("bob", f"[owned] provider 'p' of external data failed: {failure}", first=owners.down),
            # What it said is kept.
            _creates("ada", name="another"),
            _creates("bob", first=owners.up),
        ],
    )


def _changed() -> Scenario:
    owners = Owners("provider-changed")
    return Scenario(
        owners.namespace,
        [
            _creates("bob", first=owners.begin),
            _creates("bob", "[owned] owner bob: no such thing", "later", owners.change),
            # As the policy itself says.
            _creates("carl", "[owned] owners are not known", first=owners.down),
        ],
    )


SCENARIOS: tuple[Scenario, ...] = (_asked(), _down(), _changed())
