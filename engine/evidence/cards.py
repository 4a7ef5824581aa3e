"""What is said of a model's licence and data: model cards (front matter) and CycloneDX bills of materials."""

from collections.abc import Iterator
from typing import Any, Final

from lockgate.engine.errors import InputError
from lockgate.engine.evidence.evidence import MAX_NAMES, Evidence, digests, moment, text_of, texts
from lockgate.engine.foreign_documents import Part, parse_foreign_yaml

_MARK: Final = b"---"
MAX_FRONT_MATTER: Final = 256 * 1024
_MODEL: Final = "machine-learning-model"
_VERSIONS: Final = frozenset({"1.5", "1.6", "1.7"})


def front_matter(data: bytes, what: str) -> Part | None:
    """The YAML between the first two lines of dashes (https://huggingface.co/docs/hub/model-cards); None without."""
    lines = data[: MAX_FRONT_MATTER + 8].splitlines(keepends=True)
    if not lines or lines[0].strip() != _MARK:
        return None
    for place, line in enumerate(lines[1:], 1):
        if line.rstrip() == _MARK:
            text = b"".join(lines[1:place])
            return (
                parse_foreign_yaml(text, f"the front matter of {what}", MAX_FRONT_MATTER)
                if text.strip()
                else None
            )
    raise InputError(f"the front matter of {what} has no end, or is larger than {MAX_FRONT_MATTER >> 10} KiB")


def read_card(matter: Part) -> Evidence:
    """A model card. `other` as a licence names nothing: its own name counts then."""
    licenses = texts(matter.maybe("license"))
    if licenses == ["other"] and matter.maybe("license_name") is not None:
        licenses = [matter.get("license_name").text()]
    fields: dict[str, Any] = {
        "licenses": licenses,
        "datasets": texts(matter.maybe("datasets")),
        "baseModels": texts(matter.maybe("base_model")),
        "library": text_of(matter.maybe("library_name")),
        "task": text_of(matter.maybe("pipeline_tag")),
    }
    return Evidence("card", "", "", (), fields)


def is_bom(whole: Part) -> bool:
    """Is it a bill of materials of CycloneDX?"""
    return bool(whole.value.get("bomFormat") == "CycloneDX")


def _models(whole: Part) -> Iterator[Part]:
    described = whole.at("metadata", "component")
    listed = whole.maybe("components")
    for one in (*([described] if described else []), *(listed.items(MAX_NAMES) if listed else [])):
        if text_of(one.maybe("type")) == _MODEL:
            yield one


def _licenses(component: Part) -> Iterator[str]:
    listed = component.maybe("licenses")
    for one in listed.items(MAX_NAMES) if listed else ():
        expression = one.maybe("expression")
        if expression is not None:
            yield expression.text()
        for key in ("id", "name"):
            found = one.at("license", key)
            if found is not None:
                yield found.text()


def _datasets(component: Part) -> Iterator[str]:
    listed = component.at("modelCard", "modelParameters", "datasets")
    for one in listed.items(MAX_NAMES) if listed else ():
        for key in ("name", "ref"):
            if one.maybe(key) is not None:
                yield one.get(key).text()
                break


def _base_models(component: Part) -> Iterator[str]:
    listed = component.at("pedigree", "ancestors")
    for one in listed.items(MAX_NAMES) if listed else ():
        yield one.get("name").text()


def _subjects(component: Part) -> Iterator[str]:
    listed = component.maybe("hashes")
    for one in listed.items(MAX_NAMES) if listed else ():
        if text_of(one.maybe("alg")) == "SHA-256":
            yield from digests(one.get("content"))


def read_bom(whole: Part) -> Evidence:
    """The models of a bill of materials (https://cyclonedx.org/capabilities/mlbom/). Raises InputError without any."""
    version = whole.get("specVersion").text()
    if version not in _VERSIONS:
        whole.refuse(f"is of CycloneDX {version[:20]}; models are in 1.5 to 1.7")
    models = list(_models(whole))
    if not models:
        whole.refuse("has no component that is a machine-learning-model")
    fields: dict[str, Any] = {
        "specVersion": version,
        "models": sorted({one.get("name").text() for one in models}),
        "licenses": sorted({name for one in models for name in _licenses(one)}),
        "datasets": sorted({name for one in models for name in _datasets(one)}),
        "baseModels": sorted({name for one in models for name in _base_models(one)}),
    }
    subjects = tuple(sorted({digest for one in models for digest in _subjects(one)}))
    return Evidence("bom", "", moment(whole.at("metadata", "timestamp")), subjects, fields)
