"""Walks the zip archives that `torch.save` and `torch.jit.save` write.

https://github.com/pytorch/pytorch/blob/main/torch/serialization.py: all members lie in one folder; `data.pkl` asks for
storages by their names, which lie in `data/`; TorchScript has its program in `code/`.
"""

from lockgate.engine.facts.archives.zip_directory import Member
from lockgate.engine.facts.archives.zip_scanner import walk_zip, zip_members
from lockgate.engine.facts.pickle.judge import Loader
from lockgate.engine.facts.pickle.other_reading import imports_something
from lockgate.engine.facts.pickle.scanner import walk_pickles
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.torch.script import check_script

# Small texts: the version of the format, the order of bytes, a number of the file.
_TEXTS = frozenset({
    "version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id",
    "attributes.pkl", "mobile_debug_handles.pkl",
})  # fmt: skip
_TEXT_BYTES = 256


def is_torch_zip(members: list[Member] | None) -> bool:
    """Whether an archive has the members that `torch.load` looks for."""
    return _root(members) is not None


def is_torchscript(members: list[Member] | None) -> bool:
    """Whether an archive has a program in TorchScript as well."""
    root = _root(members)
    return root is not None and any(
        member.name.startswith((f"{root}/code/", f"{root}/constants.pkl")) for member in members or ()
    )


def scan_torch_zip(source: Source, scan: Scan) -> None:
    """Walks a checkpoint: the storages are numbers."""
    _scan(source, scan, Loader.TORCH)


def scan_torchscript(source: Source, scan: Scan) -> None:
    """Walks a program: it is listed as code of its own kind."""
    _scan(source, scan, Loader.SCRIPT)


def _scan(source: Source, scan: Scan, loader: Loader) -> None:
    root = _root(zip_members(source)) or ""

    def visit(member: Member, inner: Source, outer: Scan) -> None:
        path = (
            member.name.removeprefix(f"{root}/")
            if member.name.startswith(f"{root}/")
            else f"../{member.name}"
        )
        folder = path.partition("/")[0]
        if path.endswith((".pkl", ".debug_pkl")):
            # By this loader, whatever it looks like: torch.load would do the same.
            outer.part(inner, "pickle", lambda part, within: walk_pickles(part, within, loader, 0))
        elif folder in ("data", "constants", "tensors") and path.count("/") == 1:
            outer.part(inner, "torch-storage", _scan_storage)
        elif folder == "code" and path.endswith(".py"):
            outer.part(inner, "torchscript-code", check_script)
        elif path in _TEXTS and inner.size <= _TEXT_BYTES and inner.read(0, _TEXT_BYTES).strip().isalnum():
            outer.part(inner, "text", lambda part, within: None)
        else:
            outer.nested(inner)

    walk_zip(source, scan, visit)


def _scan_storage(source: Source, scan: Scan) -> None:
    """A storage is numbers, and no pickle or archive by chance."""
    head = source.read(0, 4)
    if imports_something(source, 0) or head in (b"PK\x03\x04", b"\x7fELF"):
        scan.find("torch-storage-content", "unsafe", "a storage that is a file of another kind", 0)


def _root(members: list[Member] | None) -> str | None:
    """The folder in which `data.pkl` lies."""
    for member in members or ():
        folder, _, name = member.name.rpartition("/")
        if name == "data.pkl" and folder and "/" not in folder:
            return folder
    return None
