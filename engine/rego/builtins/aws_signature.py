"""`providers.aws.sign_req`: HTTP requests signed for AWS, by Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html; OPA offers 4A for `http.send` only.
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from lockgate.engine.codegen.values import Object, Set, Value, object_items, render_rego
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.context import Context
from lockgate.engine.rego.builtins.errors import operand_error, type_error
from lockgate.engine.rego.builtins.go_url import Url, parse_url
from lockgate.engine.rego.builtins.json_text import json_marshal
from lockgate.engine.rego.builtins.operands import bytes_of, int64, number, object_

_CONFIGURATION: Final = ("aws_access_key", "aws_region", "aws_secret_access_key", "aws_service")
_REQUIRED: Final = ("method", "url")
# What a request of `http.send` may have.
_MEMBERS: Final = (
    "method url body enable_redirect force_json_decode force_yaml_decode headers raw_body tls_use_system_certs"
    " tls_ca_cert tls_ca_cert_file tls_ca_cert_env_variable tls_client_cert tls_client_cert_file"
    " tls_client_cert_env_variable tls_client_key tls_client_key_file tls_client_key_env_variable"
    " tls_insecure_skip_verify tls_server_name timeout cache force_cache force_cache_duration_seconds raise_error"
    " caching_mode max_retry_attempts cache_ignored_headers"
)
_ALLOWED: Final = frozenset(_MEMBERS.split())
# Proxies change these on the way.
_UNSIGNED: Final = frozenset(["authorization", "user-agent", "x-amzn-trace-id"])
# Services that want the digest of the payload in a header.
_WITH_DIGEST: Final = frozenset(["s3", "glacier"])
_BYTES_PER_STEP: Final = 64


def _named(value: Value, position: int) -> tuple[dict[str, Value], list[Value]]:
    """The members of an object whose names are strings, and the other names."""
    pairs = object_items(object_(value, position))
    found = {name: item for name, item in pairs if type(name) is str}
    return found, [name for name, _ in pairs if type(name) is not str]


def _text(value: Value) -> str:
    """The string, or an empty one for what is none."""
    return value if type(value) is str else ""


def _require(fields: dict[str, Value], required: tuple[str, ...], position: int, what: str) -> None:
    missing: list[Value] = [name for name in required if name not in fields]
    if missing:
        raise operand_error(position, f"missing required {what} parameters(s): {render_rego(Set(missing))}")


def _require_texts(fields: dict[str, Value], required: tuple[str, ...], position: int, what: str) -> None:
    invalid: list[Value] = [name for name in required if type(fields[name]) is not str]
    if invalid:
        shown = render_rego(Set(invalid))
        raise operand_error(position, f"invalid values for required {what} parameters(s): {shown}")


@record
class _Credentials:
    access_key: str
    secret_key: str
    session_token: str
    region: str
    service: str

    def scope(self, day: str) -> str:
        """What a signature is for."""
        return f"{day}/{self.region}/{self.service}/aws4_request"

    def signing_key(self, day: str) -> bytes:
        """The key for a day."""
        made = bytes_of(f"AWS4{self.secret_key}")
        for part in (day, self.region, self.service, "aws4_request"):
            made = hmac.digest(made, bytes_of(part), "sha256")
        return made


def providers_aws_sign_req(context: Context, request: Value, configuration: Value, time_ns: Value) -> Value:
    """The request with the headers that sign it, for a time."""
    asked, foreign = _named(request, 1)
    config, _ = _named(configuration, 1)
    _require(config, _CONFIGURATION, 2, "AWS config")
    _require_texts(config, _CONFIGURATION, 2, "AWS config")
    moment = int64(number(time_ns, 1))
    if moment is None:
        raise operand_error(3, "could not convert time_ns value into a unix timestamp")
    headers = _checked_request(asked, foreign)
    url = parse_url(_text(asked["url"]))
    payload = _payload(context, asked)
    unsigned = config.get("disable_payload_signing", False)
    if type(unsigned) is not bool:
        raise operand_error(2, "invalid value for 'disable_payload_signing' in AWS config")
    context.spend(1 + len(payload) // _BYTES_PER_STEP)
    digest = "UNSIGNED-PAYLOAD" if unsigned else sha256(payload).hexdigest()
    credentials = _Credentials(
        _text(config["aws_access_key"]),
        _text(config["aws_secret_access_key"]),
        _text(config.get("aws_session_token")),
        _text(config["aws_region"]),
        _text(config["aws_service"]),
    )
    signed = _signed(headers, _text(asked["method"]), url, digest, credentials, moment)
    return {**asked, "headers": dict(signed)}


def _checked_request(request: dict[str, Value], foreign: list[Value]) -> dict[str, str]:
    """The headers of a request that has all it needs and nothing else."""
    foreign = foreign + [name for name in request if name not in _ALLOWED]
    if foreign:
        raise operand_error(1, f"invalid request parameters(s): {render_rego(Set(foreign))}")
    _require(request, _REQUIRED, 1, "request")
    headers = request.get("headers", {})
    if type(headers) is not dict and type(headers) is not Object:
        raise type_error(0, headers, "object")
    _require_texts(request, _REQUIRED, 1, "request")
    return {_text(name): _text(value) for name, value in object_items(headers)}


def _payload(context: Context, request: dict[str, Value]) -> bytes:
    if "raw_body" in request:
        return bytes_of(_text(request["raw_body"]))
    return bytes_of(json_marshal(context, request["body"])) if "body" in request else b""


def _signed(
    headers: dict[str, str], method: str, url: Url, digest: str, credentials: _Credentials, moment: int
) -> dict[str, str]:
    """The headers with those of the signature."""
    time = datetime.fromtimestamp(moment // 1_000_000_000, UTC)
    day, now = f"{time:%Y%m%d}", f"{time:%Y%m%dT%H%M%SZ}"
    own = {"host": url.host, "x-amz-date": now}
    if credentials.service in _WITH_DIGEST:
        own["x-amz-content-sha256"] = digest
    if credentials.session_token:
        own["x-amz-security-token"] = credentials.session_token
    to_sign = own | {name.lower(): value for name, value in headers.items() if name.lower() not in _UNSIGNED}
    names = ";".join(sorted(to_sign))
    lines = [method, url.path.shown, url.query]
    lines += [f"{name}:{to_sign[name]}" for name in sorted(to_sign)]
    canonical = "\n".join([*lines, "", names, digest])
    summary = sha256(bytes_of(canonical)).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", now, credentials.scope(day), summary])
    signature = hmac.digest(credentials.signing_key(day), bytes_of(text), "sha256").hex()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{credentials.scope(day)},"
        f"SignedHeaders={names},Signature={signature}"
    )
    return {**headers, "Authorization": authorization, **own}
