"""How each real program is built: from a package of the module proxy, or in a module that is kept here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.e2e.programs import ORACLES, OURS

STRIPPED = "-s -w"


class Recipe(Protocol):
    """What `go` is told, and where."""

    @property
    def name(self) -> str:
        """The program's."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where go runs; None for anywhere."""
        ...

    def arguments(self, version: str, target: Path) -> list[str]:
        """Arguments of go that build a version of the program to `target`, whose folder is $GOBIN."""
        ...


@dataclass(frozen=True, slots=True)
class Package:
    """A package that `go install` builds by itself."""

    name: str
    path: str
    folder: Path | None = None

    def arguments(self, version: str, target: Path) -> list[str]:
        return ["install", "-ldflags", STRIPPED, f"{self.path}@v{version}"]


@dataclass(frozen=True, slots=True)
class Module:
    """A package built in a module of its own, whose go.mod says what else it needs."""

    name: str
    folder: Path
    path: str = "."
    variables: str = ""

    def arguments(self, version: str, target: Path) -> list[str]:
        variables = self.variables.format(version=version)
        return ["build", "-ldflags", f"{STRIPPED} {variables}", "-o", str(target), self.path]


MODULES = Path(__file__).parent / "modules"
KUBERNETES_VERSION = "k8s.io/component-base/version.git"
TESSERA = "github.com/transparency-dev/tessera"
GATEKEEPER = "github.com/open-policy-agent/gatekeeper/v3"


def _kube_apiserver(name: str, minor: int) -> Module:
    # What it says that it is; clients ask.
    says = f"-X {KUBERNETES_VERSION}Version=v{{version}} -X {KUBERNETES_VERSION}Major=1 -X {KUBERNETES_VERSION}Minor={minor}"
    return Module(name, MODULES / name, "k8s.io/kubernetes/cmd/kube-apiserver", says)


RECIPES: tuple[Recipe, ...] = (
    Package("opa", "github.com/open-policy-agent/opa"),
    *[Module(name, ORACLES / name) for name in OURS],
    Package("fsck", f"{TESSERA}/cmd/fsck"),
    Package("hammer", f"{TESSERA}/internal/hammer"),
    Package("posix", f"{TESSERA}/cmd/conformance/posix"),
    Package("gator", f"{GATEKEEPER}/cmd/gator"),
    Package("gatekeeper", GATEKEEPER),
    Package("conftest", "github.com/open-policy-agent/conftest"),
    Package("kustomize", "sigs.k8s.io/kustomize/kustomize/v5"),
    Module("kpt", MODULES / "kpt"),
    Module("argo", MODULES / "argo"),
    Module("etcd", MODULES / "etcd", "go.etcd.io/etcd/server/v3"),
    _kube_apiserver("kube-apiserver", minor=34),
)
# Built where they are named: what `make e2e` runs does not need them.
FURTHER: tuple[Recipe, ...] = (_kube_apiserver("kube-apiserver-newest", minor=37),)
