"""What providers answer where none is asked: for suites, and for checks without a network.

    externalData:
      - provider: signatures
        values: {"registry.example/a@sha256:…": verified}
        errors: {"registry.example/b:1": no signature}
      - provider: registry
        systemError: it is down

The same list is `providers` of an object of kind ExternalData (`externaldata.lockgate.dev/v1alpha1`). A key, or a
provider, of which nothing is said leaves a policy that asks for it unevaluated.
"""

from collections.abc import Iterable, Mapping
from typing import Final, final

from lockgate.engine.decision import Item, Reply
from lockgate.engine.documents.document import Document
from lockgate.engine.external_data import Providers, UnansweredError
from lockgate.engine.record import record
from lockgate.gatekeeper.external_data.kinds import FIXTURES_KIND, FIXTURES_VERSION
from lockgate.gatekeeper.external_data.wire import float_numbers
from lockgate.gatekeeper.fields import Field, root

_FIELDS: Final = ("provider", "values", "errors", "systemError")
_OK: Final = 200


@record
class Fixture:
    """What one provider says of keys; `system_error`: that it fails as a whole, if that is not empty."""

    provider: str
    items: Mapping[str, Item]
    system_error: str


@final
class FixtureProviders:
    """Answers from fixtures; of two for one provider the last counts. `others` answers for all other providers."""

    def __init__(self, fixtures: Iterable[Fixture], others: Providers | None = None) -> None:
        self._others = others
        self._fixtures: Mapping[str, Fixture] = {one.provider: one for one in fixtures}

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer. Raises UnansweredError for a provider or a key of which nothing is said."""
        found = self._fixtures.get(provider)
        if found is None and self._others is not None:
            return self._others.ask(provider, keys, seconds)
        if found is None:
            raise UnansweredError(f"what provider {provider[:200]!r} answers (externalData)")
        if found.system_error:
            return Reply((), _OK, found.system_error)
        for key in keys:
            if key not in found.items:
                raise UnansweredError(
                    f"what provider {provider[:200]!r} answers for {key[:200]!r} (externalData)"
                )
        return Reply(tuple([found.items[key] for key in keys]), _OK if keys else 0)


def parse_fixtures(field: Field) -> tuple[Fixture, ...]:
    """Reads a list of fixtures. Raises PolicyError with the place of what is wrong."""
    made: dict[str, Fixture] = {}
    for one in field.items():
        for given in one.mapping():
            if given not in _FIELDS:
                one.get(given).refuse(f"unknown field {one.name}.{given}", f"there are {', '.join(_FIELDS)}")
        provider = one.get("provider")
        name = provider.string()
        if not name:
            provider.refuse(f"{provider.name} is missing", "name the provider as the policy does")
        if name in made:
            provider.refuse(f"provider {name!r} is given twice", "put all that it says into one")
        made[name] = Fixture(name, _items(one), one.get("systemError").string())
    return tuple(made.values())


def _items(fixture: Field) -> dict[str, Item]:
    values, errors = fixture.get("values"), fixture.get("errors")
    items = {key: Item(key, float_numbers(value)) for key, value in values.mapping().items()}
    for key, text in errors.string_map().items():
        if key in items:
            errors.get(key).refuse(f"key {key!r} has a value and an error", "remove one")
        if not text:
            errors.get(key).refuse(f"the error of key {key!r} is empty", "say what the provider says")
        items[key] = Item(key, None, text)
    return items


def parse_fixture_object(document: Document) -> tuple[Fixture, ...]:
    """Reads an object of kind ExternalData. Raises PolicyError."""
    top = root(document)
    version = top.get("apiVersion")
    if version.string() != FIXTURES_VERSION:
        version.refuse(
            f"invalid {FIXTURES_KIND}: unsupported version {version.string()!r}", f"write {FIXTURES_VERSION}"
        )
    return parse_fixtures(top.get("providers"))
