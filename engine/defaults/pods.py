"""The defaults of Pods and of the templates of Pods (Kubernetes 1.34, core/v1)."""

from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.defaults.fields import complete_source, each, filled, inner, trim, trimmed, without_nulls
from lockgate.engine.defaults.images import pull_policy
from lockgate.engine.defaults.quantities import complete_list

Object = dict[str, Value]

# Shared by all objects: values are never mutated.
_NOTHING: Final[Object] = {}
_POD_SPEC: Final[Object] = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
}
_CONTAINER: Final[Object] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_PROBE: Final[Object] = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
# Fields that the API server leaves out where they have their zero value.
_SPEC_OPTIONAL: Final = frozenset(
    {
        "ephemeralContainers",
        "hostAliases",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "hostname",
        "imagePullSecrets",
        "initContainers",
        "nodeName",
        "nodeSelector",
        "priorityClassName",
        "readinessGates",
        "resourceClaims",
        "schedulingGates",
        "serviceAccount",
        "serviceAccountName",
        "subdomain",
        "tolerations",
        "topologySpreadConstraints",
        "volumes",
    }
)
_CONTAINER_OPTIONAL: Final = frozenset(
    {
        "args",
        "command",
        "env",
        "envFrom",
        "image",
        "ports",
        "stdin",
        "stdinOnce",
        "tty",
        "volumeDevices",
        "volumeMounts",
        "workingDir",
    }
)
_PORT_OPTIONAL: Final = frozenset({"hostIP", "hostPort", "name"})
_VARIABLE_OPTIONAL: Final = frozenset({"value"})
_MOUNT_OPTIONAL: Final = frozenset({"readOnly", "subPath", "subPathExpr"})
_HTTP_GET: Final[Object] = {"path": "/", "scheme": "HTTP"}
_MIRROR: Final = "kubernetes.io/config.mirror"


def complete_pod(value: Object) -> Object:
    """The Pod with its defaults, and with the ServiceAccount that it runs as."""
    spec = value.get("spec")
    if type(spec) is not dict:
        return value
    made = complete_pod_spec(spec)
    if made.get("enableServiceLinks") is None:
        made["enableServiceLinks"] = True
    on_host = made.get("hostNetwork") is True
    for field in ("containers", "initContainers"):
        containers = made.get(field)
        if type(containers) is list:
            made[field] = [_in_pod(item, on_host) if type(item) is dict else item for item in containers]
    if not made.get("serviceAccountName") and not _is_mirror(value):
        made["serviceAccountName"] = made["serviceAccount"] = "default"
    return without_nulls({**value, "spec": made})


def _is_mirror(value: Object) -> bool:
    """Is it the kubelet's own, which no ServiceAccount is given to?"""
    metadata = value.get("metadata")
    annotations = metadata.get("annotations") if type(metadata) is dict else None
    return type(annotations) is dict and _MIRROR in annotations


def complete_template(template: Object) -> Object:
    """A template of Pods with the defaults of its spec."""
    made = inner(template, "spec", complete_pod_spec)
    metadata = made.get("metadata")
    if metadata is None:
        return {**made, "metadata": _NOTHING}
    return inner(made, "metadata", trimmed)


def complete_pod_spec(spec: Object) -> Object:
    """A copy of the spec, with defaults that Pods and templates share."""
    made = spec.copy()
    trim(made, _SPEC_OPTIONAL)
    for name, default in _POD_SPEC.items():
        if not made.get(name):
            made[name] = default
    if made.get("securityContext") is None:
        made["securityContext"] = _NOTHING
    if made.get("terminationGracePeriodSeconds") is None:
        made["terminationGracePeriodSeconds"] = 30
    # The older name of the field has the same value.
    account = made.get("serviceAccountName") or made.get("serviceAccount")
    if account:
        made["serviceAccountName"] = made["serviceAccount"] = account
    for field in ("containers", "initContainers", "ephemeralContainers"):
        containers = made.get(field)
        if containers:
            made[field] = each(containers, _container)
    volumes = made.get("volumes")
    if volumes:
        from lockgate.engine.defaults.volumes import complete_volume

        made["volumes"] = each(volumes, complete_volume)
    overhead = made.get("overhead")
    if overhead:
        made["overhead"] = complete_list(overhead)
    resources = made.get("resources")
    if type(resources) is dict:
        made["resources"] = _resources(resources)
    return made


def _container(value: Object) -> Object:
    made = value.copy()
    trim(made, _CONTAINER_OPTIONAL)
    if not made.get("imagePullPolicy"):
        image = made.get("image")
        made["imagePullPolicy"] = pull_policy(image if type(image) is str else "")
    for name, default in _CONTAINER.items():
        if not made.get(name):
            made[name] = default
    resources = made.get("resources")
    if resources is None:
        made["resources"] = _NOTHING
    elif type(resources) is dict and resources:
        made["resources"] = _resources(resources)
    ports = made.get("ports")
    if ports:
        made["ports"] = each(ports, _port)
    env = made.get("env")
    if env:
        made["env"] = each(env, _variable)
    mounts = made.get("volumeMounts")
    if mounts:
        made["volumeMounts"] = each(mounts, _mount)
    for name in _PROBES:
        probe = made.get(name)
        if type(probe) is dict:
            made[name] = _probe(probe)
    lifecycle = made.get("lifecycle")
    if type(lifecycle) is dict:
        made["lifecycle"] = inner(inner(lifecycle, "postStart", _handler), "preStop", _handler)
    return made


def _in_pod(value: Object, on_host: bool) -> Object:
    """What only Pods get, and no template: requests as the limits are, and ports of the host."""
    resources = value.get("resources")
    limits = resources.get("limits") if type(resources) is dict else None
    if type(resources) is dict and type(limits) is dict and limits:
        requests = resources.get("requests")
        if requests is None or type(requests) is dict:
            value = {**value, "resources": {**resources, "requests": {**limits, **(requests or _NOTHING)}}}
    ports = value.get("ports")
    if on_host and type(ports) is list:
        shown: list[Value] = [_host_port(item) if type(item) is dict else item for item in ports]
        value = {**value, "ports": shown}
    return value


def _host_port(port: Object) -> Object:
    inside = port.get("containerPort")
    return {**port, "hostPort": inside} if not port.get("hostPort") and inside else port


def _port(port: Object) -> Object:
    made = port.copy()
    trim(made, _PORT_OPTIONAL)
    if not made.get("protocol"):
        made["protocol"] = "TCP"
    return made


def _mount(mount: Object) -> Object:
    made = mount.copy()
    trim(made, _MOUNT_OPTIONAL)
    return made


def _resources(resources: Object) -> Object:
    made = resources.copy()
    for name in ("limits", "requests"):
        if name in made:
            made[name] = complete_list(made[name])
    return made


def _variable(variable: Object) -> Object:
    source = variable.get("valueFrom")
    if type(source) is not dict:
        made = variable.copy()
        trim(made, _VARIABLE_OPTIONAL)
        return made
    made = complete_source(source)
    key = made.get("fileKeyRef")
    if type(key) is dict and key.get("optional") is None:
        made = {**made, "fileKeyRef": {**key, "optional": False}}
    return variable if made is source else {**variable, "valueFrom": made}


def _probe(probe: Object) -> Object:
    made = _handler(filled(probe, _PROBE))
    call = made.get("grpc")
    if type(call) is dict and call.get("service") is None:
        made["grpc"] = {**call, "service": ""}
    return made


def _handler(handler: Object) -> Object:
    return inner(handler, "httpGet", _http_get)


def _http_get(action: Object) -> Object:
    return filled(action, _HTTP_GET)
