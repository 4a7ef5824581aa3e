"""The secret at the end of the webhooks' paths, by which the API server is known where it shows no certificate."""

from typing import Final

from lockgate.engine.errors import UsageError

MIN_TOKEN: Final = 24
_MAX_READ: Final = 4_096


def read_call_token(path: str) -> str:
    """The token in a file. Raises UsageError for one that cannot be read, is short, or has to be escaped in a path."""
    try:
        with open(path, encoding="ascii") as file:
            token = file.read(_MAX_READ).strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no ASCII text"
        raise UsageError(f"cannot read the token in {path}: {(said or str(error)).lower()}") from None
    if len(token) < MIN_TOKEN or not all(one.isalnum() or one in "-_." for one in token):
        raise UsageError(
            f"the token in {path} is not {MIN_TOKEN} or more letters, digits, - _ or .",
            hint=f"make one: openssl rand -hex {MIN_TOKEN}",
        )
    return token
