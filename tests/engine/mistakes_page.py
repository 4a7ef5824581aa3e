"""The page `docs/errors.md`: what Lockgate and opa say of the same mistakes. `python -m tests.engine.mistakes_page` writes it.

The page is the record: a test compares what Lockgate says with it, and an end-to-end test what opa says.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from lockgate.engine.errors import LockgateError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.parser import parse_module
from lockgate.engine.rego.program import compile_program
from lockgate.engine.rego.source import Source
from lockgate.webhook.failures import render_error

from tests.e2e.programs import program
from tests.engine.rego_mistakes import MISTAKES, Mistake
from tests.shared_folder import ROOT

PAGE = ROOT / "docs" / "errors.md"
FILE = "policy.rego"
HEAD = """# Mistakes in policies, and what is said of them

Made by `python -m tests.engine.mistakes_page`; tests compare it with what Lockgate and opa 1.22.2 say. Each mistake is followed by what Lockgate says, then by what `opa check` says
(nothing where opa accepts the policy: what is off here is allowed there). Policies in templates are told the same way, with the line of the YAML file.
"""
_SECTION = re.compile(
    r"## (?P<name>[^\n]*)\n\n```rego\n.*?```\n\n```\n(?P<ours>.*?)```\n\n```\n(?P<opa>.*?)```\n", re.DOTALL
)


def ours(mistake: Mistake) -> str:
    """What Lockgate says."""
    try:
        module = parse_module(Source(mistake.rego, FILE, mistake.version))
        compile_program([module], entrypoints=[], capabilities=Capabilities())
    except LockgateError as error:
        return render_error(error)
    return "accepted\n"


def opa(mistake: Mistake) -> str:
    """What opa says."""
    with TemporaryDirectory() as folder:
        (Path(folder) / FILE).write_text(mistake.rego)
        command = [str(program("opa")), "check", FILE]
        if mistake.version == "v0":
            command.insert(2, "--v0-compatible")
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr or "accepted\n"


def render_page(of_ours: Mapping[str, str], of_opa: Mapping[str, str]) -> str:
    """The page."""
    parts = [HEAD]
    for mistake in MISTAKES:
        version = " (v0)" if mistake.version == "v0" else ""
        texts = (mistake.rego, of_ours[mistake.name], of_opa[mistake.name])
        rego, told, other = [text.rstrip("\n") for text in texts]
        parts.append(
            f"## {mistake.name}{version}\n\n```rego\n{rego}\n```\n\n```\n{told}\n```\n\n```\n{other}\n```\n"
        )
    return "\n".join(parts)


def read_page() -> dict[str, tuple[str, str]]:
    """What the page says that Lockgate and opa say, by mistake."""
    text = PAGE.read_text("utf-8")
    return {
        found["name"].removesuffix(" (v0)"): (found["ours"], found["opa"])
        for found in _SECTION.finditer(text)
    }


def main() -> None:
    """Writes the page, asking both."""
    page = render_page(
        {mistake.name: ours(mistake) for mistake in MISTAKES},
        {mistake.name: opa(mistake) for mistake in MISTAKES},
    )
    PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
