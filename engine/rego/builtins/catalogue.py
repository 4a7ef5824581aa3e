"""Every builtin of OPA 1.22.2, with Gatekeeper's `external_data`: what is implemented here, and where.

Source of the names and arities: OPA's `capabilities/v1.22.2.json`, and its tests' `test.sleep`. A builtin's module is imported when it is loaded.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, Literal

from lockgate.engine.errors import PolicyError
from lockgate.engine.record import record

_PACKAGE: Final = "lockgate.engine.rego.builtins."

# For each module its builtins as name/arity; a star marks one that takes the context first, an at sign one that takes
# what lies outside of the evaluation before that.
_IMPLEMENTED: Final = {
    "comparison": "assign/2 eq/2 equal/2 neq/2 lt/2 lte/2 gt/2 gte/2 internal.member_2/2 internal.member_3/3",
    "numbers": "plus/2 minus/2 mul/2 div/2 rem/2 abs/1 ceil/1 floor/1 round/1 numbers.range/2* numbers.range_step/3*"
    " format_int/2 to_number/1",
    "aggregates": "count/1 sum/1 product/1 max/1 min/1 sort/1 all/1 any/1",
    "arrays": "array.concat/2* array.flatten/1* array.reverse/1* array.slice/3*",
    "sets": "and/2 or/2* set_diff/2 intersection/1 union/1*",
    "objects": "object.get/3 object.keys/1 object.remove/2 object.filter/2 object.union/2* object.union_n/1*",
    "subsets": "object.subset/2*",
    "json_paths": "json.filter/2 json.remove/2",
    "strings": "concat/2* contains/2 startswith/2 endswith/2 indexof/2 indexof_n/2* lower/1 upper/1 replace/3* split/2*"
    " strings.split_n/3* substring/3 trim/2 trim_left/2 trim_right/2 trim_prefix/2 trim_suffix/2 trim_space/1"
    " strings.any_prefix_match/2* strings.any_suffix_match/2* strings.count/2 strings.replace_n/2* strings.reverse/1"
    " trace/1",
    "formatting": "sprintf/2*",
    "types": "type_name/1 is_array/1 is_boolean/1 is_null/1 is_number/1 is_object/1 is_set/1 is_string/1"
    " cast_array/1 cast_boolean/1 cast_null/1 cast_object/1 cast_set/1 cast_string/1",
    "walking": "walk/1*",
    "regexes": "regex.match/2 re_match/2 regex.is_valid/1 regex.find_n/3 regex.find_all_string_submatch_n/3"
    " regex.replace/3* regex.split/2 regex.template_match/4",
    "json_patch": "json.patch/2*",
    "json_text": "json.marshal/1* json.marshal_with_options/2* json.unmarshal/1 json.is_valid/1",
    "encodings": "base64.encode/1 base64.decode/1 base64.is_valid/1 base64url.encode/1 base64url.encode_no_pad/1"
    " base64url.decode/1 hex.encode/1 hex.decode/1 urlquery.encode/1 urlquery.decode/1 urlquery.encode_object/1"
    " urlquery.decode_object/1",
    "bits": "bits.and/2 bits.or/2 bits.xor/2 bits.negate/1 bits.lsh/2 bits.rsh/2",
    "units": "units.parse/1 units.parse_bytes/1",
    "versions": "semver.compare/2 semver.is_valid/1",
    "hashes": "crypto.md5/1 crypto.sha1/1 crypto.sha256/1 crypto.hmac.md5/2 crypto.hmac.sha1/2 crypto.hmac.sha256/2"
    " crypto.hmac.sha512/2 crypto.hmac.equal/2",
    "graphs": "graph.reachable/2* graph.reachable_paths/2*",
    "globs": "glob.match/3 glob.quote_meta/1",
    "networks": "net.cidr_contains/2 net.cidr_contains_matches/2* net.cidr_expand/1* net.cidr_intersects/2"
    " net.cidr_is_valid/1 net.cidr_merge/1* net.cidr_overlap/2",
    "identifiers": "uuid.parse/1 uuid.rfc4122/1* rand.intn/2*",
    "clock": "time.now_ns/0* time.parse_ns/2 time.parse_rfc3339_ns/1 time.parse_duration_ns/1 time.format/1 time.date/1"
    " time.clock/1 time.weekday/1 time.add_date/4 time.diff/2",
    "yaml_text": "yaml.marshal/1* yaml.unmarshal/1* yaml.is_valid/1*",
    "glob_overlap": "regex.globs_match/2*",
    "uris": "uri.parse/1 uri.is_valid/1",
    "interpolation": "internal.template_string/1*",
    "modules": "rego.parse_module/2*",
    "unit_tests": "internal.test_case/1*",
    "json_schemas": "json.match_schema/2* json.verify_schema/1*",
    "http_send": "http.send/1@",
    "lookups": "net.lookup_ip_addr/1@",
    "runtime": "opa.runtime/0@",
    "sleeping": "test.sleep/1",
    "templates": "strings.render_template/2*",
    "graphql": "graphql.is_valid/2* graphql.parse/2* graphql.parse_and_verify/2* graphql.parse_query/1*"
    " graphql.parse_schema/1* graphql.schema_is_valid/1*",
    "certificates": "crypto.parse_private_keys/1* crypto.x509.parse_and_verify_certificates/1*"
    " crypto.x509.parse_and_verify_certificates_with_options/2* crypto.x509.parse_certificate_request/1*"
    " crypto.x509.parse_certificates/1* crypto.x509.parse_keypair/2* crypto.x509.parse_rsa_private_key/1*",
    "tokens": "io.jwt.decode/1* io.jwt.verify_hs256/2* io.jwt.verify_hs384/2* io.jwt.verify_hs512/2*",
    "token_verification": "io.jwt.decode_verify/2* io.jwt.verify_eddsa/2* io.jwt.verify_es256/2*"
    " io.jwt.verify_es384/2* io.jwt.verify_es512/2* io.jwt.verify_ps256/2* io.jwt.verify_ps384/2*"
    " io.jwt.verify_ps512/2* io.jwt.verify_rs256/2* io.jwt.verify_rs384/2* io.jwt.verify_rs512/2*",
    "token_signing": "io.jwt.encode_sign/3* io.jwt.encode_sign_raw/3*",
    "aws_signature": "providers.aws.sign_req/3*",
    "external_data": "external_data/1*",
}

# For modules that import a library which the plain installation lacks: the library, and the extra that brings it.
_EXTRAS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    dict.fromkeys(("certificates", "token_verification", "token_signing"), ("cryptography", "crypto"))
)

# Known to OPA, not implemented here.
_MISSING: Final = """
internal.print/1 print/0 rego.metadata.chain/0 rego.metadata.rule/0
"""

# Gatekeeper's, and one that OPA's own tests use: no policy has them unless the capabilities say so.
BEYOND_OPA: Final = frozenset(["external_data", "test.sleep"])

# A Rego v1 module must not call these.
DEPRECATED: Final = frozenset(
    [
        "all",
        "any",
        "cast_array",
        "cast_boolean",
        "cast_null",
        "cast_object",
        "cast_set",
        "cast_string",
        "net.cidr_overlap",
        "re_match",
        "set_diff",
    ]
)

# Their result may differ between two evaluations of the same input, or somebody waits for them to be called.
NONDETERMINISTIC: Final = frozenset(
    [
        # OPA does not say so of the next two, which look at the time.
        "crypto.x509.parse_and_verify_certificates",
        "crypto.x509.parse_and_verify_certificates_with_options",
        "external_data",
        "http.send",
        "internal.test_case",
        "io.jwt.decode_verify",
        "io.jwt.encode_sign",
        "io.jwt.encode_sign_raw",
        "json.match_schema",
        "json.verify_schema",
        "net.lookup_ip_addr",
        "opa.runtime",
        "rand.intn",
        "time.now_ns",
        "uuid.rfc4122",
    ]
)

# Their function returns a list of outputs, each of which makes the call true once.
RELATIONS: Final = frozenset(["walk"])

# Names that mean something else in Python; their function has an underscore after the name.
_TAKEN: Final = frozenset(["abs", "all", "and", "any", "max", "min", "or", "round", "sum"])


@record
class Entry:
    """A builtin: `function` of `module` implements it; without a module it is not implemented.

    `context` tells whether the function takes a `Context` before the operands, "outside" that it takes an `Outside`
    before that, which has to be bound first.
    """

    name: str
    arity: int
    module: str | None
    function: str
    context: Literal["outside", "context", ""]

    @property
    def deprecated(self) -> bool:
        """Rego v1 refuses it."""
        return self.name in DEPRECATED

    @property
    def nondeterministic(self) -> bool:
        """Its result may differ between two evaluations of the same input."""
        return self.name in NONDETERMINISTIC

    @property
    def relation(self) -> bool:
        """Its function returns a list of outputs."""
        return self.name in RELATIONS


_CONTEXTS: Final[Mapping[str, Literal["outside", "context", ""]]] = MappingProxyType(
    {"@": "outside", "*": "context", "": ""}
)


def _entry(text: str, module: str | None) -> Entry:
    name, _, rest = text.partition("/")
    function = name.replace(".", "_") + ("_" if name in _TAKEN else "")
    return Entry(name, int(rest[0]), module, function, _CONTEXTS[rest[1:]])


def _table() -> Mapping[str, Entry]:
    entries = [_entry(text, None) for text in _MISSING.split()]
    for module, texts in _IMPLEMENTED.items():
        entries += [_entry(text, module) for text in texts.split()]
    return MappingProxyType({entry.name: entry for entry in entries})


ENTRIES: Final = _table()


def missing_extra(name: str) -> str:
    """The extra that must be installed before a builtin can be called, or an empty string."""
    library, extra = _EXTRAS.get(ENTRIES[name].module or "", ("", ""))
    if not library:
        return ""
    from importlib.util import find_spec

    return extra if find_spec(library) is None else ""


def missing_extra_text(name: str, extra: str) -> tuple[str, str]:
    """What to tell about a builtin whose extra is missing, and what to do about it."""
    return f"built-in function {name} needs a library that is not installed", f"pip install lockgate[{extra}]"


def load(name: str) -> Callable[..., Any]:
    """The function of an implemented builtin. Raises KeyError for another name, PolicyError without its library."""
    entry = ENTRIES[name]
    if entry.module is None:
        raise KeyError(name)
    extra = missing_extra(name)
    if extra:
        message, hint = missing_extra_text(name, extra)
        raise PolicyError(message, hint=hint)
    function: Callable[..., Any] = getattr(import_module(_PACKAGE + entry.module), entry.function)
    return function
