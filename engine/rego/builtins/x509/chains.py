"""Chains from a certificate to a root, built and checked as Go's `x509.Certificate.Verify` does (RFC 5280, 6.1)."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from lockgate.engine.record import record
from lockgate.engine.rego.builtins.x509.certificates import Certificate
from lockgate.engine.rego.builtins.x509.constraint_check import keeps_constraints
from lockgate.engine.rego.builtins.x509.policies import agrees_on_policies
from lockgate.engine.rego.builtins.x509.signature_algorithms import checking_steps, is_signed_by

# Signatures that are checked for one chain at most: so many ways through hostile intermediates are tried.
MAX_CHECKS: Final = 100
ANY_USAGE: Final = 0
SERVER_AUTHENTICATION: Final = 1

_CERTIFICATE_SIGN: Final = 1 << 5
_LABEL: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
_NO_PATH_LENGTH: Final = -1

Chain = tuple[Certificate, ...]


@record
class Wanted:
    """What a chain is checked for: a host name, unless it is empty, a time, and extended key usages by number."""

    now_ns: int
    host: str = ""
    usages: tuple[int, ...] = (SERVER_AUTHENTICATION,)


def verified_chain(
    certificates: Sequence[Certificate], wanted: Wanted, spend: Callable[[int], None]
) -> Chain | None:
    """The first good chain from the last certificate to the first, over those between; None when there is none.

    `spend` is told what each check of a signature counts as, ahead of it.
    """
    root, leaf = certificates[0], certificates[-1]
    if not _fits(leaf, "leaf", (), wanted.now_ns) or (wanted.host and not has_host(leaf, wanted.host)):
        return None
    chains: Iterator[Chain] | list[Chain]
    if leaf.raw == root.raw:
        chains = [(leaf,)]
    else:
        between = {certificate.raw: certificate for certificate in certificates[1:-1]}
        chains = _chains(leaf, [root], list(between.values()), wanted.now_ns, spend)
    for chain in chains:
        if agrees_on_policies(chain) and _may_be_used(chain, wanted.usages) and keeps_constraints(chain):
            return chain
    return None


def _chains(
    leaf: Certificate,
    roots: Sequence[Certificate],
    between: Sequence[Certificate],
    now_ns: int,
    spend: Callable[[int], None],
) -> Iterator[Chain]:
    """All chains, the shorter way first; each level of the search is an iterator of its candidates."""
    checks = 0
    levels: list[tuple[Chain, Iterator[tuple[str, Certificate]]]] = [
        ((leaf,), _candidates(leaf, roots, between))
    ]
    while levels:
        chain, candidates = levels[-1]
        role, candidate = next(candidates, ("", leaf))
        if not role:
            levels.pop()
            continue
        checks += 1
        if checks > MAX_CHECKS:
            return
        spend(checking_steps(candidate.key))
        if candidate.key is None or _is_in(candidate, chain):
            continue
        if not _has_signed(candidate, chain[-1]) or not _fits(candidate, role, chain, now_ns):
            continue
        longer = (*chain, candidate)
        if role == "root":
            yield longer
        else:
            levels.append((longer, _candidates(candidate, roots, between)))


def _candidates(
    certificate: Certificate, roots: Sequence[Certificate], between: Sequence[Certificate]
) -> Iterator[tuple[str, Certificate]]:
    """What may have issued a certificate: roots first, then by how well the identifiers of the keys agree."""
    for role, pool in (("root", roots), ("intermediate", between)):
        named = [one for one in pool if one.raw_subject == certificate.raw_issuer]
        wanted = certificate.details.authority_key or b""

        def distance(one: Certificate, wanted: bytes = wanted) -> int:
            found = one.details.subject_key or b""
            return 0 if found == wanted else 2 if found and wanted else 1

        for one in sorted(named, key=distance):
            yield role, one


def _is_in(candidate: Certificate, chain: Chain) -> bool:
    """Is the same name and key in the chain already, with the same alternative names?"""
    for one in chain:
        if one.raw_subject != candidate.raw_subject or one.key_info.raw != candidate.key_info.raw:
            continue
        if (one.alternative_names is None) != (candidate.alternative_names is None):
            return False
        if one.alternative_names == candidate.alternative_names:
            return True
    return False


def _has_signed(parent: Certificate, child: Certificate) -> bool:
    details = parent.details
    if (parent.version == 3 or details.basic_constraints) and not (
        details.basic_constraints and details.is_ca
    ):
        return False
    if details.key_usage and not details.key_usage & _CERTIFICATE_SIGN:
        return False
    return is_signed_by(parent.key, child.algorithm, child.raw_signed, child.signature)


def _fits(certificate: Certificate, role: str, below: Chain, now_ns: int) -> bool:
    """May a certificate take a role above a chain, at this time?"""
    details = certificate.details
    if details.unhandled_critical or (below and below[-1].raw_issuer != certificate.raw_subject):
        return False
    second = 1_000_000_000
    if not certificate.not_before.seconds * second <= now_ns <= certificate.not_after.seconds * second:
        return False
    if role == "intermediate" and not (details.basic_constraints and details.is_ca):
        return False
    limited = details.basic_constraints and details.max_path_length != _NO_PATH_LENGTH
    return not limited or len(below) - 1 <= details.max_path_length


def _may_be_used(chain: Chain, usages: Sequence[int]) -> bool:
    """Is at least one of the extended usages allowed by every certificate that limits its own?"""
    if ANY_USAGE in usages:
        return True
    left = list(usages)
    for certificate in reversed(chain):
        allowed = certificate.details.extended_usages
        limits = allowed or certificate.details.unknown_usages
        if not limits or ANY_USAGE in allowed:
            continue
        left = [usage for usage in left if usage in allowed]
        if not left:
            return False
    return True


def has_host(certificate: Certificate, host: str) -> bool:
    """Is a certificate for a host, given by name or by address?"""
    names = certificate.details.names
    bracketed = len(host) >= 3 and host.startswith("[") and host.endswith("]")
    address = _address(host[1:-1] if bracketed else host)
    if address is not None:
        return any(_short(ipaddress.ip_address(one)) == address for one in names.addresses)
    wanted = _lower(host)
    stem = wanted.removesuffix(".")
    is_name = bool(stem) and all(map(_LABEL.fullmatch, stem.split(".")))
    return any(_matches(pattern, wanted, "name" if is_name else "text") for pattern in names.dns)


def _address(text: str) -> bytes | None:
    if "%" in text:
        return None
    try:
        return _short(ipaddress.ip_address(text))
    except ValueError:
        return None


def _short(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bytes:
    """The bytes of an address, of which those of IPv4 may be written as IPv6."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).packed


def _matches(pattern: str, wanted: str, kind: str) -> bool:
    labels = pattern.split(".")
    rest = labels[1:] if labels[0] == "*" and len(labels) > 1 else labels
    if kind == "name" and all(map(_LABEL.fullmatch, rest)):
        found = wanted.removesuffix(".").split(".")
        if len(found) != len(labels):
            return False
        return [_lower(label) for label in rest] == found[len(labels) - len(rest) :]
    return pattern not in ("", ".") and wanted not in ("", ".") and _lower(pattern) == wanted


def _lower(text: str) -> str:
    """The text with ASCII letters in lower case."""
    return "".join([char.lower() if char.isascii() else char for char in text])
