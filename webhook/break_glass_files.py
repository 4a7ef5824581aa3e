"""Grants of break-glass and the policy about them, from files."""

import os
from collections.abc import Sequence
from typing import Final

from lockgate.engine.documents.document import Document
from lockgate.engine.documents.reading import read_documents
from lockgate.engine.errors import PolicyError, UsageError, os_reason
from lockgate.engine.record import record
from lockgate.gatekeeper.break_glass.grant import Grant, parse_grant
from lockgate.gatekeeper.break_glass.kinds import is_grant, is_grant_policy
from lockgate.gatekeeper.break_glass.policy import GrantPolicy, parse_grant_policy
from lockgate.gatekeeper.problems import flatten

# A grant is a few hundred bytes; a policy has a hundred signers at most.
MAX_FILE: Final = 1 << 20
_ENDINGS: Final = (".yaml", ".yml", ".json")


@record
class GlassProblem:
    """What is wrong with a file, or an object in it."""

    place: str
    message: str


@record
class GlassFiles:
    """What files hold about break-glass. One object that is wrong leaves the others."""

    grants: tuple[Grant, ...]
    policies: tuple[GrantPolicy, ...]
    problems: tuple[GlassProblem, ...]


def parse_glass(documents: Sequence[Document]) -> GlassFiles:
    """The grants and policies among documents; other kinds are passed over. Raises UsageError without cryptography."""
    grants: dict[str, Grant] = {}
    policies: list[GrantPolicy] = []
    problems: list[GlassProblem] = []
    for document in documents:
        try:
            if is_grant(document.value):
                made = parse_grant(document)
                if grants.setdefault(made.name, made).digest != made.digest:
                    problems.append(GlassProblem(document.file, f"there is another grant {made.name}"))
            elif is_grant_policy(document.value):
                policies.append(parse_grant_policy(document))
        except PolicyError as error:
            for one in flatten(error):
                line = one.location.line if one.location else 0
                problems.append(GlassProblem(f"{document.file}:{line}", one.message))
    return GlassFiles(tuple(grants.values()), tuple(policies), tuple(problems))


def read_glass_file(path: str) -> GlassFiles:
    """What one file holds; where it cannot be read, that is its problem."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(MAX_FILE + 1)
    except OSError as error:
        return GlassFiles((), (), (GlassProblem(path, os_reason(error)),))
    if len(data) > MAX_FILE:
        return GlassFiles((), (), (GlassProblem(path, f"it has more than {MAX_FILE} bytes"),))
    reading = read_documents(data, path, duplicates="error")
    found = parse_glass(reading.documents)
    broken = [GlassProblem(f"{one.file}:{one.line}", one.message) for one in reading.errors]
    return GlassFiles(found.grants, found.policies, (*found.problems, *broken))


def read_glass(paths: Sequence[str]) -> GlassFiles:
    """What files and folders (not what is below those) hold. Raises UsageError for a path that does not exist."""
    grants: dict[str, Grant] = {}
    policies: list[GrantPolicy] = []
    problems: list[GlassProblem] = []
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"{path} does not exist")
        files = [path]
        if os.path.isdir(path):
            files = [os.path.join(path, name) for name in sorted(os.listdir(path)) if name.endswith(_ENDINGS)]
        for file in files:
            found = read_glass_file(file)
            problems += [
                GlassProblem(file, f"there is another grant {one.name}")
                for one in found.grants
                if grants.setdefault(one.name, one).digest != one.digest
            ]
            policies += found.policies
            problems += found.problems
    return GlassFiles(tuple(grants.values()), tuple(policies), tuple(problems))
