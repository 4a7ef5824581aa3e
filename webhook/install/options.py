"""The options of `lockgate install` as text, which an installation keeps, so that it can be made again."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from lockgate.engine.errors import UsageError
from lockgate.webhook.install.settings import InstallSettings, check_settings

MAX_TEXT: Final = 16 * 1024
_TEXTS: Final[Mapping[str, str]] = {
    "--image": "image",
    "--namespace": "namespace",
    "--mode": "mode",
    "--replicas": "replicas",
    "--database": "database",
    "--database-namespace": "database_namespace",
    "--certificates": "certificates",
    "--storage": "storage",
    "--sweep-interval": "sweep_s",
    "--memory": "memory",
    "--workers": "workers",
    "--cluster-name": "cluster_name",
}
_LISTS: Final[Mapping[str, str]] = {
    "--exclude-namespace": "excluded_namespaces",
    "--api-server": "api_server_ranges",
    "--client-name": "client_names",
    "--enforce-namespace": "enforced_namespaces",
    "--namespace-editor": "namespace_editors",
    "--provider-port": "provider_ports",
    "--node-agent": "node_agents",
    "--guarded-label": "guarded_labels",
}
# Options that are there or not, by the settings' field.
_FLAGS: Final[Mapping[str, str]] = {
    "--beside-gatekeeper": "beside_gatekeeper",
    # The token itself is kept where only the server reads it, and in the webhooks' paths.
    "--token-file=token": "has_token",
    "--with=monitoring": "has_monitoring",
    "--with=external-data": "has_external_data",
    "--with=gatekeeper-providers": "answers_gatekeeper",
    "--with=promotions": "reads_promotions",
    "--with=raised-namespaces": "judges_raised",
}
_NUMBERS: Final = ("replicas", "sweep_s", "workers")
_CHOICES: Final = {
    "mode": ("observe", "enforce"),
    "database": ("sqlite", "postgres"),
    "certificates": ("own", "cert-manager"),
}


def render_options(settings: InstallSettings) -> str:
    """The options that make these settings, those that are not as they are anyway."""
    usual = InstallSettings("")
    made: list[str] = []
    for option, field in _TEXTS.items():
        value = getattr(settings, field)
        if value != getattr(usual, field) or field == "replicas":
            made.append(f"{option}={value}")
    for option, field in _LISTS.items():
        made += [f"{option}={value}" for value in getattr(settings, field)]
    made += [option for option, field in _FLAGS.items() if getattr(settings, field)]
    return shlex.join(made)


def parse_options(text: str) -> InstallSettings:
    """Reads them back. Raises UsageError."""
    found: dict[str, Any] = {}
    try:
        words = shlex.split(text) if len(text) <= MAX_TEXT else [""]
    except ValueError:
        words = [""]
    for word in words:
        option, _, value = word.partition("=")
        if option in _TEXTS:
            field = _TEXTS[option]
            if value not in _CHOICES.get(field, (value,)):
                raise _unreadable(word)
            found[field] = _number(word, value) if field in _NUMBERS else value
        elif option in _LISTS:
            found[_LISTS[option]] = (*found.get(_LISTS[option], ()), value)
        elif word in _FLAGS:
            found[_FLAGS[word]] = True
        else:
            raise _unreadable(word)
    settings = replace(InstallSettings(""), **found)
    check_settings(settings)
    return settings


def _number(word: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) < 6):
        raise _unreadable(word)
    return int(value)


def _unreadable(word: str) -> UsageError:
    return UsageError(f"{word[:80]!r} is no option of `lockgate install`")
