"""A ConstraintTemplate: a policy with parameters, as Gatekeeper's users write it.

After github.com/open-policy-agent/frameworks constraint/pkg (apis/templates, client, client/crds): one target, the
name that is the lower-case kind, a structural schema, and source code for one or more engines.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal, final

from lockgate.engine.codegen.values import Value, render_json
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.engine.kinds import split_api_version
from lockgate.engine.record import record
from lockgate.engine.rego.source import Source
from lockgate.gatekeeper.cel_source import CelSource, parse_cel_source
from lockgate.gatekeeper.fields import Field, root
from lockgate.gatekeeper.problems import PolicyErrors, Problem, policy_error
from lockgate.gatekeeper.scalar_text import ScalarText
from lockgate.gatekeeper.schema import ANYTHING, Schema, parse_schema
from lockgate.gatekeeper.schema_check import default_problems

if TYPE_CHECKING:
    from lockgate.engine.rego.version import RegoVersion

GROUP: Final = "templates.gatekeeper.sh"
KIND: Final = "ConstraintTemplate"
PROVIDERS_GROUP: Final = "externaldata.gatekeeper.sh"
EXPANSION_GROUP: Final = "expansion.gatekeeper.sh"
EXPANSION: Final = "ExpansionTemplate"
VERSIONS: Final = ("v1", "v1beta1", "v1alpha1")
TARGET: Final = "admission.k8s.gatekeeper.sh"
REGO: Final = "Rego"
CEL: Final = "K8sNativeValidation"
OPERATIONS: Final = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT")
# Kinds become the names of resources, which are DNS labels.
_LONGEST_NAME: Final = 63

EngineName = Literal["Rego", "K8sNativeValidation"]
EngineChoice = Literal["default", "rego"]


@record
class RegoSource:
    """The Rego of a template: the module with the rule `violation`, and its libraries."""

    texts: tuple[ScalarText, ...]
    version: "RegoVersion"

    @property
    def entry(self) -> Source:
        """The module with the rule."""
        return self._source(self.texts[0])

    @property
    def libs(self) -> tuple[Source, ...]:
        """The libraries."""
        return tuple(map(self._source, self.texts[1:]))

    def _source(self, text: ScalarText) -> Source:
        return Source(text.text, text.file, self.version, *text.start)


@final
class LazyDigest:
    """SHA-256 over a value as JSON, made when it is first asked for: who runs suites asks for none."""

    __slots__ = ("_made", "_value")

    def __init__(self, value: Callable[[], Value]) -> None:
        self._value = value
        self._made = ""

    def text(self) -> str:
        """The digest in hexadecimal."""
        if not self._made:
            from hashlib import sha256

            # Two threads that come here at once make the same.
            self._made = sha256(render_json(self._value()).encode()).hexdigest()
        return self._made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LazyDigest) and self.text() == other.text()

    def __hash__(self) -> int:
        return hash(self.text())


@record
class Template:
    """One template. `schema` is that of `spec.parameters`; None when constraints take no parameters.

    engines: those that have source code, in the order that Gatekeeper prefers them.
    operations: the admission operations that it is for; empty means all.
    """

    kind: str
    name: str
    version: str
    schema: Schema | None
    engines: tuple[EngineName, ...]
    rego: RegoSource | None
    cel: CelSource | None
    operations: tuple[str, ...]
    annotations: Mapping[str, str]
    document: Document
    lazy_digest: LazyDigest

    @property
    def digest(self) -> str:
        """SHA-256 over its spec."""
        return self.lazy_digest.text()

    def engine(self, choice: EngineChoice) -> EngineName:
        """The engine that evaluates it: Gatekeeper's own choice, or Rego where that is asked for and there."""
        if choice == "rego" and REGO in self.engines:
            return "Rego"
        return self.engines[0]


def is_template(value: Mapping[str, Value]) -> bool:
    """Is the object a ConstraintTemplate, of any version?"""
    return value.get("kind") == KIND and split_api_version(value.get("apiVersion"))[0] == GROUP


def is_provider(value: Mapping[str, Value]) -> bool:
    """Is the object a Provider of external data, of any version?"""
    return (
        value.get("kind") == "Provider" and split_api_version(value.get("apiVersion"))[0] == PROVIDERS_GROUP
    )


def is_expansion_template(value: Mapping[str, Value]) -> bool:
    """Is the object an ExpansionTemplate, of any version? What reads those is imported where there is one."""
    return value.get("kind") == EXPANSION and split_api_version(value.get("apiVersion"))[0] == EXPANSION_GROUP


def parse_template(document: Document) -> Template:
    """Reads a template and checks all but its code. Raises PolicyErrors with everything that is wrong."""
    top = root(document)
    version = split_api_version(document.value.get("apiVersion"))[1]
    if version not in VERSIONS:
        top.get("apiVersion").refuse(
            f"unknown version {version!r} of ConstraintTemplate", f"use one of {', '.join(VERSIONS)}"
        )
    errors: list[PolicyError] = []
    kind = name = ""
    try:
        kind, name = _names(top)
    except PolicyError as error:
        errors.append(error)
    schema = None
    try:
        schema = _schema(top.at("spec", "crd", "spec", "validation"), version)
    except PolicyError as error:
        errors.append(error)
    code = _Code((), None, None)
    operations: tuple[str, ...] = ()
    try:
        target = _target(top)
        operations = _operations(target)
        code = _code(target)
    except PolicyError as error:
        errors.append(error)
    annotations: dict[str, str] = {}
    try:
        annotations = top.at("metadata", "annotations").string_map()
    except PolicyError as error:
        errors.append(error)
    if errors:
        raise PolicyErrors(errors)
    return Template(
        kind=kind,
        name=name,
        version=version,
        schema=schema,
        engines=code.engines,
        rego=code.rego,
        cel=code.cel,
        operations=operations,
        annotations=annotations,
        document=document,
        lazy_digest=LazyDigest(lambda: _digested(document.value)),
    )


def _names(top: Field) -> tuple[str, str]:
    name = top.at("metadata", "name")
    kind = top.at("spec", "crd", "spec", "names", "kind")
    if not name.string():
        name.refuse("the ConstraintTemplate has no metadata.name", "name it as its kind, in lower case")
    if not kind.string():
        kind.refuse(
            f"ConstraintTemplate {name.string()!r} does not specify CRD Kind", "set spec.crd.spec.names.kind"
        )
    lower = kind.string().lower()
    if name.string().lower() != lower:
        name.refuse(
            f"the ConstraintTemplate's name {name.string()!r} is not equal to the lowercase of CRD's Kind: {lower!r}",
            f"rename the template to {lower!r}",
        )
    letters = lower.replace("-", "a")
    if not (letters.isascii() and letters.isalnum()) or len(lower) > _LONGEST_NAME or not lower[0].isalpha():
        kind.refuse(
            f"{kind.string()!r} cannot be a kind",
            f"use at most {_LONGEST_NAME} letters and digits, beginning with a letter",
        )
    return kind.string(), name.string()


def _schema(validation: Field, version: str) -> Schema | None:
    legacy = validation.get("legacySchema").boolean()
    if legacy is None:
        legacy = version != "v1"
    field = validation.get("openAPIV3Schema")
    if field.absent:
        return ANYTHING if legacy else None
    problems: list[Problem] = []
    schema = parse_schema(field.value, field.path, problems, legacy=legacy)
    if not problems:
        problems.extend(default_problems(schema, field.path))
    if problems:
        raise PolicyErrors([policy_error(field.document, problem) for problem in problems])
    return schema


def _target(top: Field) -> Field:
    targets = top.at("spec", "targets")
    found = targets.items()
    if len(found) == 0:
        targets.refuse(
            "no targets specified: ConstraintTemplate must specify one target", f"target: {TARGET}"
        )
    if len(found) > 1:
        found[1].refuse("multi-target templates are not currently supported", "keep one target")
    target = found[0].get("target")
    if target.string() != TARGET:
        target.refuse(
            f"target {target.string()!r} not recognized, known targets [{TARGET}]", f"set it to {TARGET}"
        )
    return found[0]


def _operations(target: Field) -> tuple[str, ...]:
    operations = target.get("operations")
    names = operations.strings()
    for index, name in enumerate(names):
        if name not in OPERATIONS:
            operations.get(index).refuse(f"unknown operation {name!r}", f"use {', '.join(OPERATIONS)}")
    if "*" in names and len(names) > 1:
        operations.refuse("'*' means every operation and stands alone", "keep '*', or name the operations")
    return names


@record
class _Code:
    engines: tuple[EngineName, ...]
    rego: RegoSource | None
    cel: CelSource | None


def _code(target: Field) -> _Code:
    engines: set[str] = set()
    unknown: list[str] = []
    rego: RegoSource | None = None
    cel: CelSource | None = None
    for code in target.get("code").items():
        engine = code.get("engine").string()
        if engine not in (REGO, CEL):
            unknown.append(engine)
            continue
        source = code.get("source")
        if not isinstance(source.value, dict):
            source.refuse(f"the source of engine {engine} must be an object")
        # Of several entries for an engine Gatekeeper takes the first.
        if engine == REGO and REGO not in engines and not target.get("rego").string():
            rego = _rego_code(source)
        if engine == CEL and CEL not in engines:
            cel = parse_cel_source(source)
        engines.add(engine)
    if target.get("rego").string():
        engines.add(REGO)
        rego = _rego(target.get("rego"), target.get("libs"), "v0")
    if not engines:
        given = f"; given: {', '.join(map(repr, unknown))}" if unknown else ""
        target.refuse(
            "no language driver is installed that handles this constraint template: "
            f"available drivers: {CEL}, {REGO}{given}",
            f"give `rego`, or `code` with engine Rego or {CEL}",
        )
    ordered: list[EngineName] = []
    if CEL in engines:
        ordered.append("K8sNativeValidation")
    if REGO in engines:
        ordered.append("Rego")
    return _Code(tuple(ordered), rego, cel)


def _rego_code(source: Field) -> RegoSource:
    if source.get("rego").absent:
        source.refuse("rego source missing required field: rego", "give the module under `source.rego`")
    # Any other word than v1 is v0 to Gatekeeper.
    version: RegoVersion = "v1" if source.get("version").string() == "v1" else "v0"
    return _rego(source.get("rego"), source.get("libs"), version)


def _rego(entry: Field, libs: Field, version: "RegoVersion") -> RegoSource:
    return RegoSource(
        tuple([ScalarText(one.string(), one.document, one.path) for one in (entry, *libs.items())]), version
    )


def _digested(value: dict[str, Value]) -> Value:
    return {"kind": KIND, "apiVersion": value.get("apiVersion"), "spec": value.get("spec")}
