"""Writing TOML, as little of it as new configurations need."""

import json


def toml_string(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's."""
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")
