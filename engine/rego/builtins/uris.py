"""`uri.*`: the parts of a URI, as Go's `net/url` parses it."""

from lockgate.engine.codegen.values import Value
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.go_url import parse_url
from lockgate.engine.rego.builtins.operands import string


def uri_parse(text: Value) -> dict[str, Value]:
    """Scheme, hostname, port, path, raw_path, raw_query and fragment, those that are not empty."""
    url = parse_url(string(text, 1))
    found: dict[str, Value] = {
        "scheme": url.scheme,
        "hostname": url.hostname,
        "port": url.port,
        "path": url.path.text,
        "raw_path": url.path.raw or url.path.text,
        "raw_query": url.query,
        "fragment": url.fragment.text,
    }
    return {name: value for name, value in found.items() if value}


def uri_is_valid(text: Value) -> bool:
    """Is it a URI, not empty?"""
    if type(text) is not str or not text:
        return False
    try:
        parse_url(text)
    except BuiltinError:
        return False
    return True
