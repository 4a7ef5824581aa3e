"""Writing TOML, as little of it as new configurations need."""

import json
import re
from pathlib import Path

from lockgate.webhook.output import write_output


def toml_string(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")


def replace_setting(file: Path, name: str, value: str) -> None:
    """Gives a setting of the top of a TOML file another value, which is TOML."""
    text = file.read_text()
    made = re.sub(rf"(?ms)^{name}[ \t]*=[ \t]*(\[.*?\]|[^\n]*)", lambda _: f"{name} = {value}", text, count=1)
    write_output(made, str(file))
