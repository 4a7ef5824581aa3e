"""docs/trail.md says what is built: the fields of every kind, and the commands."""

import re
from pathlib import Path

import pytest
from lockgate.audit.entry import SCHEMAS
from lockgate.webhook.audit_commands import COMMANDS

from tests.shared_folder import ROOT

PAGE = Path(ROOT, "docs", "trail.md").read_text()


def row(kind: str) -> str:
    (found,) = re.findall(rf"(?m)^\| `{kind}` \| (.*) \|$", PAGE.partition("## 3.")[0])
    return str(found)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_fields_of_a_kind(kind: str) -> None:
    schema = SCHEMAS[kind]
    text, _, committed = row(kind).partition("commitments ")
    for name in (*schema.required, *schema.optional):
        assert f"`{name}`" in text or f"`{name}:" in text, name
    for name in schema.optional:
        # The rows of these say for each event what it has.
        if kind not in ("log", "key", "break-glass", "promotion"):
            assert re.search(rf"`{name}`\s*(\([^)]*\))?\?|`{name}`\?|or `{name}`\?", text), name
    assert set(re.findall(r"`(\w+)`", committed)) == set(schema.commitments)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_on_the_page_and_in_the_readme(command: str) -> None:
    assert f"audit {command}" in PAGE
    commands = re.findall(r"`lockgate audit \{([\w,]+)\}`", Path(ROOT, "README.md").read_text())
    assert command in commands[0].split(",")
