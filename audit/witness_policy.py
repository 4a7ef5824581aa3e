"""Witness policies (C2SP tlog-policy): which witnesses there are, and which sets of their cosignatures suffice.

Lines are `log <vkey> [<url>]`, `witness <name> <vkey> [<url>]`, `group <name> <any|all|k> <member>…` and
`quorum <name|none>`; what is named has been defined above. `#` begins a comment line.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from lockgate.audit.errors import FormatError
from lockgate.audit.note import COSIGNATURE, ED25519, ML_DSA_44, VerifierKey, parse_verifier_key

MAX_POLICY: Final = 1_000_000
# The specification asks for 32 of each; a policy is evaluated by walking it, group in group.
MAX_DEFINED: Final = 256
_LOG_KEYS: Final = frozenset((ED25519, ML_DSA_44))
_WITNESS_KEYS: Final = frozenset((COSIGNATURE, ML_DSA_44))
# Words are separated by spaces and tabs only; other spaces of Unicode are parts of names.
_WORD: Final = re.compile(r"[^ \t]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
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
    if _CONTROL.search(text):
        raise FormatError("a witness policy has no control characters but tabs and newlines")
    for number, line in enumerate(text.split("\n"), 1):
        words = _WORD.findall(line)
        where = f"line {number}"
        if not words or words[0].startswith("#"):
            continue
        match words:
            case ["log", key, *url] if len(url) <= 1:
                logs.append(_key(key, _LOG_KEYS, [one.public for one in logs], where))
            case ["witness", name, key, *url] if len(url) <= 1:
                _check_new(name, witnesses, groups, where)
                made = _key(key, _WITNESS_KEYS, [other.public for other, _ in witnesses.values()], where)
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
        if len(logs) + len(witnesses) + len(groups) > MAX_DEFINED:
            raise FormatError(f"{where}: a policy defines at most {MAX_DEFINED} logs, witnesses and groups")
    if not quorum:
        raise FormatError("the policy has no quorum")
    return WitnessPolicy(tuple(logs), witnesses, groups, quorum)


def _check_new(name: str, witnesses: Mapping[str, object], groups: Mapping[str, object], where: str) -> None:
    if name == NONE or name in witnesses or name in groups:
        raise FormatError(f"{where}: the name {name} is taken")


def _key(text: str, algorithms: Collection[int], seen: Collection[bytes], where: str) -> VerifierKey:
    """A key of one of these algorithms whose material no other line has, under whatever name."""
    try:
        key = parse_verifier_key(text)
    except FormatError as error:
        raise FormatError(f"{where}: {error.message}") from None
    if key.algorithm not in algorithms:
        raise FormatError(f"{where}: the key {key.name} has an algorithm that does not sign this")
    if key.public in seen:
        raise FormatError(f"{where}: the key {key.name} is another line's too")
    return key
