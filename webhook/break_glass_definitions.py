"""The CustomResourceDefinitions of break-glass: closed schemas, and a grant that nobody alters."""

from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.gatekeeper.break_glass.grant import MAX_AUDIENCE, MAX_PLACES, MAX_REASON, MAX_TICKET
from lockgate.gatekeeper.break_glass.kinds import GRANT, GROUP, POLICY, VERSION
from lockgate.gatekeeper.break_glass.policy import MAX_REVOKED, MAX_SIGNERS
from lockgate.gatekeeper.exemptions.exemption import MAX_SIGNATURES

Schema = dict[str, Value]
_MAX_NAMES: Final = 253
_MAX_KEY: Final = 2_000


def _text(longest: int, description: str) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest, "description": description}


def _list(items: Schema, most: int, description: str) -> Schema:
    return {"type": "array", "items": items, "maxItems": most, "description": description}


def _object(required: tuple[str, ...], properties: dict[str, Value], description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "required": [*required],
        "properties": properties,
    }


def _grant_spec() -> Schema:
    selection = _object(
        ("kind",),
        {"kind": _text(_MAX_NAMES, "Kind of the constraints."), "name": _text(_MAX_NAMES, "Name of one.")},
        "Constraints of a kind, or one of them.",
    )
    signature = _object(
        ("signer", "signature"),
        {
            "signer": _text(_MAX_NAMES, "Name in the BreakGlassPolicy."),
            "signature": _text(_MAX_NAMES, "Ed25519, base64."),
        },
        "Who says so.",
    )
    spec = _object(
        ("audience", "reason", "ticket", "from", "until", "nonce", "signatures"),
        {
            "audience": _text(MAX_AUDIENCE, "The installation that it is for."),
            "reason": _text(MAX_REASON, "Why policies have to stand back."),
            "ticket": _text(MAX_TICKET, "Where more is said about it."),
            "from": {"type": "string", "format": "date-time", "description": "When it begins."},
            "until": {"type": "string", "format": "date-time", "description": "When it ends."},
            "nonce": {"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "A random number."},
            "namespaces": _list(
                _text(_MAX_NAMES, "A Namespace."), MAX_PLACES, "Where; left out for everywhere."
            ),
            "policies": _list(selection, MAX_PLACES, "Past which policies; left out for all."),
            "signatures": _list(signature, MAX_SIGNATURES, "One that counts is enough."),
        },
        "What is signed, and by whom.",
    )
    # An altered one would be another grant under the same name.
    rule: Schema = {"rule": "self == oldSelf", "message": "a BreakGlass cannot be altered: make a new one"}
    spec["x-kubernetes-validations"] = [rule]
    return spec


def _policy_spec() -> Schema:
    signer = _object(
        ("name", "publicKey"),
        {
            "name": _text(_MAX_NAMES, "By which grants name the signer."),
            "publicKey": _text(_MAX_KEY, "Ed25519, PEM."),
        },
        "Who may break the glass.",
    )
    return _object(
        ("audience", "signers"),
        {
            "audience": _text(MAX_AUDIENCE, "This installation; no other has the same."),
            "signers": _list(signer, MAX_SIGNERS, "Who may break the glass."),
            "maxDuration": {
                "type": "string",
                "pattern": "^[1-9][0-9]{0,5}[dhm]$",
                "description": "For how long at most: 4h where it is left out, and never more than 24h.",
            },
            "revoked": _list(_text(_MAX_NAMES, "A grant."), MAX_REVOKED, "Grants that end early."),
        },
        "Who may break the glass, and for how long.",
    )


def _column(name: str, path: str, kind: str = "string") -> Value:
    return {"name": name, "type": kind, "jsonPath": path}


def _definition(kind: str, plural: str, spec: Schema, columns: list[Value]) -> dict[str, Value]:
    version: dict[str, Value] = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "required": ["spec"],
                "properties": {
                    "apiVersion": {"type": "string"},
                    "kind": {"type": "string"},
                    "metadata": {"type": "object"},
                    "spec": spec,
                },
            }
        },
        "additionalPrinterColumns": columns,
    }
    singular = kind.lower()
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Cluster",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": singular},
            "versions": [version],
        },
    }


def break_glass_definitions() -> tuple[dict[str, Value], dict[str, Value]]:
    """The definitions of BreakGlass and BreakGlassPolicy."""
    grant = _definition(
        GRANT,
        "breakglasses",
        _grant_spec(),
        [
            _column("Ticket", ".spec.ticket"),
            _column("Until", ".spec.until"),
            _column("Signer", ".spec.signatures[0].signer"),
            _column("Reason", ".spec.reason"),
        ],
    )
    policy = _definition(
        POLICY,
        "breakglasspolicies",
        _policy_spec(),
        [_column("Audience", ".spec.audience"), _column("Longest", ".spec.maxDuration")],
    )
    return grant, policy
