"""Paths that a model names: whether they lead out of its folder."""

import re

_DRIVE = re.compile(r"^[A-Za-z]:|^[A-Za-z][A-Za-z0-9+.-]*://")


def outside(path: str) -> str:
    """Why a path is not one below the folder of the model; empty when it is one."""
    plain = path.replace("\\", "/")
    if plain.startswith(("/", "~")) or _DRIVE.match(plain):
        return "which is no path in the folder of the model"
    if ".." in plain.split("/"):
        return "which leads out of the folder of the model"
    if "\0" in path or "$" in path:
        return "which is no plain path"
    return ""
