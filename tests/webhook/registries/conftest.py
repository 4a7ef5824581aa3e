"""A desk for each kind of registry, made once with both versions in staging and copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.webhook.promoting.office import Office, copy_office, open_office
from tests.webhook.references.servers import serving
from tests.webhook.registries.desk import MODELS, RegistryDesk
from tests.webhook.registries.peers import KubeflowPeer, MlflowPeer

PEERS = {"mlflow": MlflowPeer, "kubeflow": KubeflowPeer}


@pytest.fixture(scope="session")
def offices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Office]:
    """By the kind of registry."""
    made: dict[str, Office] = {}
    first = open_office(tmp_path_factory.mktemp("registries"))
    for kind in MODELS:
        made[kind] = copy_office(first, tmp_path_factory.mktemp(kind) / "office")
        peer = PEERS[kind]()
        with serving(answering=peer.answer) as server:
            desk = RegistryDesk(made[kind], kind, peer, server)
            desk.prepare()
    return made


@pytest.fixture(params=[*MODELS])
def desk(
    request: pytest.FixtureRequest,
    offices: dict[str, Office],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RegistryDesk]:
    """With each kind of registry."""
    for name in ("LOCKGATE_TRAIL", "LOCKGATE_IDENTITIES"):
        monkeypatch.delenv(name, raising=False)
    kind = str(request.param)
    peer = PEERS[kind]()
    with serving(answering=peer.answer) as server:
        made = RegistryDesk(copy_office(offices[kind], tmp_path / "office"), kind, peer, server)
        made.register()
        yield made
