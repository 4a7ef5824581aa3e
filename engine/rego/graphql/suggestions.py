"""What could have been meant by a name that is not there."""

from collections.abc import Iterable

from lockgate.engine.rego.meter import Meter


def similar(typed: str, options: Iterable[str], meter: Meter) -> list[str]:
    """The options that differ in few letters, the nearest first."""
    length = len(typed.encode("utf-8", "replace"))
    limit = int(length * 0.4) + 1
    found: list[tuple[int, str]] = []
    for option in options:
        meter.spend(1)
        if abs(len(option) - len(typed)) <= limit:
            meter.spend(1 + (len(option) * len(typed) >> 6))
            distance = _distance(typed, option)
            if distance <= limit:
                found.append((distance, option))
    found.sort(key=lambda pair: pair[0])
    return [option for _, option in found]


def _distance(typed: str, option: str) -> int:
    """The number of letters to insert, remove or replace; letters of other case together count as one."""
    if typed == option:
        return 0
    first, second = typed.lower(), option.lower()
    if first == second:
        return 1
    before = list(range(len(second) + 1))
    for row, letter in enumerate(first, 1):
        current = [row]
        for column, other in enumerate(second):
            current.append(
                min(before[column + 1] + 1, current[column] + 1, before[column] + (letter != other))
            )
        before = current
    return before[-1]


def either(names: Iterable[str]) -> str:
    """`A, B, or C`, of five at most."""
    shown = list(names)[:5]
    if len(shown) == 2:
        return " or ".join(shown)
    return ", ".join([*shown[:-1], f"or {shown[-1]}"]) if len(shown) > 1 else "".join(shown)


def quoted(names: Iterable[str]) -> str:
    """`"A", "B", or "C"`."""
    return either([f'"{name}"' for name in names])


def meant(start: str, names: list[str]) -> str:
    """The sentence that suggests names, or nothing without any."""
    return f" {start} {quoted(names)}?" if names else ""
