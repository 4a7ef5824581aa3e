"""What records claim is seen where a watch tells of it, as it was judged, and stays a claim otherwise."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from kubernetes import client
from lockgate.engine.gvk import GroupVersionKind
from lockgate.webhook.cluster.inventory import Resource
from lockgate.webhook.cluster.sightings import Sightings
from lockgate.webhook.serving.claims import Claim, masked_content, object_content

from tests.webhook.cluster.watching_server import PATH, Script, Watch, serving

SERVICE = GroupVersionKind("", "v1", "Service")
SECONDS = 60


def service(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "a", "uid": f"uid-of-{name}"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def event(kind: str, value: dict[str, Any], version: int = 11) -> bytes:
    stored = {**value["metadata"], "resourceVersion": str(version), "managedFields": [{"manager": "x"}]}
    return json.dumps({"type": kind, "object": {**value, "metadata": {**stored}}}).encode() + b"\n"


def comes(index: int, value: dict[str, Any], kind: GroupVersionKind = SERVICE) -> Claim:
    return Claim(index, kind, value["metadata"]["uid"], object_content(value, "without status"))


def goes(index: int, name: str) -> Claim:
    return Claim(index, SERVICE, f"uid-of-{name}", "")


@contextmanager
def seeing(*watches: Watch) -> Iterator[tuple[Sightings, Script]]:
    script = Script([[]], list(watches))
    with serving(script) as address:
        configuration: Any = client.Configuration(host=address)
        configuration.retries = False
        api: Any = client.ApiClient(configuration)
        sightings = Sightings(api, lambda: [Resource(SERVICE, PATH, True)], Random(1), settle_s=0.0)
        sightings.start()
        try:
            yield sightings, script
        finally:
            script.ended.set()
            sightings.stop()
            api.close()


def wait_for(sightings: Sightings, count: int) -> list[int]:
    found: list[int] = []
    end = time.monotonic() + SECONDS
    while len(found) < count:
        assert time.monotonic() < end, (found, sightings.failures)
        found += sightings.take("all")
        time.sleep(0.02)
    return sorted(found)


def test_what_comes_as_it_was_judged_is_seen() -> None:
    sent = event("ADDED", service("a", port=1)) + event("MODIFIED", service("b", port=2), 12)
    with seeing(Watch(sent=sent, stays=True)) as (sightings, script):
        sightings.claim([comes(1, service("a", port=1)), comes(2, service("b", port=2))])
        assert wait_for(sightings, 2) == [1, 2]
        assert sightings.waiting == 0
        # From the present state on, so that what was there before the watch is told too.
        assert [one.get("resourceVersion") for one in script.asked] == [None]


def test_what_is_otherwise_stays_a_claim() -> None:
    sent = event("ADDED", service("a", port=9)) + event("ADDED", service("last"))
    with seeing(Watch(sent=sent, stays=True)) as (sightings, _):
        never = service("never")
        elsewhere = comes(5, service("a", port=9), GroupVersionKind("", "v2", "Service"))
        sightings.claim([comes(1, service("a", port=1)), comes(2, never), goes(3, "a"), elsewhere])
        sightings.claim([comes(4, service("last"))])
        assert wait_for(sightings, 1) == [4]
        assert sightings.waiting == 4


def test_what_a_record_kept_masked_is_compared_masked() -> None:
    applied = service("a", port=1)
    applied["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    sent = event("ADDED", applied)
    with seeing(Watch(sent=sent, stays=True)) as (sightings, _):
        masked = masked_content(applied, "without status")
        sightings.claim(
            [
                Claim(1, SERVICE, "uid-of-a", masked),
                Claim(2, SERVICE, "uid-of-a", masked, "masked"),
                comes(3, applied),
            ]
        )
        assert wait_for(sightings, 2) == [2, 3]
        assert sightings.waiting == 1


def test_two_records_of_one_object() -> None:
    sent = event("ADDED", service("a", port=1)) + event("MODIFIED", service("a", port=2), 12)
    with seeing(Watch(sent=sent, stays=True)) as (sightings, _):
        sightings.claim([comes(1, service("a", port=1)), comes(2, service("a", port=2))])
        assert wait_for(sightings, 2) == [1, 2]


def test_what_goes_is_seen_going() -> None:
    leaving = service("slow")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-26T09:30:00Z"
    sent = event("MODIFIED", leaving) + event("DELETED", service("fast"), 12)
    with seeing(Watch(sent=sent, stays=True)) as (sightings, _):
        sightings.claim([goes(1, "slow"), goes(2, "fast"), goes(3, "stays")])
        assert wait_for(sightings, 2) == [1, 2]


def test_a_watch_that_ends_goes_on_where_it_was() -> None:
    first = event("ADDED", service("a"), 11) + event("BOOKMARK", service(""), 40)
    with seeing(Watch(sent=first), Watch(sent=event("ADDED", service("b"), 41), stays=True)) as told:
        sightings, script = told
        sightings.claim([comes(1, service("a")), comes(2, service("b"))])
        assert wait_for(sightings, 2) == [1, 2]
        assert [one.get("resourceVersion") for one in script.asked] == [None, "40"]


def test_after_an_error_everything_is_told_again() -> None:
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}}
    sent = event("ADDED", service("x"), 11) + json.dumps(gone).encode() + b"\n"
    with seeing(Watch(sent=sent), Watch(sent=event("ADDED", service("a"), 41), stays=True)) as told:
        sightings, script = told
        sightings.claim([comes(1, service("a"))])
        assert wait_for(sightings, 1) == [1]
        assert [one.get("resourceVersion") for one in script.asked] == [None, None]


def test_without_the_right_it_says_so_and_the_record_stays_a_claim() -> None:
    with seeing(Watch(status=403), Watch(sent=event("ADDED", service("a"), 41), stays=True)) as (
        sightings,
        _,
    ):
        sightings.claim([comes(1, service("a"))])
        end = time.monotonic() + SECONDS
        while not sightings.failures:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert dict(sightings.failures) == {
            "what is claimed of v1/Service": "the API server answered 403 to the watch of v1/Service (Forbidden); "
            "whoever runs this needs `watch` on it"
        }
        assert wait_for(sightings, 1) == [1]
        assert not sightings.failures


def test_what_could_not_be_told_is_taken_again() -> None:
    with seeing(Watch(sent=event("ADDED", service("a")), stays=True)) as (sightings, _):
        sightings.claim([comes(1, service("a"))])
        assert wait_for(sightings, 1) == [1]
        assert sightings.take("all") == []
        sightings.give_back([1])
        # Those of some seconds together.
        assert sightings.take() == []
        assert sightings.take("all") == [1]


def test_what_is_expected_is_watched_from_before_and_its_failure_is_nobodys_until_something_is_claimed() -> (
    None
):
    with seeing(Watch(status=403), Watch(sent=event("ADDED", service("a", port=1)), stays=True)) as told:
        sightings, script = told
        sightings.expect(frozenset({SERVICE, GroupVersionKind("", "v1", "Unserved")}))
        end = time.monotonic() + SECONDS
        while len(script.asked) < 2:
            assert time.monotonic() < end
            assert not sightings.failures
            time.sleep(0.01)
        sightings.claim([comes(1, service("a", port=1))])
        assert len(script.asked) == 2


def test_what_the_status_is_says_only_who_writes_it() -> None:
    stored = {**service("a", port=1), "status": {"phase": "Pending"}}
    sent = event("ADDED", stored) + event("ADDED", service("last"), 12)
    with seeing(Watch(sent=sent, stays=True)) as (sightings, _):
        uid = "uid-of-a"
        plain = Claim(1, SERVICE, uid, object_content(service("a", port=1), "without status"))
        status = Claim(2, SERVICE, uid, object_content(stored, "all"))
        other = Claim(3, SERVICE, uid, object_content({**stored, "status": {"phase": "Bound"}}, "all"))
        sightings.claim([plain, status, other, comes(4, service("last"))])
        assert wait_for(sightings, 3) == [1, 2, 4]


def test_what_has_been_there_for_long_is_kept_only_where_it_is_claimed() -> None:
    old = service("old")
    old["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    sent = event("ADDED", old).replace(b'{"type": "ADDED"', b'{"type":"ADDED"')
    with seeing() as (sightings, _):
        sightings.heard(SERVICE, sent)
        sightings.claim([comes(1, old)])
        sightings.heard(SERVICE, event("ADDED", service("young")))
        sightings.claim([comes(2, service("young"))])
        assert wait_for(sightings, 1) == [2]
        # A change of it says what it is now.
        sightings.heard(SERVICE, event("MODIFIED", old))
        assert wait_for(sightings, 1) == [1]
        sightings.claim([comes(3, old)])
        sightings.heard(SERVICE, sent)
        assert wait_for(sightings, 1) == [3]
