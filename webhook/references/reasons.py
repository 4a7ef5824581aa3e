"""Why a reference has no digest, by its scheme, and what to do about it. The last of the resolvers: it knows of every one."""

from typing import Final, final

from lockgate.webhook.references.reference import Reference
from lockgate.webhook.references.resolution import Outcome, Unresolved

# By scheme: what the store does not promise.
_STORES: Final = {
    "arn": "a model package of SageMaker is kept under its version, by no digest of its bytes",
    "file": "it is a path of the machine that loads it",
    "gs": "Google Cloud Storage does not name objects by their bytes",
    "hdfs": "HDFS does not name files by their bytes",
    "http": "what a web server sends is its own choice each time, and on the way anybody's",
    "https": "what a web server sends is its own choice each time",
    "dbfs": "Databricks' file system does not name files by their bytes",
    "mlflow-artifacts": "MLflow's store of artefacts does not name files by their bytes",
    "pvc": "a volume holds what was last written to it",
    "s3": "S3 does not name objects by their bytes",
    "s3a": "S3 does not name objects by their bytes",
    "s3n": "S3 does not name objects by their bytes",
    "storage": "it is a path in a store that a secret of the namespace names",
    "webhdfs": "HDFS does not name files by their bytes",
}
# Stores that somebody may ask: what is to be written, and by which table of the configuration they are asked.
_ASKED: Final = {
    "hf": ("a branch or a tag moves", "write the commit (hf://owner/model:COMMIT)", "[hugging-face]"),
    "model-registry": (
        "the registry knows where the model lies",
        "write what it leads to",
        "[model-registry]",
    ),
    "models": ("MLflow's registry knows where the model lies", "write what it leads to", "[mlflow]"),
    "oci": ("a tag moves", "write the digest (@sha256:…)", "[[registry]]"),
    "runs": ("MLflow knows where the run's artefacts lie", "write what it leads to", "[mlflow]"),
}
_UNASKED: Final = {
    "modelscope": ("a branch or a tag moves", "write the commit (modelscope://owner/model:COMMIT)"),
    "wandb-artifact": (
        "W&B is not asked here, and its digests are none of the bytes by SHA-256",
        "write the version, and sign facts for that reference",
    ),
}


def _at(uri: str) -> str:
    return (
        f"sign facts for it (lockgate scan PATH --sign KEY --reference '{uri}'), and check what is loaded in an init container: "
        "lockgate scan verify FACTS --at PATH"
    )


@final
class ReasonResolver:
    """Says why not."""

    @property
    def name(self) -> str:
        """What it is called."""
        return "reasons"

    def resolve(self, reference: Reference) -> Outcome | None:
        """Why the reference has no digest."""
        uri, scheme = reference.uri, reference.scheme
        if reference.pin == "unknown":
            return Unresolved(
                "it is known only when it runs", "render it first, or write the reference itself"
            )
        if reference.pin == "unreadable":
            return Unresolved(
                "it cannot be read", "write it as its scheme demands: docs/models.md, references"
            )
        if scheme in _ASKED:
            why, write, table = _ASKED[scheme]
            return Unresolved(f"{why}, and nobody was asked", f"{write}, or ask: --online FILE with {table}")
        if scheme in _UNASKED:
            return Unresolved(*_UNASKED[scheme])
        if scheme == "name":
            return Unresolved("only what serves it knows this name", "write a reference with its scheme")
        if scheme in ("http", "https") and uri.removesuffix("/").endswith(".git"):
            return Unresolved("which commit of the git repository is fetched is not said", _at(uri))
        why = _STORES.get(scheme, f"no resolver knows the scheme {scheme}")
        if reference.pin == "version" and scheme in _STORES:
            why += "; the version keeps them the same, and names no digest"
        return Unresolved(why, _at(uri))
