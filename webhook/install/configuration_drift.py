"""How a ValidatingWebhookConfiguration differs from what was installed, in what decides about who is asked. Pure.

`rules` and `caBundle` are the server's to write, and where a webhook is reached is whoever's who installed it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lockgate.webhook.install.settings import CONFIGURATION, InstallSettings
from lockgate.webhook.install.webhooks import webhook_configuration

# With what the API server puts where nothing is given.
_FIELDS: Final[Mapping[str, Any]] = {
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "sideEffects": None,
    "namespaceSelector": {},
    "objectSelector": {},
    "matchConditions": [],
}
_MAX_SHOWN: Final = 200


def configuration_problems(
    settings: InstallSettings, found: Mapping[str, Any] | None
) -> Iterator[tuple[str, str]]:
    """By webhook, what is not as installed. found: the configuration; None where there is none."""
    if found is None:
        yield f"ValidatingWebhookConfiguration {CONFIGURATION}", "it is not there: nothing is judged"
        return
    there = {one.get("name"): one for one in found.get("webhooks") or () if isinstance(one, dict)}
    for wanted in webhook_configuration(settings)["webhooks"]:
        name = wanted["name"]
        one = there.get(name)
        differences = ["it is not there"] if one is None else [*_differences(one, wanted)]
        if differences:
            yield f"webhook {name}", "; ".join(differences)


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for field, usual in _FIELDS.items():
        is_so, has_to_be = found.get(field) or usual, wanted.get(field) or usual
        if is_so != has_to_be:
            yield f"its {field} is {_shown(is_so)}, and not {_shown(has_to_be)}"


def _shown(value: Any) -> str:
    text = str(value) if value else "empty"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
