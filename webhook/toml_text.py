"""Writing TOML, as little of it as new configurations need."""

import json
import re
from pathlib import Path

from lockgate.webhook.output import write_output


def toml_string(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")


def with_setting(text: str, name: str, value: str) -> str:
    """A TOML text in which a setting of its top has another value, which is TOML."""
    return re.sub(rf"(?ms)^{name}[ \t]*=[ \t]*(\[.*?\]|[^\n]*)", lambda _: f"{name} = {value}", text, count=1)


def replace_setting(file: Path, name: str, value: str) -> None:
    """Gives a setting of the top of a TOML file another value, which is TOML."""
    write_output(with_setting(file.read_text("utf-8"), name, value), str(file))
