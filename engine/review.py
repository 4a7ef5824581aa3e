"""A Review: what is judged. `request` is `input.review` exactly as policies see it."""

from typing import Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.record import light_record

Scope = Literal["Namespaced", "Cluster", "Unknown"]
ObjectSource = Literal["Original", "Generated", ""]


@light_record
class Review:
    """One request to judge.

    request: the AdmissionRequest with `namespaceObject`, as `input.review`. Never mutated.
    object, old_object: the object under review and its former state (None when absent).
    namespace: the Namespace object that the request falls in, or None when it is not known.
    document: where the object was read, or None when it came over the wire.
    scope: of the object's kind, from a table; "Unknown" when neither the table nor the tree's CRDs have it.
    """

    request: dict[str, Value]
    object: dict[str, Value] | None
    old_object: dict[str, Value] | None
    namespace: dict[str, Value] | None
    document: Document | None = None
    scope: Scope = "Unknown"
    source: ObjectSource = "Original"
