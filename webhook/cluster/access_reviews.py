"""Callers and rights by a cluster's own word: TokenReview says who somebody is, SubjectAccessReview what they may.

The resources are virtual: `records`, `actors`, `exports`, `log` and `replays` of the group `audit.lockgate.dev`, with the verb `get`; a Role
grants them in a namespace, a ClusterRole with its binding everywhere.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from kubernetes.client import ApiClient
from lockgate.audit.errors import TrailError
from lockgate.audit.web.caller import Caller, NotKnownError, Resource
from lockgate.webhook.cluster.calls import ClusterError, call

GROUP: Final = "audit.lockgate.dev"
VERB: Final = "get"
# How long an answer of the API server is believed: a right that is taken away holds so long.
BELIEVED_S: Final = 10.0
_MOST_KEPT: Final = 1_024
_MAX_GROUPS: Final = 200


class _Kept:
    """Answers, for a while."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._found: Final[OrderedDict[object, tuple[float, Any]]] = OrderedDict()

    def get(self, key: object, ask: Callable[[], Any]) -> Any:
        now = self._clock()
        with self._lock:
            found = self._found.get(key)
        if found is not None and now < found[0]:
            return found[1]
        made = ask()
        with self._lock:
            self._found[key] = (now + BELIEVED_S, made)
            while len(self._found) > _MOST_KEPT:
                self._found.popitem(last=False)
        return made


class ClusterTokens:
    """Knows callers by TokenReview (an Authenticator). audience: that tokens have to be for; "" for the API server's own."""

    def __init__(
        self, api: ApiClient, audience: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._api: Final = api
        self._audience: Final = audience
        self._kept: Final = _Kept(clock)

    def caller(self, token: bytes) -> Caller | None:
        """Whose token it is. Raises NotKnownError where the cluster does not know it, or does not answer."""
        found = self._kept.get(sha256(token).digest(), lambda: self._ask(token.decode("ascii")))
        if found is None:
            raise NotKnownError("the cluster does not know this token")
        assert isinstance(found, Caller)
        return found

    def _ask(self, token: str) -> Caller | None:
        spec: dict[str, Any] = {"token": token}
        if self._audience:
            spec["audiences"] = [self._audience]
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
        status = _status(self._api, "/apis/authentication.k8s.io/v1/tokenreviews", body)
        if status.get("authenticated") is not True or status.get("error"):
            return None
        if self._audience and self._audience not in (status.get("audiences") or []):
            # An authenticator that knows no audiences says nothing of them.
            return None
        user = status.get("user")
        name = user.get("username") if isinstance(user, dict) else None
        if not isinstance(user, dict) or not isinstance(name, str) or not name:
            return None
        groups = user.get("groups") or []
        if not isinstance(groups, list) or len(groups) > _MAX_GROUPS:
            return None
        uid = user.get("uid")
        return Caller(
            name, tuple([one for one in groups if isinstance(one, str)]), uid if isinstance(uid, str) else ""
        )


class ClusterRights:
    """Says what callers may by SubjectAccessReview (Rights)."""

    def __init__(self, api: ApiClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._api: Final = api
        self._kept: Final = _Kept(clock)

    def allows(self, caller: Caller, resource: Resource, namespace: str) -> bool:
        """May they? Raises TrailError where the API server does not say it."""
        return (
            self._kept.get((caller, resource, namespace), lambda: self._ask(caller, resource, namespace))
            is True
        )

    def _ask(self, caller: Caller, resource: str, namespace: str) -> bool:
        attributes = {"group": GROUP, "resource": resource, "verb": VERB, "namespace": namespace}
        spec: dict[str, Any] = {
            "user": caller.name,
            "groups": [*caller.groups],
            "resourceAttributes": {name: value for name, value in attributes.items() if value},
        }
        if caller.uid:
            spec["uid"] = caller.uid
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        status = _status(self._api, "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
        return status.get("allowed") is True and status.get("denied") is not True


def _status(api: ApiClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = call(api, "POST", path, body)
    except ClusterError as error:
        raise TrailError(error.message) from None
    if answer.status not in (200, 201):
        raise TrailError(
            f"the API server answered {answer.status} ({answer.message})",
            hint="the server needs the ClusterRole system:auth-delegator",
        )
    status = answer.value.get("status")
    return status if isinstance(status, dict) else {}
