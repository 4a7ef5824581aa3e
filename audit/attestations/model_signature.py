"""OpenSSF model signing 1.0 (https://github.com/ossf/model-signing-spec): a statement with the digest of each file.

The statement also says what its signer left out (`ignore_paths`, `allow_symlinks`), and the library that made it does
as it says. Here what may be left out is the verifier's to say: a signature that leaves out more is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final, Literal

from lockgate.audit.attestations.statement import Statement, hex_digest
from lockgate.audit.errors import FormatError, UnverifiableError, VerificationError
from lockgate.engine.foreign_documents import Part

PREDICATE: Final = "https://model_signing/signature/v1.0"
# What model-signing leaves out of its own accord.
GIT_PATHS: Final = frozenset({".git", ".gitattributes", ".github", ".gitignore"})
# The name of the resource when the model is one file.
WHOLE: Final = "."
_MAX_RESOURCES: Final = 200_000
_MOST_IGNORED: Final = 1_000
_HASHES: Final[Mapping[str, Literal["sha256", "blake2b"]]] = {
    "sha256": "sha256",
    "blake2b": "blake2b",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A file, or a part of one from `start` to `stop`; the whole where `stop` is None."""

    path: str
    start: int
    stop: int | None
    digest: str


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """What a signature may leave out: paths, and nothing below a symbolic link in any case."""

    ignored: frozenset[str] = GIT_PATHS


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """What was signed. root_digest: SHA-256 over the digests, one behind the other."""

    name: str
    root_digest: str
    algorithm: Literal["sha256", "blake2b"]
    resources: tuple[Resource, ...]
    ignored: tuple[str, ...]

    @property
    def is_of_whole_files(self) -> bool:
        """Has each file one SHA-256?"""
        return self.algorithm == "sha256" and all(one.stop is None for one in self.resources)


def _relative(part: Part, text: str) -> str:
    """A path that is inside, in the one spelling that it has."""
    if text == WHOLE:
        return text
    pure = PurePosixPath(text)
    if (
        not text
        or pure.is_absolute()
        or ".." in pure.parts
        or str(pure) != text
        or "\x00" in text
        or "\\" in text
    ):
        part.refuse("is no path inside of the model")
    return text


def _resource(part: Part, sharded: str, algorithm: str) -> Resource:
    name, digest = part.get("name"), hex_digest(part.get("digest"))
    told = part.get("algorithm").text()
    if told != algorithm:
        part.refuse(f"has a digest of {told[:40]}, and the statement is of {algorithm[:40]}")
    if not sharded:
        return Resource(_relative(name, name.text()), 0, None, digest)
    path, _, numbers = name.text().rpartition(":")
    path, _, first = path.rpartition(":")
    if not path or not (first.isascii() and first.isdecimal() and numbers.isascii() and numbers.isdecimal()):
        name.refuse("is no part of a file: NAME:START:STOP")
    if max(len(first), len(numbers)) > 18 or int(first) >= int(numbers):
        name.refuse("is a part of a file that ends before it begins")
    return Resource(_relative(name, path), int(first), int(numbers), digest)


def _check_parts(resources: list[Resource]) -> None:
    """Are the parts of each file all of it from its beginning, each once? Where it ends, its size says."""
    ends: dict[str, int] = {}
    for one in sorted(resources, key=lambda one: (one.path, one.start)):
        if one.stop is None:
            if one.path in ends:
                raise FormatError(f"the statement has the file {one.path[:80]} twice")
            ends[one.path] = 0
        else:
            if one.start != ends.get(one.path, 0):
                raise FormatError(f"the statement has a part of {one.path[:80]} twice, or not at all")
            ends[one.path] = one.stop
    if WHOLE in ends and len(ends) > 1:
        raise FormatError("the statement is of one file and of a folder")


def parse_model_manifest(statement: Statement, policy: SignaturePolicy) -> ModelManifest:
    """What a verified statement says of a model. Raises FormatError, InputError, VerificationError by the policy.

    UnverifiableError for another version of the format, and for hashes that Python does not bring.
    """
    if statement.predicate_type != PREDICATE:
        raise UnverifiableError(
            f"the statement is a {statement.predicate_type[:80]!r}, and only {PREDICATE} is verified",
            hint="sign the model anew with model-signing 1.0 or later",
        )
    if len(statement.subjects) != 1:
        raise FormatError("the signature of a model has one subject")
    serialization = statement.predicate.get("serialization")
    method, told = serialization.get("method").text(), serialization.get("hash_type").text()
    if method not in ("files", "shards"):
        raise UnverifiableError(
            f"the model was signed by {method[:40]!r}, and only files and shards are verified"
        )
    if told not in _HASHES:
        raise UnverifiableError(
            f"the model was signed over {told[:40]!r}, and only sha256 and blake2 are verified"
        )
    if serialization.get("allow_symlinks").boolean():
        raise VerificationError(
            "the signature allows symbolic links, whose targets are not part of the model",
            hint="sign the model without --allow_symlinks",
        )
    listed = serialization.maybe("ignore_paths")
    ignored = () if listed is None else tuple([one.text() for one in listed.items(_MOST_IGNORED)])
    excess = sorted(set(ignored) - policy.ignored)
    if excess:
        raise VerificationError(
            f"the signature leaves out {', '.join(excess[:5])[:200]}, which nobody approved",
            hint="name the path in ignore-paths of the trust policy, or sign the model without leaving it out",
        )
    algorithm = told
    if method == "shards":
        size = serialization.get("shard_size").number()
        algorithm = f"{told}-sharded-{int(size)}"
    resources = [
        _resource(one, "" if method == "files" else method, algorithm)
        for one in statement.predicate.get("resources").items(_MAX_RESOURCES)
    ]
    _check_parts(resources)
    digest = sha256(b"".join([bytes.fromhex(one.digest) for one in resources])).hexdigest()
    subject = statement.subjects[0]
    if subject.digests.get("sha256") != digest:
        raise VerificationError("the statement's subject is not the sum of its files")
    return ModelManifest(subject.name, digest, _HASHES[told], tuple(resources), tuple(sorted(ignored)))
