"""The order of keys in YAML that go-yaml writes: names with numbers in them by the numbers, letters after the rest.

After go.yaml.in/yaml/v2 sorter.go.
"""

import unicodedata
from functools import cmp_to_key
from typing import Final

_ZERO: Final = ord("0")


def in_order(names: list[str]) -> list[str]:
    """The names in go-yaml's order."""
    return sorted(names, key=cmp_to_key(_compare))


def _compare(first: str, second: str) -> int:
    if first == second:
        return 0
    return -1 if _is_less(first, second) else 1


def _is_less(first: str, second: str) -> bool:
    after_digit = False
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one == other:
            after_digit = _is_digit(one)
            continue
        letters = _is_letter(one), _is_letter(other)
        if all(letters):
            return one < other
        if any(letters):
            # Where a number goes on in one of them, that is the longer one.
            return letters[0] if after_digit else letters[1]
        # A number that begins with zeros is compared by what is left of it.
        head = int("0" in (one, other) and _has_number_before(first, place))
        here, end = _number(first, place, head)
        there, other_end = _number(second, place, head)
        if here != there:
            return here < there
        return end < other_end if end != other_end else one < other
    return len(first) < len(second)


def _has_number_before(text: str, place: int) -> bool:
    """Is there a digit other than zero among the digits right before a place?"""
    for char in reversed(text[:place]):
        if not _is_digit(char):
            return False
        if char != "0":
            return True
    return False


def _number(text: str, place: int, head: int) -> tuple[int, int]:
    """The number that the digits from a place on make after a head, as 64 bits hold it, and where they end."""
    number = head
    while place < len(text) and _is_digit(text[place]):
        number = number * 10 + ord(text[place]) - _ZERO
        place += 1
    return (number + (1 << 63)) % (1 << 64) - (1 << 63), place


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] == "L"


def _is_digit(char: str) -> bool:
    return unicodedata.category(char) == "Nd"
