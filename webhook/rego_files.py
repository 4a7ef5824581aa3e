"""Reads Rego and data from files and folders, as `opa test` does.

After OPA's v1/loader: of a folder, `.rego` files are modules and `.json`, `.yaml` and `.yml` files data, each at the place
under `data` that its folders name; a file given by itself is at the root. Of a bundle (a folder with a `.manifest`, or
any with --bundle) only `data.json`, `data.yaml` and `data.yml` are data, and `.manifest` tells the version of Rego.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from lockgate.engine.codegen.values import Value, parse_json
from lockgate.engine.errors import InputError, UsageError, os_reason
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.yaml_text import yaml_unmarshal
from lockgate.engine.rego.errors import Problem, RegoError
from lockgate.engine.rego.explanation import Text
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.spans import Spans
from lockgate.engine.rego.version import RegoVersion
from lockgate.webhook.policy_sources import names_bundle

if TYPE_CHECKING:
    from lockgate.webhook.policy_bundle.bundle import PolicyBundle

MANIFEST: Final = ".manifest"
# Data of tests is written by people; what is larger would not fit the values that are made of it.
MAX_FILE_BYTES: Final = 32 * 1024 * 1024
# Folders deeper than this hold a loop of links.
MAX_FOLDERS: Final = 64
_DATA_NAMES: Final = frozenset({"data.json", "data.yaml", "data.yml"})
_YAML: Final = (".yaml", ".yml")


@record
class Loaded:
    """What paths hold: policies in the order of their files, and the data beside them."""

    texts: tuple[Text, ...]
    data: dict[str, Value]


@record
class Options:
    """How to read. ignored: patterns of file and folder names to leave out."""

    version: RegoVersion
    bundles: bool
    ignored: tuple[str, ...]


@record
class _Found:
    path: str
    place: tuple[str, ...]
    version: RegoVersion


class _Clock:
    """Reading data needs no clock and has no budget: files are bounded by their size."""

    now_ns = 0

    def spend(self, steps: int) -> None:
        """Costs nothing."""


def load_rego(paths: Sequence[str], options: Options) -> Loaded:
    """Reads policies and data. Raises UsageError for what cannot be read, RegoError for what does not parse."""
    texts: list[Text] = []
    problems: list[Problem] = []
    data: dict[str, Value] = {}
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for path in paths:
        if names_bundle(path):
            for source in _opened(path, options.version):
                try:
                    texts.append(_parse(source))
                except RegoError as error:
                    problems.extend(error.errors)
            continue
        for found in _files(path, options):
            key = (os.path.realpath(found.path), found.place)
            if key in seen:
                continue
            seen.add(key)
            if found.path.endswith(".rego"):
                try:
                    texts.append(_parse(_source(found)))
                except RegoError as error:
                    problems.extend(error.errors)
            else:
                _merge(data, _placed(_value(found.path), found), found.path, ())
    if problems:
        raise RegoError(problems)
    return Loaded(tuple(texts), data)


def read_sources(paths: Sequence[str], options: Options) -> list[Source]:
    """The texts of the policies, not parsed. Raises UsageError for what cannot be read."""
    made: dict[str, Source] = {}
    for path in paths:
        for found in _files(path, options):
            if found.path.endswith(".rego"):
                made.setdefault(os.path.realpath(found.path), _source(found))
    return list(made.values())


def bundled_sources(bundle: "PolicyBundle", default: RegoVersion) -> list[Source]:
    """The texts of the policies in a PolicyBundle, of the version that it states."""
    version = default
    for one in bundle.files:
        if one.name == MANIFEST:
            place = bundle.place(one.name)
            version = _stated_version(_parsed(_decoded(one.data, place), place), default)
    rego = [(bundle.place(one.name), one.data) for one in bundle.files if one.name.endswith(".rego")]
    return [Source(_decoded(data, place), place, version) for place, data in rego]


def _files(path: str, options: Options) -> Iterator[_Found]:
    if not os.path.exists(path):
        raise UsageError(f"{path}: no such file or folder")
    if not os.path.isdir(path):
        if not path.endswith((".rego", ".json", *_YAML)):
            raise UsageError(
                f"{path} is neither Rego nor data", hint="name .rego, .json or .yaml files, or folders"
            )
        yield _Found(path, (), options.version)
        return
    manifest = os.path.join(path, MANIFEST)
    is_bundle = options.bundles or os.path.isfile(manifest)
    version = _manifest_version(manifest, options.version) if os.path.isfile(manifest) else options.version
    for folder, place in _folders(path, (), options.ignored):
        for name in _names(folder, options.ignored):
            full = os.path.join(folder, name)
            if os.path.isdir(full):
                continue
            is_data = name in _DATA_NAMES if is_bundle else name.endswith((".json", *_YAML))
            if is_data or name.endswith(".rego"):
                yield _Found(full, place, version)


def _names(folder: str, ignored: Sequence[str]) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise UsageError(f"cannot read {folder}: {os_reason(error)}") from error
    return [name for name in names if not any(fnmatchcase(name, pattern) for pattern in ignored)]


def _folders(
    path: str, place: tuple[str, ...], ignored: Sequence[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if len(place) > MAX_FOLDERS:
        raise UsageError(f"{path}: more than {MAX_FOLDERS} folders deep")
    yield path, place
    for name in _names(path, ignored):
        full = os.path.join(path, name)
        if os.path.isdir(full):
            yield from _folders(full, (*place, name), ignored)


def _manifest_version(path: str, default: RegoVersion) -> RegoVersion:
    return _stated_version(_value(path), default)


def _stated_version(value: Value, default: RegoVersion) -> RegoVersion:
    stated = value.get("rego_version") if isinstance(value, dict) else None
    return "v0" if stated == 0 else "v1" if stated == 1 else default


def read_bytes(path: str) -> bytes:
    """The bytes of a file that is read whole. Raises UsageError, for one over the limit too."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {os_reason(error)}") from error
    if len(content) > MAX_FILE_BYTES:
        raise UsageError(f"{path} is larger than {MAX_FILE_BYTES >> 20} MiB")
    return content


def _text(path: str) -> str:
    return _decoded(read_bytes(path), path)


def _decoded(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8") from error


def _source(found: _Found) -> Source:
    return Source(_text(found.path), found.path, found.version)


def _opened(path: str, default: RegoVersion) -> list[Source]:
    from lockgate.webhook.policy_bundle.opening import Opening

    return [
        source
        for bundle in Opening(os.getcwd()).open([path])
        if not isinstance(bundle, str)
        for source in bundled_sources(bundle, default)
    ]


def _parse(source: Source) -> Text:
    spans = Spans()
    return Text(source, parse_module(source, spans), spans)


def _value(path: str) -> Value:
    return _parsed(_text(path), path)


def _parsed(text: str, path: str) -> Value:
    try:
        if path.endswith(_YAML):
            return yaml_unmarshal(_Clock(), text)
        return parse_json(text)
    except (InputError, BuiltinError) as error:
        raise UsageError(f"{path}: {error.message}") from error


def _placed(value: Value, found: _Found) -> dict[str, Value]:
    if not isinstance(value, dict):
        if not found.place:
            raise UsageError(
                f"{found.path}: data must be an object", hint="put it below a key, or into a folder"
            )
        return _below(found.place[:-1], {found.place[-1]: value})
    return _below(found.place, value)


def _below(place: tuple[str, ...], value: dict[str, Value]) -> dict[str, Value]:
    for name in reversed(place):
        value = {name: value}
    return value


def _merge(into: dict[str, Value], value: Mapping[str, Value], path: str, place: tuple[str, ...]) -> None:
    """Adds data to what other files hold; they may meet in objects only."""
    for name, member in value.items():
        if name not in into:
            into[name] = member
            continue
        known = into[name]
        if not (isinstance(known, dict) and isinstance(member, dict)):
            shown = ".".join(("data", *place, name))
            raise UsageError(
                f"{path}: {shown} is given by another file already",
                hint="leave one of them out with --ignore; manifests and samples are no data of policies",
            )
        merged = dict(known)
        _merge(merged, member, path, (*place, name))
        into[name] = merged
