"""What a constraint is told of what it matches and is not asked about."""

from typing import Any

import pytest
from lockgate.gatekeeper.webhook_scope import plural
from lockgate.webhook.serving.unsent_kinds import NODE_KINDS, Unsent, unsent_of

ALL = ("CSINode", "CertificateSigningRequest", "Node", "VolumeAttachment")
NOTHING = Unsent((), (), ())


def kinds(*entries: tuple[list[str], list[str]], **others: Any) -> Any:
    return {"kinds": [{"apiGroups": groups, "kinds": names} for groups, names in entries], **others}


@pytest.mark.parametrize(
    ("match", "told"),
    [
        (None, Unsent((), (), ALL)),
        ({}, Unsent((), (), ALL)),
        ({"kinds": []}, Unsent((), (), ALL)),
        ({"kinds": [{}]}, Unsent((), (), ALL)),
        (kinds((["*"], ["*"])), Unsent((), (), ALL)),
        (kinds((["storage.k8s.io"], ["*"])), Unsent((), (), ("CSINode", "VolumeAttachment"))),
        ({"scope": "Namespaced"}, NOTHING),
        (kinds((["apps"], ["*"])), NOTHING),
        (kinds(([""], ["Pod", "ConfigMap"])), NOTHING),
        (kinds(([""], ["Node"])), Unsent((), ("Node",), ())),
        (kinds((["*"], ["Node"])), Unsent((), ("Node",), ())),
        (kinds((["apps"], ["Node"])), NOTHING),
        (kinds(([""], ["*", "Node"])), Unsent((), ("Node",), ())),
        (kinds((["*"], ["*"]), ([""], ["Node"])), Unsent((), ("Node",), (ALL[0], ALL[1], ALL[3]))),
        (kinds((["coordination.k8s.io"], ["Lease"]), (["*"], ["Event"])), Unsent(("Event", "Lease"), (), ())),
        (kinds((["authentication.k8s.io"], ["TokenReview"])), Unsent(("TokenReview",), (), ())),
        (
            kinds((["admissionregistration.k8s.io"], ["ValidatingWebhookConfiguration"])),
            Unsent(("ValidatingWebhookConfiguration",), (), ()),
        ),
    ],
)
def test_what_is_not_sent(match: Any, told: Unsent) -> None:
    assert unsent_of(match) == told
    assert len(told.notices()) == sum(map(bool, (told.never, told.partly, told.unnamed)))


def test_resources_are_those_of_the_kinds() -> None:
    assert [one.resource for one in NODE_KINDS] == [plural(one.kind) for one in NODE_KINDS]
