"""A kind of object as the API server names it: group, version and kind."""

from collections.abc import Mapping

from lockgate.engine.codegen.values import Value
from lockgate.engine.kinds import split_api_version
from lockgate.engine.record import ordered_record


@ordered_record
class GroupVersionKind:
    """The core group is "". Shown as `networking.k8s.io/v1/Ingress`, `v1/Pod`."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """As objects have it: `apps/v1`, or `v1` in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        return f"{self.api_version}/{self.kind}"


def gvk_of(value: Mapping[str, Value]) -> GroupVersionKind | None:
    """The kind of an object; None when its apiVersion or kind is missing or malformed."""
    group, version = split_api_version(value.get("apiVersion"))
    kind = value.get("kind")
    if not version or type(kind) is not str or not kind:
        return None
    return GroupVersionKind(group, version, kind)


def parse_gvk(text: str) -> GroupVersionKind | None:
    """The kind that `v1/Pod` or `apps/v1/Deployment` names; None when it names none."""
    api_version, slash, kind = text.rpartition("/")
    group, version = split_api_version(api_version)
    if not slash or not version or not kind:
        return None
    return GroupVersionKind(group, version, kind)
