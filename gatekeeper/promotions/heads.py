"""What objects about promotions have in common: version, kind, name and spec."""

from hashlib import sha256

from lockgate.engine.codegen.values import Value, render_json
from lockgate.gatekeeper.exemptions.selection import only_fields
from lockgate.gatekeeper.fields import Field
from lockgate.gatekeeper.labels import is_subdomain
from lockgate.gatekeeper.promotions.kinds import API_VERSION


def read_name(top: Field, kind: str) -> str:
    """The name of an object of a kind, whose other fields are known ones. Raises PolicyError, with the place."""
    version = top.get("apiVersion")
    if version.string() != API_VERSION:
        version.refuse(f"unsupported version {version.string()!r}", f"write {API_VERSION}")
    if top.get("kind").string() != kind:
        top.get("kind").refuse(f"{top.get('kind').name} is no {kind}", f"write {kind}")
    only_fields(top, "apiVersion", "kind", "metadata", "spec", "status")
    name = top.at("metadata", "name")
    if not is_subdomain(name.string()):
        name.refuse(
            f"{name.string()!r} is no name for {'an' if kind[0] in 'AEIOU' else 'a'} {kind}",
            "lower-case letters, digits, '-' and '.'",
        )
    return name.string()


def read_environment_name(field: Field) -> str:
    """The name of an environment. Raises PolicyError, with the place."""
    name = field.string()
    if not is_subdomain(name):
        field.refuse(
            f"{field.name} is {name!r}, no name for an environment", "lower-case letters, digits, '-' and '.'"
        )
    return name


def spec_digest(name: str, spec: Value) -> str:
    """SHA-256 (hex) over an object's name and spec."""
    return sha256(render_json({"name": name, "spec": spec}).encode("utf-8", "surrogatepass")).hexdigest()
