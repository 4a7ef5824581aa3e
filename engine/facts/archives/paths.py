"""Names of members of archives."""


def is_outside(name: str) -> bool:
    """Whether a member would be unpacked outside of the folder, on one system or another."""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or "\0" in name or name[1:2] == ":"
