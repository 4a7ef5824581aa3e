"""AdmissionReviews that are nearly right, by chance: whole ones of many kinds, changed in their structure or their text."""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

import yaml

from tests.webhook.serving.hostile_policies import CONFLICT, CONFLICTING
from tests.webhook.serving.server_processes import CONSTRAINT, TEMPLATE, config_map, review_of

Json = dict[str, Any]

_OBJECTS: Final[tuple[Json, ...]] = (
    config_map(),
    config_map(labels={"owner": "me"}),
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team", "labels": {"a": "b"}}},
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "managedFields": [{"fieldsV1": {"f:spec": {}}}]},
        "spec": {
            "replicas": 3,
            "template": {
                "spec": {"containers": [{"name": "a", "image": "a:1", "ports": [{"containerPort": 80}]}]}
            },
        },
    },
    yaml.safe_load(TEMPLATE),
    yaml.safe_load(CONSTRAINT),
    yaml.safe_load(CONFLICTING),
    yaml.safe_load(CONFLICT),
    {
        "apiVersion": "config.gatekeeper.sh/v1alpha1",
        "kind": "Config",
        "metadata": {"name": "config"},
        "spec": {},
    },
    {
        "apiVersion": "lockgate.dev/v1alpha1",
        "kind": "Exemption",
        "metadata": {"name": "one"},
        "spec": {
            "policies": [{"kind": "NeedsOwner"}],
            "reason": "r",
            "owner": "o",
            "expiresAt": "2027-01-01T00:00:00Z",
        },
    },
    {"apiVersion": "lockgate.dev/v1alpha1", "kind": "BreakGlass", "metadata": {"name": "night"}, "spec": {}},
    {"apiVersion": "v1", "kind": "PodExecOptions", "metadata": {}, "command": ["sh"]},
)
_ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    -(2**64),
    10**400,
    1.5,
    -0.0,
    1e308,
    "",
    " ",
    "a",
    "..",
    "../../etc/passwd",
    "\x00",
    "a\nb\r\nc: d",
    "\ud800",
    "\udfff\ud800",
    "ﬀ\u202e\u0000\uffff",
    "😀" * 70,
    "x" * 5_000,
    "${jndi:ldap://x}",
    "%s%n%d{}",
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"__proto__": {}},
    {"a" * 300: "b"},
)
_KEYS: Final = (
    "uid", "UID", "kind", "apiVersion", "request", "response", "object", "oldObject", "operation", "namespace",
    "name", "metadata", "labels", "annotations", "spec", "dryRun", "userInfo", "groups", "extra", "options", "group",
    "version", "resource", "subResource", "requestKind", "requestSubResource", "managedFields", "",
)  # fmt: skip
_NUMBERS: Final = (b"1e999", b"-1E-999", b"00", b"+1", b"NaN", b"-Infinity", b"0x10", b"1.", b"9" * 5_000)


def whole_review(decide: random.Random, uid: str) -> Json:
    """A review as an API server may send it."""
    value = deepcopy(decide.choice(_OBJECTS))
    made = review_of(value, uid)
    request = made["request"]
    request["operation"] = decide.choice(["CREATE", "CREATE", "UPDATE", "DELETE", "CONNECT"])
    if request["operation"] in ("UPDATE", "DELETE"):
        request["oldObject"] = deepcopy(value)
    if request["operation"] == "DELETE":
        request["object"] = None
    if decide.random() < 0.2:
        request["subResource"] = decide.choice(["status", "scale", "ephemeralcontainers", "exec"])
    if decide.random() < 0.2:
        request["dryRun"] = True
    return made


def fuzzed_body(decide: random.Random, uid: str) -> bytes:
    """The body of a request: a review that was changed, mostly in its structure, sometimes in its bytes."""
    value: Any = whole_review(decide, uid)
    for _ in range(decide.choice([0, 1, 1, 2, 4])):
        value = decide.choice(_CHANGES)(decide, value)
    text = _rendered(decide, value)
    return decide.choice(_BYTES)(decide, text) if decide.random() < 0.4 else text


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every place of the value: what holds it, and its key or index."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        items = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, inner in items:
            found.append((one, key))
            waiting.append(inner)
    return found


def _put_odd(decide: random.Random, value: Any) -> Any:
    places = _places(value)
    if not places:
        return deepcopy(decide.choice(_ODD))
    holder, key = decide.choice(places)
    holder[key] = deepcopy(decide.choice(_ODD))
    return value


def _take_out(decide: random.Random, value: Any) -> Any:
    places = _places(value)
    if places:
        holder, key = decide.choice(places)
        del holder[key]
    return value


def _move(decide: random.Random, value: Any) -> Any:
    """One part in the place of another."""
    places = _places(value)
    if places:
        (holder, key), (other, name) = decide.choice(places), decide.choice(places)
        holder[key] = deepcopy(other[name])
    return value


def _add(decide: random.Random, value: Any) -> Any:
    places = [(holder, key) for holder, key in _places(value) if isinstance(holder[key], dict)]
    if places:
        holder, key = decide.choice(places)
        holder[key][decide.choice(_KEYS)] = deepcopy(decide.choice(_ODD))
    return value


def _nest(decide: random.Random, value: Any) -> Any:
    places = _places(value)
    if places:
        holder, key = decide.choice(places)
        inner = holder[key]
        for _ in range(decide.choice([3, 30, 250])):
            inner = [inner] if decide.random() < 0.5 else {"a": inner}
        holder[key] = inner
    return value


def _repeat(decide: random.Random, value: Any) -> Any:
    places = [(holder, key) for holder, key in _places(value) if isinstance(holder[key], list)]
    if places:
        holder, key = decide.choice(places)
        holder[key] = holder[key] * decide.choice([0, 2, 200])
    return value


_CHANGES: Final[tuple[Callable[[random.Random, Any], Any], ...]] = (
    _put_odd, _put_odd, _put_odd, _take_out, _move, _add, _nest, _repeat,
)  # fmt: skip


def _rendered(decide: random.Random, value: Any) -> bytes:
    is_ascii, is_spread = decide.random() < 0.5, decide.random() < 0.3
    try:
        text = json.dumps(value, ensure_ascii=is_ascii)
    except RecursionError:
        # Deeper than what renders it here.
        return b'{"a":' * 5_000
    if is_spread and len(text) < 10_000:
        text = json.dumps(value, ensure_ascii=is_ascii, indent=1)
    return text.encode("utf-8", "surrogatepass")


def _cut(decide: random.Random, text: bytes) -> bytes:
    return text[: decide.randrange(len(text) + 1)]


def _flip(decide: random.Random, text: bytes) -> bytes:
    made = bytearray(text)
    for _ in range(decide.choice([1, 1, 3, 20])):
        if made:
            made[decide.randrange(len(made))] = decide.randrange(256)
    return bytes(made)


def _behind(decide: random.Random, text: bytes) -> bytes:
    return text + decide.choice([b"{}", b" \n\t", b"\x00", b",", b"]", text])


def _before(decide: random.Random, text: bytes) -> bytes:
    return decide.choice([b"\xef\xbb\xbf", b" \r\n", b"\x00", b"\xff\xfe", b"//\n", b")]}',\n"]) + text


def _twice(decide: random.Random, text: bytes) -> bytes:
    """A key that is there twice."""
    key = decide.choice(_KEYS).encode()
    odd = json.dumps(decide.choice(_ODD)).encode()
    return text.replace(b"{", b'{"' + key + b'":' + odd + b",", decide.choice([1, 2, 3]))


def _odd_number(decide: random.Random, text: bytes) -> bytes:
    return text.replace(decide.choice([b"null", b"false", b"3"]), decide.choice(_NUMBERS), 1)


def _odd_escape(decide: random.Random, text: bytes) -> bytes:
    wrong = [rb"\u12", rb"\x41", rb"\ud83d", rb"\u0000", b"\\", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88"]
    at = decide.randrange(len(text) + 1)
    return text[:at] + decide.choice(wrong) + text[at:]


_BYTES: Final[tuple[Callable[[random.Random, bytes], bytes], ...]] = (
    _cut, _flip, _behind, _before, _twice, _odd_number, _odd_escape,
)  # fmt: skip
