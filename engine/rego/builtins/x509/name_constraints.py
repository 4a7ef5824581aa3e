"""Name constraints (RFC 5280, section 4.2.1.10): which names an authority permits and excludes below it."""

import ipaddress
from typing import Final

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.engine.rego.builtins.encodings import base64_text
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.x509.alternative_names import (
    ascii_text,
    is_constraint,
    shown_address,
)
from lockgate.engine.rego.builtins.x509.der import CONSTRUCTED, CONTEXT, SEQUENCE, Reader
from lockgate.engine.rego.builtins.x509.mailboxes import mailbox

_PROBLEM: Final = "x509: invalid NameConstraints extension"


@record
class Subtrees:
    """The names that are permitted or excluded, by kind; a network is an address and a mask."""

    dns: tuple[str, ...] = ()
    networks: tuple[tuple[bytes, bytes], ...] = ()
    emails: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


@record
class NameConstraints:
    """What a certificate permits and excludes below it."""

    critical: bool = False
    permitted: Subtrees = Subtrees()
    excluded: Subtrees = Subtrees()


def read_name_constraints(value: bytes, critical: bool) -> tuple[NameConstraints, bool]:
    """The constraints in an extension's value, and whether all of their kinds are known."""
    outer = Reader(value)
    inside = outer.inside(SEQUENCE, _PROBLEM)
    permitted = inside.optional(CONTEXT | CONSTRUCTED, _PROBLEM)
    excluded = inside.optional(CONTEXT | CONSTRUCTED | 1, _PROBLEM)
    if not outer.empty or not inside.empty:
        raise BuiltinError(_PROBLEM)
    if not permitted and not excluded:
        raise BuiltinError("x509: empty name constraints extension")
    first, first_known = _subtrees(permitted or b"")
    second, second_known = _subtrees(excluded or b"")
    return NameConstraints(critical, first, second), first_known and second_known


def _subtrees(contents: bytes) -> tuple[Subtrees, bool]:
    dns: list[str] = []
    networks: list[tuple[bytes, bytes]] = []
    emails: list[str] = []
    uris: list[str] = []
    known = True
    reader = Reader(contents)
    while not reader.empty:
        tag, value = reader.inside(SEQUENCE, _PROBLEM).any(_PROBLEM)
        if tag == CONTEXT | 2:
            dns.append(_domain(value))
        elif tag == CONTEXT | 7:
            networks.append(_network(value))
        elif tag == CONTEXT | 1:
            emails.append(_email(value))
        elif tag == CONTEXT | 6:
            uris.append(_uri_domain(value))
        else:
            known = False
    return Subtrees(tuple(dns), tuple(networks), tuple(emails), tuple(uris)), known


def _domain(value: bytes) -> str:
    domain = ascii_text(value, "x509: invalid constraint value")
    if not is_constraint(domain):
        raise BuiltinError("x509: failed to parse dnsName constraint")
    return domain


def _network(value: bytes) -> tuple[bytes, bytes]:
    if len(value) not in (8, 32):
        raise BuiltinError(f"x509: IP constraint contained value of length {len(value)}")
    address, mask = value[: len(value) // 2], value[len(value) // 2 :]
    ones = int.from_bytes(mask, "big")
    zeros = ones ^ ((1 << 8 * len(mask)) - 1)
    if zeros & (zeros + 1):
        raise BuiltinError(f"x509: IP constraint contained invalid mask {mask.hex()}")
    return address, mask


def _email(value: bytes) -> str:
    constraint = ascii_text(value, "x509: invalid constraint value")
    good = mailbox(constraint) is not None if "@" in constraint else is_constraint(constraint)
    if not good:
        raise BuiltinError("x509: failed to parse rfc822Name constraint")
    return constraint


def _uri_domain(value: bytes) -> str:
    domain = ascii_text(value, "x509: invalid constraint value")
    if is_address(domain) or not is_constraint(domain):
        raise BuiltinError("x509: failed to parse URI constraint")
    return domain


def is_address(text: str) -> bool:
    """Is it an IP address, without a zone?"""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def shown_constraints(constraints: NameConstraints) -> dict[str, Value]:
    """The constraints as Go writes them in JSON; a kind without any is null."""
    shown: dict[str, Value] = {"PermittedDNSDomainsCritical": constraints.critical}
    for prefix, trees in (("Permitted", constraints.permitted), ("Excluded", constraints.excluded)):
        shown[f"{prefix}DNSDomains"] = list(trees.dns) or None
        shown[f"{prefix}EmailAddresses"] = list(trees.emails) or None
        shown[f"{prefix}URIDomains"] = list(trees.uris) or None
        shown[f"{prefix}IPRanges"] = [
            {"IP": shown_address(address), "Mask": base64_text(mask)} for address, mask in trees.networks
        ] or None
    return shown
