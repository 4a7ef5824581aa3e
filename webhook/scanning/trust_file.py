"""`facts-trust.toml`: whose facts count, for whoever verifies them; kept apart from what is verified.

minimum-scanner = "0.1.0"
minimum-rules = 1
revoked-scanners = ["0.1.1"]
maximum-age = 2592000                    # seconds since a log recorded the facts
maximum-resolution-age = 86400           # and since it recorded what a tag or a branch is; an hour at least

[[producer]]
name = "model-ci"
key = "model-ci.pub.pem"                 # counted from this file's folder
repositories = ["hf://example/*", "s3://models/fraud/*"]
environments = ["production"]            # "*": every one
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final

from lockgate.audit.attestations.facts_statement import parse_version
from lockgate.audit.attestations.facts_trust import FactsTrust, Producer
from lockgate.audit.dsse import parse_public_key
from lockgate.engine.errors import LockgateError, UsageError
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.terminal import printable
from lockgate.webhook.trail_config import Table, Text, parse_table, read_table_bytes
from pydantic import Field

_LARGEST_KEY: Final = 16 * 1024
_HINT: Final = "write one: docs/models.md, whose facts count"


class ProducerTable(Table):
    """Who may sign facts."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    key: Text
    repositories: Annotated[list[Text], Field(min_length=1)]
    environments: Annotated[list[Text], Field(min_length=1)]


class TrustTable(Table):
    """The whole of `facts-trust.toml`."""

    producer: Annotated[list[ProducerTable], Field(min_length=1)]
    minimum_scanner: Text = "0"
    minimum_rules: Annotated[int, Field(ge=0)] = 0
    revoked_scanners: list[Text] = []
    maximum_age: Annotated[int, Field(gt=0)] | None = None
    # A server looks at ages once an hour.
    maximum_resolution_age: Annotated[int, Field(ge=3600)] | None = None


def read_facts_trust(path: str) -> FactsTrust:
    """What a trust file says. Raises UsageError, naming the file."""
    return parse_facts_trust(
        read_table_bytes(Path(path), _HINT),
        path,
        lambda named: read_regular(
            str(Path(path).parent / named), f"the key {printable(named)}", _LARGEST_KEY
        ),
    )


def parse_facts_trust(data: bytes, place: str, key_of: Callable[[str], bytes]) -> FactsTrust:
    """What the bytes of a trust file say. key_of: the bytes of a key by its name there. Raises UsageError, naming the place."""
    shown = printable(place)
    made = parse_table(data, place, TrustTable)
    names = [one.name for one in made.producer]
    if len(set(names)) != len(names):
        raise UsageError(f"{shown} has two producers of one name")
    try:
        producers = [
            Producer(
                one.name,
                parse_public_key(key_of(one.key)),
                tuple(one.repositories),
                tuple(one.environments),
            )
            for one in made.producer
        ]
        return FactsTrust(
            tuple(producers),
            parse_version(made.minimum_scanner, "minimum-scanner"),
            made.minimum_rules,
            frozenset([parse_version(one, "a revoked scanner") for one in made.revoked_scanners]),
            made.maximum_age,
            made.maximum_resolution_age,
        )
    except LockgateError as error:
        raise UsageError(f"{shown}: {error.message}", hint=error.hint) from None


def trust_files(path: str) -> Iterator[tuple[str, bytes]]:
    """The trust file, named "", and each key, as the file names it. Raises UsageError for what cannot be used."""
    read_facts_trust(path)
    data = read_table_bytes(Path(path), _HINT)
    yield "", data
    for named in sorted({one.key for one in parse_table(data, path, TrustTable).producer}):
        place = str(Path(path).parent / named)
        yield named, read_regular(place, f"the key {printable(named)}", _LARGEST_KEY)
