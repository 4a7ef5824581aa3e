"""`trail.toml`: what a trail's home folder says of its log. Its paths count from that folder; it holds no secrets.

origin = "example.com/lockgate/prod"
store = "trail.db"                       # or postgresql://…; the password comes from PGPASSWORD or ~/.pgpass
signer = "file:keys/log.pem"             # or pkcs11:…
master-key = "file:keys/master.key"
instance = "ci"
administrator = "Example Ltd, platform team"
trust = "trust.toml"

[anchors]
when-unreachable = "one-confirms"        # refuse, one-confirms or go-on

[[anchors.file]]
path = "/mnt/elsewhere/last-seen"
administrator = "Example Ltd, platform team"
"""

import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from lockgate.engine.errors import Location, UsageError, os_reason
from lockgate.webhook.terminal import printable
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FILE_NAME: Final = "trail.toml"
LOG_KEY: Final = "log.vkey"
# A trail's configuration of a hundred witnesses takes 20 KB.
MAX_BYTES: Final = 256 * 1024

Text = Annotated[str, Field(min_length=1, max_length=1024)]
Model = TypeVar("Model", bound=BaseModel)


def _dashed(name: str) -> str:
    return name.replace("_", "-")


class Table(BaseModel):
    """Base of what is read from TOML: unknown keys are errors, and names have dashes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, alias_generator=_dashed)


class FileAnchor(Table):
    """A file in another place that remembers how far the log was."""

    path: Text
    administrator: Text


class ConfigMapAnchor(Table):
    """A ConfigMap that remembers how far the log was."""

    namespace: Text
    name: Text
    administrator: Text
    context: str = ""


class Anchors(Table):
    """What remembers the log outside of its database, besides the witnesses of the trust file."""

    when_unreachable: Literal["refuse", "one-confirms", "go-on"] = "one-confirms"
    file: list[FileAnchor] = []
    configmap: list[ConfigMapAnchor] = []


class TrailConfig(Table):
    """The whole of `trail.toml`."""

    origin: Text
    store: Text
    signer: Text
    master_key: Text
    instance: Text
    administrator: Text
    trust: Text = "trust.toml"
    anchors: Anchors = Anchors()


_MAKE_TRAIL: Final = "make a trail with `lockgate audit init`"


def read_table(path: Path, model: type[Model], hint: str = _MAKE_TRAIL) -> Model:
    """A TOML file as its model. Raises UsageError with the line of what is wrong, or the hint where there is none."""
    return parse_table(read_table_bytes(path, hint), str(path), model)


def read_table_bytes(path: Path, hint: str = _MAKE_TRAIL) -> bytes:
    """The bytes of such a file. Raises UsageError, with the hint where there is none."""
    shown = printable(str(path))
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"there is no {shown}", hint=hint) from None
    except OSError as error:
        raise UsageError(f"cannot read {shown}: {os_reason(error)}") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{shown} is larger than {MAX_BYTES // 1024} KiB")
    return data


def parse_table(data: bytes, place: str, model: type[Model]) -> Model:
    """The bytes of a TOML file as its model. Raises UsageError with the place, and the line, of what is wrong."""
    shown = printable(place)
    try:
        text = data.decode("utf-8")
        made = tomllib.loads(text)
    except UnicodeDecodeError:
        raise UsageError(f"{shown} is not UTF-8") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{shown} is no valid TOML: {printable(str(error))}") from None
    try:
        return model.model_validate(made)
    except ValidationError as error:
        raise _explained(error, place, text) from None


def read_trail_config(home: Path) -> TrailConfig:
    """The configuration in a trail's home. Raises UsageError."""
    if not home.is_dir():
        raise UsageError(
            f"there is no folder {printable(str(home))}", hint="make a trail with `lockgate audit init`"
        )
    return read_table(home / FILE_NAME, TrailConfig)


def store_url(home: Path, store: str) -> str:
    """A store's URL, with a plain path or `sqlite:///` path counted from the home."""
    if "://" in store and not store.startswith("sqlite:///"):
        return store
    return f"sqlite:///{home / store.removeprefix('sqlite:///')}"


def _explained(error: ValidationError, file: str, text: str) -> UsageError:
    """The first problem, with the line of its key."""
    first = error.errors(include_url=False, include_input=False)[0]
    keys = [str(part) for part in first["loc"] if isinstance(part, str)]
    key = keys[-1] if keys else ""
    message = {
        "missing": f"{key} is missing",
        "extra_forbidden": f"there is no setting {printable(key)}",
    }.get(first["type"], f"{printable(key)}: {first['msg']}")
    wanted = keys[-2] if first["type"] == "missing" and len(keys) > 1 else key
    lines = text.splitlines()
    start = _start_of(first["loc"], lines)
    for number, line in enumerate(lines[start:], start + 1):
        name = line.split("=")[0].strip(' []"').rpartition(".")[2]
        if wanted and name == wanted:
            return UsageError(message, location=Location(file, number, 1), quoted=line)
    return UsageError(message, location=Location(file, 1, 1))


def _start_of(place: tuple[int | str, ...], lines: list[str]) -> int:
    """Behind which line the table of a place begins, of an array of tables that is named at the top."""
    if len(place) < 2 or not isinstance(place[1], int):
        return 0
    heads = [number for number, line in enumerate(lines) if line.split("#")[0].strip() == f"[[{place[0]}]]"]
    return heads[place[1]] if place[1] < len(heads) else 0
