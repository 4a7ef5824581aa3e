"""The operand of `http.send` as a request: https://www.openpolicyagent.org/docs/policy-reference/builtins/http."""

import re
from collections.abc import Mapping
from typing import Final

from lockgate.engine.codegen.values import Number, Object, Set, Value, object_items, render_rego
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.clock import time_parse_duration_ns
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.gotext import quote
from lockgate.engine.rego.builtins.json_text import as_json, marshal
from lockgate.engine.rego.http.errors import RequestError

REQUIRED: Final = frozenset(["method", "url"])
TEXTS: Final = (
    "method",
    "url",
    "raw_body",
    "tls_ca_cert",
    "tls_ca_cert_file",
    "tls_ca_cert_env_variable",
    "tls_client_cert",
    "tls_client_cert_file",
    "tls_client_cert_env_variable",
    "tls_client_key",
    "tls_client_key_file",
    "tls_client_key_env_variable",
    "tls_server_name",
)
# Those that Go's ParseBool reads from the value's text, so that 1 is true too.
_LOOSE_FLAGS: Final = ("enable_redirect", "tls_use_system_certs", "tls_insecure_skip_verify")
_FLAGS: Final = ("force_json_decode", "force_yaml_decode", "cache", "force_cache")
KNOWN: Final = frozenset(
    [
        *TEXTS,
        *_LOOSE_FLAGS,
        *_FLAGS,
        "body",
        "headers",
        "timeout",
        "raise_error",
        "caching_mode",
        "max_retry_attempts",
        "cache_ignored_headers",
        "force_cache_duration_seconds",
    ]
)
_DEFAULT_TIMEOUT: Final = 5.0
# Nobody waits longer, whatever a policy says; a timeout of zero, which in Go is none, is this one.
MAX_TIMEOUT: Final = 60.0
MAX_RETRIES: Final = 10
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_INT64: Final = 1 << 63


@record
class Request:
    """One request with what was asked for besides: seconds, retries, how to read the answer, and caching."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timeout: float
    retries: int
    texts: Mapping[str, str]
    flags: frozenset[str]
    keep_seconds: int

    def has(self, flag: str) -> bool:
        """Is the option of that name set?"""
        return flag in self.flags


def raises_errors(options: Mapping[str, Value]) -> bool:
    """Are errors errors of the builtin, and not answers?"""
    found = options.get("raise_error", True)
    if not isinstance(found, bool):
        raise RequestError("invalid value for raise_error field")
    return found


def read_options(options: Mapping[str, Value]) -> Request:
    """The request. The names of the options are known to be good. Raises RequestError."""
    texts = {}
    for name in TEXTS:
        if name in options:
            found = options[name]
            if not isinstance(found, str):
                raise RequestError(f'"{name}" must be a string')
            texts[name] = found.strip('"')
    flags = {name for name in _LOOSE_FLAGS if _loose_flag(options, name)}
    flags |= {name for name in _FLAGS if _flag(options, name)}
    _check_ignored_headers(options)
    headers = _headers(options)
    body = texts["raw_body"].encode("utf-8", "replace") if "raw_body" in texts else b""
    if "body" in options and "raw_body" not in texts:
        body = marshal(options["body"]).encode("utf-8", "replace")
    method = texts["method"].upper()
    if not _TOKEN.fullmatch(method or "GET"):
        raise RequestError(f'net/http: invalid method "{method[:100]}"')
    return Request(
        method=method or "GET",
        url=texts["url"],
        headers=headers,
        body=body,
        timeout=_timeout(options),
        retries=_retries(options),
        texts=texts,
        flags=frozenset(flags),
        keep_seconds=_keep_seconds(options) if "force_cache" in flags else 0,
    )


def _loose_flag(options: Mapping[str, Value], name: str) -> bool:
    found = options.get(name, False)
    if isinstance(found, bool):
        return found
    if found in (0, 1) and type(found) is int:
        return found == 1
    raise RequestError(f"strconv.ParseBool: parsing {render_rego(found)}: invalid syntax")


def _flag(options: Mapping[str, Value], name: str) -> bool:
    found = options.get(name, False)
    if not isinstance(found, bool):
        raise RequestError(f'invalid value for "{name}" field')
    return found


def _check_ignored_headers(options: Mapping[str, Value]) -> None:
    ignored = options.get("cache_ignored_headers")
    if ignored is not None and "headers" in options:
        texts = isinstance(ignored, list) and all(isinstance(name, str) for name in ignored)
        if not texts:
            raise RequestError("cache_ignored_headers must be an array of strings")


def _headers(options: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    if "headers" not in options:
        return ()
    found = as_json(options["headers"])
    if not isinstance(found, dict) or isinstance(options["headers"], Set):
        raise RequestError("invalid type for headers key")
    made: dict[str, str] = {}
    for name, value in found.items():
        if not isinstance(value, str):
            shown = render_rego(value)[:100]
            is_number = type(value) is int or type(value) is Number
            raise RequestError(f"invalid type for headers value {quote(shown) if is_number else shown}")
        if not _TOKEN.fullmatch(name):
            raise RequestError(f'net/http: invalid header field name "{name[:100]}"')
        if any(char in value for char in "\r\n\0"):
            raise RequestError(f'net/http: invalid header field value for "{name}"')
        made["-".join([part.capitalize() for part in name.split("-")])] = value
    return tuple(made.items())


def _timeout(options: Mapping[str, Value]) -> float:
    if "timeout" not in options:
        return _DEFAULT_TIMEOUT
    found = options["timeout"]
    if isinstance(found, bool) or not isinstance(found, int | Number | str):
        raise RequestError("operand 1 'timeout' must be one of {string, number}")
    if isinstance(found, str) and re.fullmatch("[+-]?[0-9]{1,19}", found):
        found = int(found)
    if isinstance(found, str):
        try:
            nanoseconds = time_parse_duration_ns(found)
        except BuiltinError as error:
            raise RequestError(
                f"invalid timeout value {render_rego(found)[:100]}: {error.message}"
            ) from error
        assert isinstance(nanoseconds, int)
    elif type(found) is int and abs(found) < _INT64:
        nanoseconds = found
    else:
        raise RequestError(f"invalid timeout number value {render_rego(found)[:100]}, must be int64")
    seconds = nanoseconds / 1e9
    return min(seconds, MAX_TIMEOUT) if seconds > 0 else MAX_TIMEOUT


def _retries(options: Mapping[str, Value]) -> int:
    found = options.get("max_retry_attempts", 0)
    if type(found) is not int or found < 0:
        raise RequestError(f'invalid value {render_rego(found)[:100]} for field "max_retry_attempts"')
    return min(found, MAX_RETRIES)


def _keep_seconds(options: Mapping[str, Value]) -> int:
    if "force_cache_duration_seconds" not in options:
        raise RequestError("'force_cache' set but 'force_cache_duration_seconds' parameter is missing")
    found = options["force_cache_duration_seconds"]
    if type(found) is not int or not -(1 << 31) <= found < 1 << 31:
        raise RequestError(f"strconv.ParseInt: parsing {render_rego(found)[:100]}: invalid syntax")
    return found


def cache_key(options: Mapping[str, Value]) -> str:
    """What requests have in common that get the same answer: all options, but the headers that do not count."""
    counted: dict[str, Value] = {
        name: item for name, item in options.items() if name != "cache_ignored_headers"
    }
    ignored, headers = options.get("cache_ignored_headers"), options.get("headers")
    if isinstance(ignored, list) and isinstance(headers, dict | Object):
        counted["headers"] = {
            render_rego(name): item for name, item in object_items(headers) if name not in ignored
        }
    return render_rego(counted)
