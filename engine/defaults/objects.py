"""The defaults of Services, Namespaces and claims (Kubernetes 1.34, core/v1 and resource.k8s.io)."""

from collections.abc import Callable
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.defaults.fields import each, filled, inner, set_where_absent, trimmed, without_nulls
from lockgate.engine.defaults.volumes import complete_claim_spec

Object = dict[str, Value]

_NOTHING: Final[Object] = {}
_WITHIN_CLUSTER: Final = frozenset({"ClusterIP", "LoadBalancer", "NodePort"})
_FROM_OUTSIDE: Final = frozenset({"LoadBalancer", "NodePort"})
_THREE_HOURS: Final = 10_800
# The API server's own finalizer, which every Namespace is made with.
_NAMESPACE_SPEC: Final[Object] = {"finalizers": ["kubernetes"]}
NAME_LABEL: Final = "kubernetes.io/metadata.name"


def _service(value: Object) -> Object:
    return without_nulls(inner(value, "spec", _service_spec))


def _service_spec(spec: Object) -> Object:
    made = filled(trimmed(spec), {"sessionAffinity": "None", "type": "ClusterIP"})
    if made["sessionAffinity"] == "None":
        made.pop("sessionAffinityConfig", None)
    elif made["sessionAffinity"] == "ClientIP":
        made["sessionAffinityConfig"] = _affinity(made.get("sessionAffinityConfig"))
    ports = made.get("ports")
    if ports:
        made["ports"] = each(ports, _service_port)
    kind = made["type"]
    if type(kind) is not str:
        return made
    is_outside = kind in _FROM_OUTSIDE or (kind == "ClusterIP" and bool(made.get("externalIPs")))
    if is_outside and not made.get("externalTrafficPolicy"):
        made["externalTrafficPolicy"] = "Cluster"
    if kind in _WITHIN_CLUSTER:
        set_where_absent(made, {"internalTrafficPolicy": "Cluster"})
    if kind == "LoadBalancer":
        set_where_absent(made, {"allocateLoadBalancerNodePorts": True})
    return made


def _affinity(config: Value) -> Value:
    """The configuration of ClientIP: as it is where it tells the time, else the default as a whole."""
    client = config.get("clientIP") if type(config) is dict else None
    if type(client) is dict and client.get("timeoutSeconds") is not None:
        return config
    return {"clientIP": {"timeoutSeconds": _THREE_HOURS}}


def _service_port(port: Object) -> Object:
    made = filled(port, {"protocol": "TCP"})
    if not made.get("targetPort") and "port" in made:
        made["targetPort"] = made["port"]
    return made


def _volume_claim(value: Object) -> Object:
    return without_nulls(inner(value, "spec", complete_claim_spec))


def _namespace(value: Object) -> Object:
    metadata = value.get("metadata")
    name = metadata.get("name") if type(metadata) is dict else None
    if type(metadata) is not dict or not name:
        return value
    labels = metadata.get("labels")
    if labels is not None and type(labels) is not dict:
        return value
    made: Object = {**value, "metadata": {**metadata, "labels": {**(labels or _NOTHING), NAME_LABEL: name}}}
    if made.get("spec") is None:
        made["spec"] = _NAMESPACE_SPEC
    return without_nulls(made)


def _device_spec(spec: Object) -> Object:
    return inner(spec, "devices", _devices)


def _devices(devices: Object) -> Object:
    requests = devices.get("requests")
    return {**devices, "requests": each(requests, _device_request)} if requests else devices


def _flat_device_spec(spec: Object) -> Object:
    return inner(spec, "devices", _flat_devices)


def _flat_devices(devices: Object) -> Object:
    requests = devices.get("requests")
    return {**devices, "requests": each(requests, _flat_device_request)} if requests else devices


def _flat_device_request(request: Object) -> Object:
    return _device_request(_allocation(request) if request.get("deviceClassName") else request)


def _device_request(request: Object) -> Object:
    made = inner(request, "exactly", _allocation)
    alternatives = made.get("firstAvailable")
    return {**made, "firstAvailable": each(alternatives, _allocation)} if alternatives else made


def _allocation(request: Object) -> Object:
    made = filled(request, {"allocationMode": "ExactCount"})
    if made["allocationMode"] == "ExactCount" and not made.get("count"):
        made["count"] = 1
    tolerations = made.get("tolerations")
    if tolerations:
        made["tolerations"] = each(tolerations, _toleration)
    return made


def _toleration(toleration: Object) -> Object:
    return filled(toleration, {"operator": "Equal"})


def _spec_of_devices(value: Object) -> Callable[[Object], Object]:
    # These have the fields of `exactly` in the request itself; later versions do not know them there.
    is_flat = value.get("apiVersion") in ("resource.k8s.io/v1beta1", "resource.k8s.io/v1alpha3")
    return _flat_device_spec if is_flat else _device_spec


def _device_claim(value: Object) -> Object:
    return without_nulls(inner(value, "spec", _spec_of_devices(value)))


def _device_claim_template(value: Object) -> Object:
    fill = _spec_of_devices(value)

    def filled_spec(spec: Object) -> Object:
        return {"metadata": _NOTHING, **trimmed(inner(spec, "spec", fill))}

    return without_nulls(inner(value, "spec", filled_spec))


OBJECTS: Final[dict[str, Callable[[Object], Object]]] = {
    "Namespace": _namespace,
    "PersistentVolumeClaim": _volume_claim,
    "ResourceClaim": _device_claim,
    "ResourceClaimTemplate": _device_claim_template,
    "Service": _service,
}
