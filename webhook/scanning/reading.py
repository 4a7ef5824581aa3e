"""Files that a scan is given besides the artefact: keys, certificates, signatures, evidence, and what is signed of them."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lockgate.engine.errors import InputError, UsageError
from lockgate.engine.record import record
from lockgate.webhook.extras import require_crypto
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.terminal import printable

if TYPE_CHECKING:
    from lockgate.audit.attestations.bundle_signer import Identity, Signed, Signer
    from lockgate.audit.keys.pem_key import PemKey
    from lockgate.engine.facts.artifact import ArtifactFacts
    from lockgate.webhook.scanning.scanned import Artefact

_LARGEST_KEY: Final = 64 * 1024
_SIGNATURE_KIND: Final = "signature"


@record
class Attested:
    """What others signed of a model, and by what it is to be verified: keys, roots of certificates, or a trusted root.

    signature: a bundle of OpenSSF model signing. provenance: bundles with SLSA's provenance.
    """

    signature: str | None
    provenance: tuple[str, ...]
    keys: tuple[str, ...]
    roots: str | None
    trusted_root: str | None
    identities: tuple[str, ...]
    ignored: tuple[str, ...]


def _check_subjects(subjects: Sequence[str], facts: "ArtifactFacts", shown: str) -> None:
    """Is a document about this artefact, or about a file of it, where it says what it is about? Raises InputError."""
    ours = {facts.digest, *[one.sha256 for one in facts.files]}
    if subjects and not ours.intersection(subjects):
        raise InputError(
            f"{shown} is about sha256:{subjects[0]}, which is no file of {printable(facts.name)}",
            hint="give the evidence of this very artefact",
        )


def read_evidence_files(paths: Sequence[str], facts: "ArtifactFacts") -> list[dict[str, Any]]:
    """The evidence in files, in the order of their bytes' digests. Raises InputError or UsageError."""
    from lockgate.engine.evidence.evidence import MAX_BYTES
    from lockgate.engine.evidence.reading import read_evidence

    made: dict[str, dict[str, Any]] = {}
    for path in paths:
        data = read_regular(path, printable(path), MAX_BYTES)
        digest = sha256(data).hexdigest()
        found = read_evidence(data, printable(path))
        _check_subjects(found.subjects, facts, printable(path))
        made[digest] = found.as_json(digest, Path(path).name)
    return [made[digest] for digest in sorted(made)]


def _identity(text: str) -> "Identity":
    from lockgate.audit.attestations.bundle_signer import Identity

    name, at, issuer = text.rpartition("=")
    # A name may have `=` in it; an issuer is a URL.
    return Identity(name, issuer) if at and "://" in issuer else Identity(text)


def verified_attestations(
    request: Attested, artefact: "Artefact", facts: "ArtifactFacts"
) -> list[dict[str, Any]]:
    """What others signed, verified for the bytes that were scanned, as evidence. Raises LockgateError."""
    made = [] if request.signature is None else [_signature(request.signature, request, artefact, facts)]
    return [*made, *[_provenance(path, request, facts) for path in request.provenance]]


def _who(signer: "Signer") -> dict[str, str]:
    if signer.identity:
        return {"identity": signer.identity, "issuer": signer.issuer}
    return {"keyId": signer.key_id}


def _provenance(path: str, request: Attested, facts: "ArtifactFacts") -> dict[str, Any]:
    from lockgate.engine.evidence.provenance import PREDICATE, read_provenance

    data, signed = _signed(path, request)
    statement = signed.statement
    if statement.predicate_type != PREDICATE:
        raise InputError(
            f"{printable(path)} is a {printable(statement.predicate_type)!r}, and no {PREDICATE}"
        )
    found = read_provenance(statement.whole)
    if not found.subjects:
        raise InputError(f"{printable(path)} is about nothing by its SHA-256")
    _check_subjects(found.subjects, facts, printable(path))
    made = found.as_json(sha256(data).hexdigest(), Path(path).name)
    return {**made, "verified": True, "signer": _who(signed.signer)}


def _signature(path: str, request: Attested, artefact: "Artefact", facts: "ArtifactFacts") -> dict[str, Any]:
    require_crypto()
    from lockgate.audit.attestations.model_files import verify_digests, verify_files
    from lockgate.audit.attestations.model_signature import (
        GIT_PATHS,
        WHOLE,
        SignaturePolicy,
        parse_model_manifest,
    )
    from lockgate.engine.facts.artifact import artifact_digest

    data, signed = _signed(path, request)
    policy = SignaturePolicy(GIT_PATHS | frozenset(request.ignored))
    manifest = parse_model_manifest(signed.statement, policy)
    own, root = Path(path).resolve(), artefact.place.resolve()
    inside = frozenset({own.relative_to(root).as_posix()}) if own.is_relative_to(root) else frozenset()
    linked = [name for name, path in artefact.files if path.is_symlink()]
    if linked:
        raise InputError(f"{printable(linked[0])} is a symbolic link, which no signature covers")
    if manifest.is_of_whole_files:
        found = {one.path if artefact.is_folder else WHOLE: one.sha256 for one in facts.files}
        verify_digests(manifest, found, inside)
    else:
        verify_files(manifest, artefact.place, inside)
        # Is what was read for the signature what was scanned?
        if artifact_digest(artefact.place) != facts.digest:
            raise InputError(f"{printable(artefact.shown)} was changed while it was scanned")
    return {
        "kind": _SIGNATURE_KIND,
        "verified": True,
        **_who(signed.signer),
        "ignorePaths": list(manifest.ignored),
        "allowSymlinks": False,
        "document": {"name": Path(path).name, "sha256": sha256(data).hexdigest()},
    }


def _signed(path: str, request: Attested) -> "tuple[bytes, Signed]":
    import time

    from lockgate.audit.attestations.bundle_signer import (
        parse_ec_key,
        signed_by_certificate,
        signed_by_identity,
        signed_by_key,
    )
    from lockgate.audit.attestations.signing_certificate import read_pem_certificates
    from lockgate.audit.attestations.sigstore_bundle import MAX_BUNDLE, parse_sigstore_bundle
    from lockgate.audit.attestations.trusted_root import MAX_ROOT, parse_trusted_root

    ways = [bool(request.keys), request.roots is not None, request.trusted_root is not None]
    if sum(ways) != 1:
        raise UsageError(
            "what others signed is verified in one way",
            hint="give --model-key, or --model-roots or --trusted-root with --identity",
        )
    identities = [_identity(one) for one in request.identities]
    if not request.keys and not identities:
        raise UsageError("nobody is named who may have signed", hint="give --identity NAME[=ISSUER]")
    data = read_regular(path, printable(path), MAX_BUNDLE)
    bundle = parse_sigstore_bundle(data, printable(path))
    if request.keys:
        keys = [parse_ec_key(read_regular(one, one, _LARGEST_KEY), printable(one)) for one in request.keys]
        return data, signed_by_key(bundle, keys)
    if request.roots is not None:
        pem = read_regular(request.roots, printable(request.roots), MAX_ROOT)
        roots = read_pem_certificates(pem, printable(request.roots))
        return data, signed_by_certificate(bundle, roots, identities, time.time_ns())
    assert request.trusted_root is not None
    root = parse_trusted_root(read_regular(request.trusted_root, printable(request.trusted_root), MAX_ROOT))
    return data, signed_by_identity(bundle, root, identities)


def read_signing_pem(path: str) -> "PemKey":
    """The private key that facts are signed with. Raises UsageError or TrailError."""
    require_crypto()
    from lockgate.audit.key_files import read_secret
    from lockgate.audit.keys.pem_key import parse_private_key

    return parse_private_key(read_secret(Path(path)), printable(path))
