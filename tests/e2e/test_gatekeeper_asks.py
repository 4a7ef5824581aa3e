"""Gatekeeper's running webhook asks `lockgate serve` as a provider, and denies and allows by what it is answered."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import running_cluster
from tests.e2e.gatekeeper import STEP_SECONDS, Gatekeeper, running_gatekeeper
from tests.gatekeeper.external_data.making import asking, bound, pod, provider
from tests.gatekeeper.workbench import Json
from tests.webhook.serving.server_processes import Server, review_of, running_server, write_policies

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# Shows the whole answer.
SHOWS = """package shows

violation[{"msg": msg}] {
  images := [c.image | c := input.review.object.spec.containers[_]]
  response := external_data({"provider": input.parameters.provider, "keys": images})
  msg := json.marshal(response)
}
"""
PODS = {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}
READY_SECONDS = 90
UNKNOWN = "key is not found in provider cache"
# Constraints that show the answers of these providers, each for Pods with a label by its name.
SHOWN = ("absent", "down", "stranger")


def fixtures(**errors: str) -> str:
    given = [
        {"provider": "signatures", "values": {"signed": {"by": "us"}}, "errors": errors},
        {"provider": "down", "systemError": "the registry does not answer"},
    ]
    value = {"apiVersion": "externaldata.lockgate.dev/v1alpha1", "kind": "ExternalData", "providers": given}
    return json.dumps(value)


@dataclass(frozen=True, slots=True)
class Both:
    """Gatekeeper's webhook, and ours, whose policies and answers are the same."""

    theirs: Gatekeeper
    ours: Server
    answers: Path

    def says(self, *images: str, **labels: str) -> tuple[bool, str]:
        """Whether Gatekeeper lets a Pod through, and what it says otherwise."""
        return _said(self.theirs.admit(_review(*images, **labels)))

    def knows(self, name: str) -> bool:
        """Whether Gatekeeper knows the provider of which the constraint of this name shows the answer."""
        return UNKNOWN not in self.says("signed", asks=name)[1]

    def ours_says(self, *images: str, **labels: str) -> tuple[bool, str]:
        return _said(self.ours.admit(_review(*images, **labels)))


def _review(*images: str, **labels: str) -> Json:
    value = pod(*images)
    value["metadata"] = {"name": "p", "namespace": "default", "labels": labels}
    return review_of(value)


def _said(answer: Json) -> tuple[bool, str]:
    return answer["allowed"], answer["status"].get("message", "")


def _named(value: Json, name: str) -> Json:
    return {**value, "metadata": {**value["metadata"], "name": name}}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("asks")
    answers = folder / "answers.yaml"
    answers.write_text(fixtures(unsigned="no signature"))
    templates = [asking(), asking(SHOWS, kind="Shows")]
    constraints = [bound("signed", asks="signatures", match=PODS)]
    for name in SHOWN:
        match = {**PODS, "labelSelector": {"matchLabels": {"asks": name}}}
        constraints.append({**bound(name, asks=name, match=match), "kind": "Shows"})
    with ExitStack() as stack:
        cluster = stack.enter_context(running_cluster())
        theirs = stack.enter_context(running_gatekeeper(cluster))
        # Its webhook's own certificate, which signs itself here.
        authority = cluster.folder / "webhook" / "tls.crt"
        options = ["--external-data", str(answers), "--provider-client-ca", str(authority)]
        ours = stack.enter_context(
            running_server(
                folder,
                write_policies(folder, *map(json.dumps, [*templates, *constraints])),
                [*options, "--provider-client-name", "gatekeeper"],
            )
        )
        (folder / "other").mkdir()
        # Gatekeeper does not call itself so here.
        other = stack.enter_context(
            running_server(folder / "other", write_policies(folder / "other"), options)
        )
        places = {"signatures": ours, "down": ours, "absent": ours, "stranger": other}
        providers: list[Any] = [
            _named(
                provider(
                    f"https://127.0.0.1:{server.port}/providers/{name}",
                    server.identity.certificate.read_bytes(),
                ),
                name,
            )
            for name, server in places.items()
        ]
        theirs.apply(providers)
        theirs.load(templates, constraints)
        made = Both(theirs, ours, answers)
        for name in SHOWN:
            _until(partial(made.knows, name))
        _until(partial(made.knows, ""))
        yield made


def _until(is_done: Callable[[], bool]) -> None:
    end = time.monotonic() + READY_SECONDS
    while not is_done():
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (("signed",), (True, "")),
        (("unsigned",), (False, "[signed] unsigned: no signature")),
        (("signed", "unsigned"), (False, "[signed] unsigned: no signature")),
    ],
)
def test_it_denies_and_allows_by_our_answer(
    both: Both, images: tuple[str, ...], expected: tuple[bool, str]
) -> None:
    assert both.says(*images) == both.ours_says(*images) == expected


def test_silence_is_no_consent(both: Both) -> None:
    assert both.says("unheard-of") == (
        False,
        "[signed] unheard-of: provider 'signatures' knows nothing of it",
    )


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("down", 200, "the registry does not answer"),
        ("absent", 404, "there is no provider 'absent' here"),
        ("stranger", 401, "the caller shows no certificate of those who may ask providers"),
    ],
)
def test_a_refusal_is_a_failure_for_it(both: Both, name: str, status: int, said: str) -> None:
    allowed, message = both.says("signed", asks=name)
    assert not allowed
    assert json.loads(message.removeprefix(f"[{name}] ")) == {
        "errors": [],
        "responses": [],
        "status_code": status,
        "system_error": said,
    }


def test_what_changes_is_answered_from_then_on(both: Both) -> None:
    # Gatekeeper keeps what it was told of a key for three minutes, so each question is about another one.
    keys = [f"key-{number}" for number in range(1000)]
    both.answers.write_text(fixtures(unsigned="no signature", **dict.fromkeys(keys, "it was withdrawn")))
    _until(lambda: "it was withdrawn" in both.says(keys.pop())[1])
    shown = 'lockgate_provider_requests_total{answer="answered",provider="signatures"}'
    _until(lambda: shown in both.ours.probe("/metrics")[1])
