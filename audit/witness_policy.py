"""Witness policies (C2SP tlog-policy): which witnesses there are, and which sets of their cosignatures suffice.

Lines are `log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`, `group <name> <any|all|k> <member>…` and
`quorum <name|none>`; what is named has been defined above. `#` begins a comment line.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.audit.errors import FormatError
from lockgate.audit.note import COSIGNATURE, ML_DSA_44, VerifierKey, parse_verifier_key

MAX_POLICY: Final = 1_000_000
NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Group:
    """A group suffices when `threshold` of its members do."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """A parsed policy: the logs' keys, the witnesses with their keys and addresses by name, groups, and the quorum."""

    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, tuple[VerifierKey, str]]
    groups: Mapping[str, Group]
    quorum: str

    def is_met(self, names: Collection[str]) -> bool:
        """Whether cosignatures of these witnesses suffice."""
        return self.quorum == NONE or self._is_met(self.quorum, frozenset(names))

    def _is_met(self, name: str, names: frozenset[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in names
        # Groups name what was defined before them, so that this ends.
        return sum(self._is_met(member, names) for member in group.members) >= group.threshold


def _threshold(text: str, count: int, where: str) -> int:
    if text == "any":
        return 1
    if text == "all":
        return count
    if not (text.isascii() and text.isdigit()) or text.startswith("0") or not 0 < int(text[:9]) <= count:
        raise FormatError(f"{where}: a group's threshold is any, all, or a number from 1 to {count}")
    return int(text)


def parse_witness_policy(text: str) -> WitnessPolicy:
    """A policy from its text. Raises FormatError, naming the line."""
    if len(text) > MAX_POLICY:
        raise FormatError("a witness policy is not that long")
    logs: list[VerifierKey] = []
    witnesses: dict[str, tuple[VerifierKey, str]] = {}
    groups: dict[str, Group] = {}
    member_of: dict[str, str] = {}
    quorum = ""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        where = f"line {number}"
        if not words or words[0].startswith("#"):
            continue
        match words:
            case ["log", key, *url] if len(url) <= 1:
                logs.append(parse_verifier_key(key))
            case ["witness", name, key, *url] if len(url) <= 1:
                _check_new(name, witnesses, groups, where)
                made = parse_verifier_key(key)
                if made.algorithm not in (COSIGNATURE, ML_DSA_44):
                    raise FormatError(f"{where}: {name} has a key that makes no cosignatures")
                if any(made == other for other, _ in witnesses.values()):
                    raise FormatError(f"{where}: the key of {name} is another witness's too")
                witnesses[name] = (made, url[0] if url else "")
            case ["group", name, threshold, *members] if members:
                _check_new(name, witnesses, groups, where)
                for member in members:
                    if member not in witnesses and member not in groups:
                        raise FormatError(f"{where}: {member} is not defined above")
                    if member in member_of:
                        raise FormatError(f"{where}: {member} is in a group already")
                    member_of[member] = name
                groups[name] = Group(_threshold(threshold, len(members), where), tuple(members))
            case ["quorum", name]:
                if quorum:
                    raise FormatError(f"{where}: there is a second quorum")
                if name != NONE and name not in witnesses and name not in groups:
                    raise FormatError(f"{where}: {name} is not defined above")
                quorum = name
            case _:
                raise FormatError(f"{where}: a line is log, witness, group or quorum with what belongs to it")
    if not quorum:
        raise FormatError("the policy has no quorum")
    return WitnessPolicy(tuple(logs), witnesses, groups, quorum)


def _check_new(name: str, witnesses: Mapping[str, object], groups: Mapping[str, object], where: str) -> None:
    if name == NONE or name in witnesses or name in groups:
        raise FormatError(f"{where}: the name {name} is taken")
