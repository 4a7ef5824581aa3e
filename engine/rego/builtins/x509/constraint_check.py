"""Whether a chain of certificates keeps to the name constraints of its authorities.

Constraints are sorted and searched as Go does, so that hostile certificates with many of them stay cheap.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

from lockgate.engine.record import record
from lockgate.engine.rego.builtins.x509.alternative_names import AlternativeNames, is_domain
from lockgate.engine.rego.builtins.x509.certificates import Certificate
from lockgate.engine.rego.builtins.x509.mailboxes import mailbox
from lockgate.engine.rego.builtins.x509.name_constraints import NameConstraints, is_address

# Letters of one case, and the point before every other character, so that subdomains follow their domain.
_SORTED: Final = bytes(
    [0 if byte == 0x2E else byte + 32 if 0x41 <= byte <= 0x5A else byte for byte in range(256)]
)
_HOST_AND_PORT: Final = re.compile(r"(?:\[([^\[\]]*)\]|([^:\[\]]*)):[^:\[\]]*")

# Tells whether a name is among those of a constraint; None where there are no constraints of a kind.
_Holder = Callable[[Any], bool] | None


def _covers(constraint: str, name: str) -> bool:
    """Is a name the domain of a constraint, or below it? After a point only names below it are."""
    start = len(name) - len(constraint)
    if start < 0 or name[start:].lower() != constraint.lower():
        return False
    return constraint.startswith(".") or start == 0 or name[start - 1] == "."


def _reversed(name: str) -> bytes:
    return name.encode("latin-1", "replace").translate(_SORTED)[::-1]


class _Domains:
    """The domains of one kind of constraints, sorted, without those that are below others."""

    def __init__(self, domains: Collection[str], permits: str) -> None:
        self.all = "" in domains
        self.kept: list[str] = []
        for domain in sorted(domains, key=_reversed):
            if not self.kept or not _covers(self.kept[-1], domain):
                self.kept.append(domain)
        self.keys = [_reversed(domain) for domain in self.kept]
        # A wildcard that could be one of these is excluded as well.
        self.parents = set() if permits == "permitted" else {_parent(domain) for domain in self.kept} - {""}

    def hold(self, name: str) -> bool:
        """Is a name among them?"""
        if self.all:
            return True
        wanted = _reversed(name)
        at = bisect_left(self.keys, wanted)
        if at < len(self.keys) and self.keys[at] == wanted:
            return True
        if self.kept and _covers(self.kept[max(at - 1, 0)], name):
            return True
        return name.startswith("*") and _parent(name) in self.parents


def _parent(name: str) -> str:
    """What is left of a domain without its first label, from the point on."""
    _, point, rest = name.lower().partition(".")
    return point + rest


class _Networks:
    """The networks of one kind of constraints, sorted by address, without those that are inside of others."""

    def __init__(self, networks: Iterable[tuple[bytes, bytes]], _permits: str) -> None:
        self.kept: dict[int, list[tuple[bytes, bytes]]] = {4: [], 16: []}
        for network in sorted(networks):
            kept = self.kept[len(network[0])]
            if not kept or not _within(kept[-1], network):
                kept.append(network)

    def hold(self, address: bytes) -> bool:
        """Is an address in one of them?"""
        kept = self.kept[len(address)]
        at = bisect_left(kept, address, key=lambda network: network[0])
        if at < len(kept) and kept[at][0] == address:
            return True
        return bool(kept) and _contains(kept[max(at - 1, 0)], address)


def _contains(network: tuple[bytes, bytes], address: bytes) -> bool:
    base, mask = (int.from_bytes(part, "big") for part in network)
    return base & mask == int.from_bytes(address, "big") & mask


def _within(outer: tuple[bytes, bytes], inner: tuple[bytes, bytes]) -> bool:
    address, mask = inner
    last = bytes([part | ~bits & 0xFF for part, bits in zip(address, mask, strict=True)])
    return _contains(outer, address) and _contains(outer, last)


class _Emails:
    """The constraints for addresses of mail: whole mailboxes, and domains."""

    def __init__(self, emails: Iterable[str], permits: str) -> None:
        self.boxes = {mailbox(email) for email in emails if "@" in email}
        domains = [email for email in emails if "@" not in email]
        self.domains = _Domains(domains, permits) if domains else None

    def hold(self, box: tuple[str, str]) -> bool:
        """Is a mailbox among them?"""
        return box in self.boxes or (self.domains is not None and self.domains.hold(box[1]))


@record
class CheckedNames:
    """The names of a certificate in the form in which constraints look at them."""

    dns: tuple[str, ...]
    addresses: tuple[bytes, ...]
    hosts: tuple[str, ...]
    boxes: tuple[tuple[str, str], ...]


def checked_names(names: AlternativeNames) -> CheckedNames | None:
    """The names for constraints; None when one of them cannot be compared with any."""
    hosts: list[str] = []
    for url in names.uris:
        host: str | None = url.host.lower()
        if ":" in url.host and not url.host.endswith("]"):
            matched = _HOST_AND_PORT.fullmatch(url.host)
            host = matched and (matched[1] or matched[2])
        if not host or is_address(host.partition("%")[0]) or host.startswith("["):
            return None
        hosts.append(host)
    boxes: list[tuple[str, str]] = []
    for email in names.emails:
        box = mailbox(email)
        if box is None:
            return None
        boxes.append(box)
    return CheckedNames(names.dns, names.addresses, tuple(hosts), tuple(boxes))


class _Checker:
    """The constraints of one certificate, made ready for the names of those below it."""

    def __init__(self, constraints: NameConstraints) -> None:
        permitted, excluded = constraints.permitted, constraints.excluded
        self._networks = _rule(_Networks, permitted.networks, excluded.networks)
        self._dns = _rule(_Domains, permitted.dns, excluded.dns)
        self._uris = _rule(_Domains, permitted.uris, excluded.uris)
        self._emails = _rule(_Emails, permitted.emails, excluded.emails)

    def allows(self, names: CheckedNames) -> bool:
        """May a certificate below have these names?"""
        return (
            all(_allowed(self._networks, address) for address in names.addresses)
            and all(is_domain(name) and _allowed(self._dns, name) for name in names.dns)
            and all(is_domain(host) and _allowed(self._uris, host) for host in names.hosts)
            and all(_allowed(self._emails, box) for box in names.boxes)
        )


def _rule(
    make: Callable[[Any, str], Any], permitted: Sequence[Any], excluded: Sequence[Any]
) -> tuple[_Holder, _Holder]:
    return (
        make(permitted, "permitted").hold if permitted else None,
        make(excluded, "excluded").hold if excluded else None,
    )


def _allowed(rule: tuple[_Holder, _Holder], name: Any) -> bool:
    permitted, excluded = rule
    return (permitted is None or permitted(name)) and not (excluded is not None and excluded(name))


def keeps_constraints(chain: Sequence[Certificate]) -> bool:
    """Has no certificate of a chain, the leaf first, names that an authority above it does not allow?"""
    checkers = [
        (index, _Checker(certificate.details.constraints))
        for index, certificate in enumerate(chain)
        if certificate.has_constraints
    ]
    for index, certificate in enumerate(chain):
        above = [checker for place, checker in checkers if place > index]
        if not above or certificate.alternative_names is None:
            continue
        names = checked_names(certificate.details.names)
        if names is None or not all(checker.allows(names) for checker in above):
            return False
    return True
