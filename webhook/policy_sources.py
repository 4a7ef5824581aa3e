"""Where policies come from: `-p`, else the configuration, else the shipped baseline profile.

In a folder every *.yaml, *.yml and *.json with Gatekeeper's kinds counts, except `samples/` beside a `suite.yaml`: those
are a suite's test data, and its constraints are not meant to be enforced. Name such a file itself to use it.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

from lockgate.engine.bounded_reading import read_up_to
from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import Duplicates, read_documents
from lockgate.engine.errors import Location, PolicyError, UsageError, os_reason
from lockgate.engine.kinds import split_api_version
from lockgate.engine.policy import PolicySet
from lockgate.engine.record import record
from lockgate.gatekeeper.constraint import is_constraint
from lockgate.gatekeeper.enforcement import EnforcementPoint
from lockgate.gatekeeper.exemptions.kinds import GROUP, is_about_exemptions
from lockgate.gatekeeper.loader import Loaded, load_policies
from lockgate.gatekeeper.problems import PolicyErrors
from lockgate.gatekeeper.rego_template import ShowCode
from lockgate.gatekeeper.sync import is_config, is_sync_set
from lockgate.gatekeeper.template import (
    EngineChoice,
    Template,
    is_expansion_template,
    is_provider,
    is_template,
)
from lockgate.webhook.report import Unevaluated
from lockgate.webhook.walk import SUFFIXES, shown_path

if TYPE_CHECKING:
    from lockgate.gatekeeper.promotions.loading import Promotions
    from lockgate.webhook.conftest_policies import ConftestOptions
    from lockgate.webhook.opa_engine import OpaEngine
    from lockgate.webhook.policy_bundle.bundle import PolicyBundle

# The shipped policies lie beside this package; found without importlib.resources, which costs 20 ms.
SHIPPED: Final = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "policies")
# How messages name it.
SHIPPED_SHOWN: Final = "lockgate/policies"
BASELINE: Final = os.path.join(SHIPPED, "profiles", "baseline.yaml")

# What `gatekeeper.webhook_scope` reads; that is imported where there is one.
WEBHOOK_CONFIGURATION: Final = "ValidatingWebhookConfiguration"
NOT_CONFIGURED: Final = "lockgate.dev/not-configured"
NEEDS: Final = "lockgate.dev/needs"

MAX_POLICY_BYTES: Final = 8 * 1024 * 1024

# How a path names a PolicyBundle: as an archive by its ending, with its digest after this, or by what is in a folder.
ARCHIVES: Final = (".tar.gz", ".tgz")
PIN: Final = "@sha256:"
_LAYOUT: Final = "oci-layout"

_MARK: Final = b"gatekeeper.sh"
# The group of PromotionPolicies; `gatekeeper.promotions` is imported where there is one.
_PROMOTIONS: Final = "promotion.lockgate.dev"
# Likewise of DeviceQuotas.
_QUOTAS: Final = "quota.lockgate.dev"
_OTHER_MARKS: Final = (
    GROUP.encode(),
    WEBHOOK_CONFIGURATION.encode(),
    b"externaldata.lockgate.dev",
    _PROMOTIONS.encode(),
    _QUOTAS.encode(),
)
# Where the Rego of a shipped template starts: nine tenths of it, and not needed to say what a rule lacks.
_TARGETS: Final = b"\n  targets:\n"
# What Gatekeeper would act on, and Lockgate does not: it is said by name, since it may change a verdict.
_MUTATIONS: Final = "mutations.gatekeeper.sh"
_MUTATION_NEEDS: Final = (
    "mutation, which is not built yet: objects, and what they imply, are judged as they are written"
)


# Paths of files and folders, and PolicyBundles that have been opened.
Sources = Sequence["str | PolicyBundle"]

# What becomes of a folder's files that have no mark of a policy. A server reads them all the same: one that cannot be read
# may have been a policy, and who runs `check` sees what it did not judge by, while nobody watches a server.
Unmarked = Literal["passed over", "read"]

# What policies are about: Kubernetes' objects, whole documents of any kind, or all documents as one.
Judges = Literal["objects", "documents", "combined"]


@record
class LoadedPolicies:
    """Compiled policies with what they need, what is not configured in them, and remarks for the user.

    about_exemptions: the Exemptions and ExemptionPolicies among the policies. webhooks: the
    ValidatingWebhookConfigurations among them; promotions: what is said about promotions, if anything.
    """

    loaded: Loaded
    not_configured: tuple[Unevaluated, ...]
    notices: tuple[str, ...]
    about_exemptions: tuple[Document, ...] = ()
    judges: Judges = "objects"
    webhooks: tuple[Document, ...] = ()
    promotions: "Promotions | None" = None

    @property
    def policies(self) -> PolicySet:
        """The policies."""
        return self.loaded.policies

    @property
    def templates(self) -> tuple[Template, ...]:
        """The templates that they are made from."""
        return self.loaded.templates


def _read(path: str, shown: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UsageError(f"the policy file {shown} is no regular file")
            data = read_up_to(stream, MAX_POLICY_BYTES)
    except OSError as error:
        reason = os_reason(error)
        raise UsageError(f"cannot read the policy file {shown}: {reason}") from error
    if len(data) > MAX_POLICY_BYTES:
        raise UsageError(f"the policy file {shown} is larger than {MAX_POLICY_BYTES // 1024 // 1024} MiB")
    return data


def _files(folder: str) -> Iterator[str]:
    """The policy files of a folder, in a stable order; links to folders are not followed."""

    def fail(error: OSError) -> None:
        raise UsageError(f"cannot read the policy folder {error.filename}: {error.strerror}") from error

    for place, folders, files in os.walk(folder, onerror=fail):
        folders[:] = sorted(
            name for name in folders if name != ".git" and not (name == "samples" and "suite.yaml" in files)
        )
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES):
                yield os.path.join(place, name)


@record
class PolicyFile:
    """A file that may hold policies. key: its real path, or place in a bundle; name: below what was named, with `/`.

    is_named: was the very file named, so that it counts whatever is in it? bundled: its bytes, in a PolicyBundle.
    """

    key: str
    name: str
    shown: str
    is_named: bool
    bundled: bytes | None = None

    def read(self) -> bytes:
        """Its bytes. Raises UsageError."""
        return _read(self.key, self.shown) if self.bundled is None else self.bundled

    def is_wanted(self) -> bool:
        """May it hold something of ours?"""
        return self.is_named or _has_mark(self.read())


def _has_mark(data: bytes) -> bool:
    return _MARK in data or any(one in data for one in _OTHER_MARKS)


def policy_files(path: "str | PolicyBundle", cwd: str) -> Iterator[PolicyFile]:
    """The files of a path or a bundle that may hold policies, in a stable order. Raises UsageError."""
    if not isinstance(path, str):
        names = {one.name for one in path.files}
        for one in path.files:
            if one.name.lower().endswith(SUFFIXES) and not _is_sample(one.name, names):
                shown = path.place(one.name)
                yield PolicyFile(shown, one.name, shown, False, one.data)
        return
    if not os.path.exists(path):
        raise UsageError(f"the policy path {shown_path(path, cwd)} does not exist")
    if not os.path.isdir(path):
        yield PolicyFile(os.path.realpath(path), os.path.basename(path), shown_path(path, cwd), True)
        return
    for file in _files(path):
        name = os.path.relpath(file, path).replace(os.sep, "/")
        yield PolicyFile(os.path.realpath(file), name, shown_path(file, cwd), False)


def _is_sample(name: str, names: set[str]) -> bool:
    """Is it a suite's test data?"""
    before, samples, _ = f"/{name}".rpartition("/samples/")
    return bool(samples) and f"{before}/suite.yaml".lstrip("/") in names


def parse_documents(shown: str, data: bytes, duplicates: Duplicates = "error") -> tuple[Document, ...]:
    """The documents of a file. Raises PolicyErrors, with every place, where it cannot be read."""
    reading = read_documents(data, shown, duplicates=duplicates)
    if reading.errors:
        lines = data.decode("utf-8", "replace").split("\n")
        raise PolicyErrors(
            [
                PolicyError(
                    error.message,
                    location=Location(error.file, error.line, error.column),
                    hint=error.hint,
                    quoted=lines[error.line - 1] if 0 < error.line <= len(lines) else "",
                )
                for error in reading.errors
            ]
        )
    return reading.documents


def _is_policy(document: Document) -> bool:
    value = document.value
    return (
        is_template(value)
        or is_constraint(value)
        or _is_about_cluster(value)
        or _is_about_promotions(value)
        or _is_about_quotas(value)
    )


def _is_about_promotions(value: Mapping[str, Value]) -> bool:
    return split_api_version(value.get("apiVersion"))[0] == _PROMOTIONS


def _is_about_quotas(value: Mapping[str, Value]) -> bool:
    return split_api_version(value.get("apiVersion"))[0] == _QUOTAS


def _is_about_cluster(value: Mapping[str, Value]) -> bool:
    return is_config(value) or is_sync_set(value) or is_expansion_template(value) or is_provider(value)


def read_policies(
    paths: Sources, cwd: str, unmarked: Unmarked = "passed over", beside: Sequence[Document] = ()
) -> tuple[list[Document], list[Document]]:
    """The objects of what is given and those beside it, and shipped templates of constraints that come without one.

    Raises UsageError where something that is given has no policy, PolicyErrors where a file cannot be read.
    """
    documents = _given(paths, cwd, _is_policy, "ConstraintTemplate and no constraint", unmarked)
    documents += beside
    defined = {_template_kind(document) for document in documents if is_template(document.value)}
    missing = {_kind(document) for document in documents if is_constraint(document.value)} - defined
    return documents, [one.document() for one in _shipped() if one.kind in missing] if missing else []


def read_exemptions(paths: Sequence[str], cwd: str, unmarked: Unmarked = "passed over") -> list[Document]:
    """The Exemptions and ExemptionPolicies of files and folders; each path must have one. Raises UsageError."""
    documents = _given(paths, cwd, _is_about_exemptions, "Exemption and no ExemptionPolicy", unmarked)
    return [*filter(_is_about_exemptions, documents)]


def read_fixtures(paths: Sequence[str], cwd: str, unmarked: Unmarked = "passed over") -> list[Document]:
    """What providers of external data answer, from files and folders; each path must have some. Raises UsageError."""
    if not paths:
        return []
    from lockgate.gatekeeper.external_data.kinds import is_fixtures

    def is_wanted(document: Document) -> bool:
        return is_fixtures(document.value)

    return [*filter(is_wanted, _given(paths, cwd, is_wanted, "object of kind ExternalData", unmarked))]


def _given(
    paths: Sources, cwd: str, is_wanted: Callable[[Document], bool], missing: str, unmarked: Unmarked
) -> list[Document]:
    """The documents of files, folders and bundles; each of them must have one that is wanted."""
    made: dict[str, tuple[Document, ...]] = {}
    for path in paths:
        found = False
        for file in policy_files(path, cwd):
            if file.key not in made:
                data = file.read()
                if file.is_named or _has_mark(data):
                    made[file.key] = parse_documents(file.shown, data)
                else:
                    if unmarked == "read":
                        # Whatever it holds is none of ours; it has to be readable to say so.
                        parse_documents(file.shown, data, "last")
                    made[file.key] = ()
            found = found or any(map(is_wanted, made[file.key]))
        if not found:
            shown = shown_path(path, cwd) if isinstance(path, str) else path.shown
            raise UsageError(
                f"{shown} has no {missing}", hint="files are looked at that end in .yaml, .yml or .json"
            )
    return [document for documents in made.values() for document in documents]


def _is_about_exemptions(document: Document) -> bool:
    return is_about_exemptions(document.value)


def _not_applied(documents: Sequence[Document]) -> Iterator[Unevaluated]:
    """The mutators: objects, and what they imply, are judged as they are written."""
    for document in documents:
        if split_api_version(document.value.get("apiVersion"))[0] == _MUTATIONS:
            name = _mapping(document.value, "metadata").get("name")
            yield Unevaluated(_kind(document), str(name), None, _MUTATION_NEEDS)


def _promotions(documents: Sequence[Document]) -> "Promotions | None":
    """What the objects say about promotions, if any does. Raises PolicyErrors for what is wrong."""
    found = [one for one in documents if _is_about_promotions(one.value)]
    if not found:
        return None
    from lockgate.gatekeeper.promotions.loading import load_promotions

    return load_promotions(found)


def _check_quotas(documents: Sequence[Document]) -> None:
    """They decide in a server, and who makes a PolicyBundle of them learns here what is wrong. Raises PolicyErrors."""
    found = [one for one in documents if _is_about_quotas(one.value)]
    if found:
        from lockgate.gatekeeper.quotas.loading import load_quotas

        load_quotas(found)


def names_bundle(path: str) -> bool:
    """Does the path name a PolicyBundle, or may it: pinned, an archive, or a folder in OCI's layout?"""
    return PIN in path or path.endswith(ARCHIVES) or os.path.lexists(os.path.join(path, _LAYOUT))


def is_plain_rego(path: "str | PolicyBundle") -> bool:
    """Is it Rego, and nothing of Gatekeeper's kinds?"""
    if not isinstance(path, str):
        rego = [one for one in path.files if one.name.endswith(".rego")]
        yaml = [one for one in path.files if one.name.lower().endswith(SUFFIXES)]
        return bool(rego) and not any(_MARK in one.data for one in yaml)
    if not os.path.isdir(path):
        return path.endswith(".rego")
    from lockgate.webhook import plain_rego

    return plain_rego.is_plain_rego(path, _MARK)


@record
class Loader:
    """Loads and compiles policies for an engine, with the cache of compiled code if there is one.

    `show` is told the Python that each template's Rego is compiled to. conftest: says that the policies are Conftest's.
    opa: the servers that evaluate them, if they are not evaluated here. point: where they count as enforced.
    """

    engine: EngineChoice
    cache: CodeCache | None
    show: ShowCode | None = None
    conftest: "ConftestOptions | None" = None
    opa: "OpaEngine | None" = None
    point: EnforcementPoint = "validation.gatekeeper.sh"

    def given(self, paths: Sources, cwd: str, beside: Sequence[Document] = ()) -> LoadedPolicies:
        """The policies under the paths, and those of the documents beside them. Raises UsageError when there are none, PolicyErrors when they are wrong.

        A constraint of a shipped rule needs no template: the shipped one is used where none is given. Paths of plain
        Rego only are Conftest's.
        """
        plain = paths if self.conftest is not None else [path for path in paths if is_plain_rego(path)]
        if plain:
            if len(plain) < len(paths):
                raise UsageError(
                    f"{plain[0] if isinstance(plain[0], str) else plain[0].shown} is plain Rego, and other policies are Gatekeeper's",
                    hint="check with each kind in a run of its own: one is about documents, one about objects",
                )
            return self._plain(plain)
        documents, shipped = read_policies(paths, cwd, beside=beside)
        promotions = _promotions(documents)
        _check_quotas(documents)
        loaded, notices = self._compile([*documents, *shipped], promotions)
        about_exemptions = tuple(filter(_is_about_exemptions, documents))
        webhooks = tuple([one for one in documents if _kind(one) == WEBHOOK_CONFIGURATION])
        not_evaluated = (*_held_open(documents), *_not_applied(documents))
        return LoadedPolicies(
            loaded,
            not_evaluated,
            tuple(notices),
            about_exemptions,
            webhooks=webhooks,
            promotions=promotions,
        )

    def _plain(self, paths: Sources) -> LoadedPolicies:
        from lockgate.webhook.conftest_policies import ConftestOptions, load_conftest

        if self.opa is not None:
            raise UsageError(
                "--engine opa is for constraints, and these policies are plain Rego",
                hint="leave it out: plain Rego is evaluated here",
            )
        options = self.conftest or ConftestOptions()
        judges: Judges = "combined" if options.combine else "documents"
        loaded = Loaded(load_conftest(paths, options, self.cache), (), (), ())
        return LoadedPolicies(loaded, (), (), (), judges)

    def baseline(self) -> LoadedPolicies:
        """The shipped baseline profile with the templates of its rules; others are said not to be configured."""
        if self.conftest is not None:
            raise UsageError("options for plain Rego, and no policies", hint="name them with -p")
        profile = parse_documents("baseline.yaml", _read(BASELINE, "baseline.yaml"))
        wanted = {_kind(document) for document in profile}
        templates: list[Document] = []
        open_rules: list[Unevaluated] = []
        for template in _shipped():
            if template.kind in wanted:
                templates.append(template.document())
            else:
                open_rules.append(Unevaluated(template.kind, "", None, required(template.head)))
        loaded, notices = self._compile([*templates, *profile])
        not_configured = (*_held_open(profile), *open_rules)
        return LoadedPolicies(loaded, not_configured, tuple(notices))

    def _compile(
        self, documents: Sequence[Document], promotions: "Promotions | None" = None
    ) -> tuple[Loaded, list[str]]:
        beside = () if promotions is None else promotions.digests
        loaded = load_policies(
            documents, point=self.point, engine=self.engine, cache=self.cache, show=self.show, beside=beside
        )
        if loaded.errors:
            raise PolicyErrors(loaded.errors)
        if not loaded.policies.policies and (promotions is None or not promotions.policies):
            raise UsageError(
                "there are templates but no constraint, so nothing would be judged",
                hint="add a constraint of a template's kind to the policies",
            )
        notices = [f"policy {lint.level} at {lint.location}: {lint.message}" for lint in loaded.lints]
        if self.opa is not None:
            loaded, remarks = self.opa.take(loaded)
            notices += remarks
        return loaded, notices


@record
class ShippedTemplate:
    """A template that comes with Lockgate: what stands before its Rego, and all of it when it is asked for."""

    path: str
    shown: str
    data: bytes
    head: Document

    @property
    def kind(self) -> str:
        """The kind of its constraints."""
        return _template_kind(self.head)

    def document(self) -> Document:
        """The whole template."""
        (document,) = parse_documents(self.shown, self.data)
        return document


def _shipped() -> Iterator[ShippedTemplate]:
    for family in sorted(os.listdir(SHIPPED)):
        if family.startswith(".") or not os.path.isdir(os.path.join(SHIPPED, family)):
            continue
        for rule in sorted(os.listdir(os.path.join(SHIPPED, family))):
            path = os.path.join(SHIPPED, family, rule, "template.yaml")
            if os.path.isfile(path):
                shown = f"{SHIPPED_SHOWN}/{family}/{rule}/template.yaml"
                data = _read(path, shown)
                (head,) = parse_documents(shown, data.partition(_TARGETS)[0])
                yield ShippedTemplate(path, shown, data, head)


def shipped_file(shown: str) -> bytes:
    """The bytes of a file that comes with Lockgate, by the name that messages have for it."""
    below = shown.removeprefix(f"{SHIPPED_SHOWN}/")
    return _read(os.path.join(SHIPPED, *below.split("/")), shown)


def _kind(document: Document) -> str:
    return str(document.value.get("kind"))


def _template_kind(document: Document) -> str:
    return str(_mapping(document.value, "spec", "crd", "spec", "names").get("kind"))


def _mapping(value: Value, *names: str) -> dict[str, Value]:
    for name in names:
        value = value.get(name) if type(value) is dict else None
    return value if type(value) is dict else {}


def _held_open(documents: Sequence[Document]) -> Iterator[Unevaluated]:
    """The parameters that constraints say are not configured."""
    for document in documents:
        annotations = _mapping(document.value, "metadata", "annotations")
        needs = annotations.get(NOT_CONFIGURED)
        if is_constraint(document.value) and type(needs) is str and needs:
            name = _mapping(document.value, "metadata").get("name")
            yield Unevaluated(str(document.value.get("kind")), str(name), None, needs)


def required(template: Document) -> str:
    """What a constraint of the template must be given: what its annotation says, or the words of its schema."""
    said = _mapping(template.value, "metadata", "annotations").get(NEEDS)
    if type(said) is str and said:
        return said
    schema = _mapping(template.value, "spec", "crd", "spec", "validation", "openAPIV3Schema")
    required = schema.get("required")
    parts: list[str] = []
    for name in required if type(required) is list else []:
        description = _mapping(schema, "properties", str(name)).get("description")
        first = str(description).strip().splitlines()[0].rstrip(".") if description else ""
        parts.append(f"{name} ({first})" if first else str(name))
    return "a constraint with " + ", ".join(parts) if parts else "a constraint"
