"""What providers answer where none is asked: for suites, and for checks without a network.

    externalData:
      - provider: signatures
        values: {"registry.example/a@sha256:…": verified}
        errors: {"registry.example/b:1": no signature}
      - provider: registry
        systemError: it is down

The same list is `providers` of an object of kind ExternalData (`externaldata.lockgate.dev/v1alpha1`). A key, or a
provider, of which nothing is said leaves a policy that asks for it unevaluated; `otherwise` is the error of all keys of
which nothing is said, for a provider of which that is known.
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

_FIELDS: Final = ("provider", "values", "errors", "otherwise", "systemError")
_OK: Final = 200


@record
class Fixture:
    """What one provider says of keys; `system_error`: that it fails as a whole, if that is not empty.

    otherwise: the error of other keys; empty where nobody knows what would be said of them.
    """

    provider: str
    items: Mapping[str, Item]
    system_error: str
    otherwise: str = ""

    def item(self, key: str) -> Item:
        """What is said of a key. Raises UnansweredError."""
        found = self.items.get(key)
        if found is not None:
            return found
        if self.otherwise:
            return Item(key, None, self.otherwise)
        raise UnansweredError(
            f"what provider {self.provider[:200]!r} answers for {key[:200]!r} (externalData)"
        )


@final
class FixtureProviders:
    """Answers from fixtures; of two for one provider the last counts. `others` answers for all other providers."""

    def __init__(self, fixtures: Iterable[Fixture], others: Providers | None = None) -> None:
        self._others = others
        self._fixtures: Mapping[str, Fixture] = {one.provider: one for one in fixtures}

    def before(self, others: Providers | None) -> "FixtureProviders":
        """The same, with others who answer for all other providers."""
        return FixtureProviders(self._fixtures.values(), others)

    @property
    def names(self) -> frozenset[str]:
        """The providers of which something is said."""
        return frozenset(self._fixtures)

    def ask(self, provider: str, keys: tuple[str, ...], seconds: float | None) -> Reply:
        """The answer. Raises UnansweredError for a provider or a key of which nothing is said."""
        found = self._fixtures.get(provider)
        if found is None and self._others is not None:
            return self._others.ask(provider, keys, seconds)
        if found is None:
            raise UnansweredError(f"what provider {provider[:200]!r} answers (externalData)")
        if found.system_error:
            return Reply((), _OK, found.system_error, None)
        return Reply(tuple([found.item(key) for key in keys]), _OK if keys else 0, keeps_s=None)


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
        made[name] = Fixture(
            name, _items(one), one.get("systemError").string(), one.get("otherwise").string()
        )
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


def load_fixtures(documents: Iterable[Document]) -> tuple[Fixture, ...]:
    """What objects of kind ExternalData say together. Raises PolicyError."""
    made: dict[str, Fixture] = {}
    for document in documents:
        add_fixtures(made, parse_fixture_object(document), document)
    return tuple(made.values())


def add_fixtures(made: dict[str, Fixture], fixtures: Iterable[Fixture], document: Document) -> None:
    """Adds what one object says to what others do. Raises PolicyError, and adds nothing, where two speak for one."""
    found = {one.provider: one for one in fixtures}
    for name in found:
        if name in made:
            root(document).get("providers").refuse(
                f"provider {name!r} is given twice", "put all that it says into one"
            )
    made.update(found)
