"""Makes the files of a PolicyBundle: policies as they are written, and beside them Rego that OPA can run.

OPA has one space of packages, and templates one each: the same name in two of them, and libraries that differ. Each
template's Rego is therefore put below `data.lockgate.templates.KIND`. Lockgate itself reads the policies and not that copy.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.engine.opa.rerooting import Places, names_used, package_of, reroot
from lockgate.engine.record import record
from lockgate.engine.rego.source import Source
from lockgate.engine.rego.version import RegoVersion
from lockgate.gatekeeper.template import Template
from lockgate.webhook.conftest_policies import SUFFIX, plain_sources
from lockgate.webhook.policy_bundle.bundle import (
    MANIFEST,
    OPA_NAMES,
    BundleFile,
    PolicyBundle,
    bundle_error,
    name_problem,
)
from lockgate.webhook.policy_bundle.strict_json import render_object
from lockgate.webhook.policy_sources import (
    SHIPPED_SHOWN,
    LoadedPolicies,
    Loader,
    policy_files,
    shipped_file,
)

_ROOT: Final = "lockgate.templates"
_PLAIN_KIND: Final = re.compile(r"[A-Z][A-Za-z0-9_]*")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXTERNAL: Final = "external_data"
_MAX_REVISION: Final = 200


@record
class Contents:
    """What goes into a bundle, its revision, and the templates whose Rego OPA cannot run."""

    files: tuple[BundleFile, ...]
    revision: str
    policies: int
    left_out: tuple[str, ...]


def gather(
    given: "Sequence[str | PolicyBundle]",
    loader: Loader,
    cwd: str,
    revision: str | None,
    shown: str,
    beside: Iterable[tuple[str, bytes, str]] = (),
) -> Contents:
    """The files for a bundle of these policies, which are loaded as a check would. Raises UsageError, PolicyErrors.

    beside: other files, by their names in it, with where they are from.
    """
    loaded = loader.given(given, cwd)
    files: dict[str, BundleFile] = {}
    is_plain = loaded.judges != "objects"
    version: RegoVersion = loader.conftest.version if loader.conftest is not None else "v1"
    sources = _plain_sources(given, version) if is_plain else _sources(given, cwd)
    for name, data, place in (*sources, *_shipped(loaded), *beside):
        problem = name_problem(name)
        if os.path.basename(name) in OPA_NAMES:
            problem = "OPA reads a file of this name as something else"
        if problem:
            raise bundle_error(shown, f"{place} cannot be in one: {problem}", "rename it")
        if name in files and files[name].data != data:
            raise bundle_error(shown, f"{name} would be in it twice", "give one folder that has both")
        files[name] = BundleFile(name, data)
    rego: list[BundleFile] = []
    left_out: list[str] = []
    if is_plain:
        roots = _roots(files.values(), version)
    else:
        rego, left_out = _for_opa(loaded.templates)
        roots = [_ROOT.replace(".", "/")]
    for one in rego:
        if one.name in files:
            raise bundle_error(shown, f"{one.name} would be in it twice", "rename it")
        files[one.name] = one
    made = tuple([files[name] for name in sorted(files)])
    said = _revision(revision, made)
    about = {"policySet": loaded.policies.digest, "notForOpa": left_out}
    manifest = {
        "revision": said,
        "roots": roots,
        # Templates are Rego v0 but for those that import v1.
        "rego_version": 1 if is_plain and version == "v1" else 0,
        "metadata": {"lockgate.dev/policy-bundle": about},
    }
    whole = (*made, BundleFile(MANIFEST, render_object(manifest)))
    return Contents(whole, said, len(loaded.policies.policies), tuple(left_out))


def _revision(given: str | None, files: Sequence[BundleFile]) -> str:
    if given is None:
        digest = sha256()
        for one in files:
            digest.update(f"{sha256(one.data).hexdigest()}  {one.name}\n".encode())
        return digest.hexdigest()
    if not 0 < len(given) <= _MAX_REVISION or not (given.isascii() and given.isprintable()):
        raise UsageError(
            f"--revision takes printable ASCII of at most {_MAX_REVISION} characters, such as a commit"
        )
    return given


def _folder(path: "str | PolicyBundle", given: "Sequence[str | PolicyBundle]") -> str:
    """Where the files of a path go: one folder's files keep their places, of several each has a folder of its own."""
    is_one_of_many = len(given) > 1 and isinstance(path, str) and os.path.isdir(path)
    return f"{os.path.basename(os.path.abspath(path))}/" if is_one_of_many and isinstance(path, str) else ""


def _sources(given: "Sequence[str | PolicyBundle]", cwd: str) -> Iterator[tuple[str, bytes, str]]:
    """Names in the bundle, bytes, and where they are from."""
    for path in given:
        for file in policy_files(path, cwd):
            if file.is_wanted():
                yield f"{_folder(path, given)}{file.name}", file.read(), file.shown


def _plain_sources(
    given: "Sequence[str | PolicyBundle]", version: RegoVersion
) -> Iterator[tuple[str, bytes, str]]:
    for path in given:
        if isinstance(path, str):
            for one in plain_sources([path], version):
                below = os.path.relpath(one.file, path) if os.path.isdir(path) else os.path.basename(path)
                yield f"{_folder(path, given)}{below.replace(os.sep, '/')}", one.text.encode(), one.file
        else:
            rego = [one for one in path.files if one.name.endswith(SUFFIX)]
            yield from [(one.name, one.data, path.place(one.name)) for one in rego]


def _shipped(loaded: LoadedPolicies) -> Iterator[tuple[str, bytes, str]]:
    """The templates that come with Lockgate and that the constraints use: a bundle is complete."""
    for template in loaded.templates:
        shown = template.document.file
        if shown.startswith(f"{SHIPPED_SHOWN}/"):
            yield f"shipped/{shown.removeprefix(f'{SHIPPED_SHOWN}/')}", shipped_file(shown), shown


def _for_opa(templates: Sequence[Template]) -> tuple[list[BundleFile], list[str]]:
    made: list[BundleFile] = []
    left_out: list[str] = []
    for template in templates:
        source = template.rego
        if source is None or any(_EXTERNAL in names_used(one) for one in (source.entry, *source.libs)):
            left_out.append(template.kind)
            continue
        kind = template.kind
        root = f"{_ROOT}.{kind}" if _PLAIN_KIND.fullmatch(kind) else f'{_ROOT}["{kind}"]'
        # Libraries with one text are one module.
        libs = {(one.text, one.version): one for one in source.libs}
        for number, one in enumerate([source.entry, *libs.values()]):
            package = "template" if number == 0 else None
            text = reroot(one, Places(root, package, "inventory"))
            name = "template" if number == 0 else f"lib{number}"
            made.append(BundleFile(f"opa/{kind}/{name}.rego", text.encode("utf-8", "surrogatepass")))
    return made, left_out


def _roots(files: Iterable[BundleFile], version: RegoVersion) -> list[str]:
    """The first words of the packages of plain Rego."""
    found: set[str] = set()
    for one in files:
        package = package_of(Source(one.data.decode("utf-8-sig"), one.name, version))
        word = _WORD.match(package)
        if word is None:
            return [""]
        found.add(word.group())
    return sorted(found)
