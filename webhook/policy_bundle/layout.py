"""A PolicyBundle in an OCI image layout (image-spec 1.1): one layer with the archive, the signature as a referrer.

The layer has the type that OPA's downloader looks for (`application/vnd.oci.image.layer.v1.tar+gzip`). Names inside of the
folder are digests alone, so that nothing in it can lead out of it, and everything read is what its digest says.
"""

import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.policy_bundle.archive import read_archive
from lockgate.webhook.policy_bundle.bundle import (
    DIGEST,
    MAX_ARCHIVE_BYTES,
    SIGNATURES,
    PolicyBundle,
    bundle_error,
)
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.policy_bundle.statement import MAX_BYTES as MAX_ENVELOPE
from lockgate.webhook.policy_bundle.statement import signer_of
from lockgate.webhook.policy_bundle.strict_json import parse_object, render_object

if TYPE_CHECKING:
    from lockgate.audit.dsse import PublicKey

LAYOUT_FILE: Final = "oci-layout"
INDEX_FILE: Final = "index.json"
VERSION: Final = "1.0.0"
MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE: Final = "application/vnd.oci.image.index.v1+json"
LAYER_TYPE: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
EMPTY: Final = b"{}"
BUNDLE_TYPE: Final = "application/vnd.lockgate.policy-bundle.v1"
SIGNATURE_TYPE: Final = "application/vnd.lockgate.policy-bundle.signature.v1"
ENVELOPE_TYPE: Final = "application/vnd.dsse.envelope.v1+json"
# By these `oras pull`, and with it conftest and gator, write the files of the archive into the folder that they pull to.
UNPACK: Final = "io.deis.oras.content.unpack"
TITLE: Final = "org.opencontainers.image.title"
REFERENCE: Final = "org.opencontainers.image.ref.name"

_MAX_JSON: Final = 256 * 1024
# A layout holds one bundle with a signature for each of its keys; this many are looked at.
_MOST_MANIFESTS: Final = 64


@record
class Descriptor:
    """What an OCI document says of another: media type and `sha256:…`, which is checked where it is read."""

    type: str
    digest: str


def describe(data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    """The descriptor of some bytes, as JSON has it."""
    return {
        "mediaType": media_type,
        "digest": f"sha256:{sha256(data).hexdigest()}",
        "size": len(data),
        **more,
    }


def is_layout(path: str) -> bool:
    """Is the folder an OCI layout?"""
    return os.path.isfile(os.path.join(path, LAYOUT_FILE))


def read_layout(path: str, shown: str, pin: str, keys: "Mapping[str, PublicKey] | None") -> PolicyBundle:
    """The bundle of a layout: the pinned one, else the only one. keys: of whom one has to have signed it, if given.

    Raises UsageError.
    """
    folder = _Folder(path, shown)
    listed = folder.index()
    digest = pin or _only(listed, folder)
    manifest = folder.json(digest, "its manifest")
    if manifest.get("subject") is not None or manifest.get("artifactType", BUNDLE_TYPE) != BUNDLE_TYPE:
        raise bundle_error(shown, f"{digest} is no PolicyBundle, but something about one")
    layers = [one for one in folder.descriptors(manifest, "layers") if one.type == LAYER_TYPE]
    if len(layers) != 1:
        raise bundle_error(shown, f"its manifest has other than one layer of {LAYER_TYPE}")
    signer = "" if keys is None else _signer(folder, listed, digest, keys)
    files = read_archive(folder.blob(layers[0].digest, MAX_ARCHIVE_BYTES, "its layer"), shown)
    return PolicyBundle(shown, digest, tuple([one for one in files if one.name != SIGNATURES]), signer)


@record
class _Folder:
    path: str
    shown: str

    def blob(self, digest: str, limit: int, what: str) -> bytes:
        if not DIGEST.fullmatch(digest):
            raise bundle_error(self.shown, f"{what} has no digest of the kind sha256:…")
        below = os.path.join("blobs", "sha256", digest.removeprefix("sha256:"))
        data = read_regular(os.path.join(self.path, below), f"{self.shown}/{below}", limit)
        if f"sha256:{sha256(data).hexdigest()}" != digest:
            raise bundle_error(
                self.shown, f"{what} is not what its digest says: blobs/sha256/{digest[7:]} was changed"
            )
        return data

    def json(self, digest: str, what: str) -> Mapping[str, Any]:
        return parse_object(self.blob(digest, _MAX_JSON, what), self.shown, what, _MAX_JSON)

    def index(self) -> list[Descriptor]:
        made: list[Mapping[str, Any]] = []
        for name in (LAYOUT_FILE, INDEX_FILE):
            data = read_regular(os.path.join(self.path, name), f"{self.shown}/{name}", _MAX_JSON)
            made.append(parse_object(data, self.shown, name, _MAX_JSON))
        if made[0].get("imageLayoutVersion") != VERSION:
            raise bundle_error(self.shown, f"{LAYOUT_FILE} is not of version {VERSION}")
        return self.descriptors(made[1], "manifests")

    def descriptors(self, document: Mapping[str, Any], key: str) -> list[Descriptor]:
        listed = document.get(key)
        if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_MANIFESTS:
            raise bundle_error(self.shown, f"it lists no {key}, or more than {_MOST_MANIFESTS}")
        made: list[Descriptor] = []
        for one in listed:
            said = one if isinstance(one, dict) else {}
            kind, digest, size = said.get("mediaType"), said.get("digest"), said.get("size")
            if not isinstance(kind, str) or not isinstance(digest, str) or type(size) is not int:
                raise bundle_error(self.shown, f"one of its {key} has no mediaType, digest or size")
            if not DIGEST.fullmatch(digest):
                raise bundle_error(self.shown, f"one of its {key} has no digest of the kind sha256:…")
            made.append(Descriptor(kind, digest))
        return made


def _only(listed: list[Descriptor], folder: _Folder) -> str:
    """The digest of the only manifest that is about nothing else."""
    found = {
        one.digest
        for one in listed
        if one.type == MANIFEST_TYPE and folder.json(one.digest, "a manifest").get("subject") is None
    }
    if len(found) != 1:
        names = ", ".join(sorted(found)) or "none"
        raise bundle_error(
            folder.shown,
            f"it has to have one manifest, and has {names}",
            f"name one: -p {folder.shown}@sha256:…",
        )
    return found.pop()


def _signer(folder: _Folder, listed: list[Descriptor], digest: str, keys: "Mapping[str, PublicKey]") -> str:
    problem: UsageError | None = None
    for one in listed:
        if one.type != MANIFEST_TYPE or one.digest == digest:
            continue
        try:
            envelopes = _envelopes(folder, one.digest, digest)
            for envelope in envelopes:
                signer = signer_of(envelope, digest, keys, folder.shown)
                if signer:
                    return signer
        except UsageError as error:
            # Damaged, or somebody else's: it proves nothing, and takes nothing away from another.
            problem = error
            continue
        if envelopes and problem is None:
            problem = bundle_error(
                folder.shown,
                f"none of the trusted keys signed it ({', '.join(keys)})",
                "it is another's, or was changed; name its signer's public key with --policy-key if you trust it",
            )
    raise problem or bundle_error(
        folder.shown, "it is not signed, and it has to be", "sign it: lockgate policy bundle --key KEY.pem"
    )


def _envelopes(folder: _Folder, referrer: str, digest: str) -> list[bytes]:
    """The signatures in a manifest, if it is one about the digest."""
    manifest = folder.json(referrer, "a manifest")
    subject = manifest.get("subject")
    about = subject.get("digest") if isinstance(subject, dict) else None
    if about != digest or manifest.get("artifactType") != SIGNATURE_TYPE:
        return []
    layers = folder.descriptors(manifest, "layers")
    return [
        folder.blob(layer.digest, MAX_ENVELOPE, "its signature")
        for layer in layers
        if layer.type == ENVELOPE_TYPE
    ]


def make_layout(
    archive: bytes, revision: str, envelope_for: Callable[[str], bytes] | None
) -> tuple[str, dict[str, bytes]]:
    """The digest of a layout's manifest, and its files by their paths. envelope_for: makes the signature of a digest."""
    manifest = render_object(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": BUNDLE_TYPE,
            "config": describe(EMPTY, EMPTY_TYPE),
            "layers": [describe(archive, LAYER_TYPE, annotations={TITLE: ".", UNPACK: "true"})],
            "annotations": {"org.opencontainers.image.revision": revision},
        }
    )
    subject = describe(manifest, MANIFEST_TYPE)
    blobs = [EMPTY, archive, manifest]
    listed = [{**subject, "artifactType": BUNDLE_TYPE, "annotations": {REFERENCE: "latest"}}]
    if envelope_for is not None:
        envelope = envelope_for(subject["digest"])
        signature = render_object(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "artifactType": SIGNATURE_TYPE,
                "config": describe(EMPTY, EMPTY_TYPE),
                "layers": [describe(envelope, ENVELOPE_TYPE)],
                "subject": subject,
            }
        )
        blobs += [envelope, signature]
        listed.append(describe(signature, MANIFEST_TYPE, artifactType=SIGNATURE_TYPE))
    files = {f"blobs/sha256/{sha256(blob).hexdigest()}": blob for blob in blobs}
    files[LAYOUT_FILE] = render_object({"imageLayoutVersion": VERSION})
    files[INDEX_FILE] = render_object({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": listed})
    return subject["digest"], files
