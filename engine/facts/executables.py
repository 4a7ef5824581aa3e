"""Programs: for a machine, a virtual machine or a shell. A model has no need of one."""

from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source

# Names under which a library or a program is what it says; under any other it pretends to be something else.
_HONEST = (
    ".so",
    ".dll",
    ".exe",
    ".dylib",
    ".pyd",
    ".sh",
    ".bin",
    ".o",
    ".class",
    ".jar",
    ".pyc",
    ".wasm",
    ".node",
)
_MAGICS: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "ELF"),
    (b"\xfe\xed\xfa\xce", "Mach-O"),
    (b"\xfe\xed\xfa\xcf", "Mach-O"),
    (b"\xce\xfa\xed\xfe", "Mach-O"),
    (b"\xcf\xfa\xed\xfe", "Mach-O"),
    (b"\xca\xfe\xba\xbe", "Mach-O or Java"),
    (b"\0asm", "WebAssembly"),
    (b"dex\n", "Dalvik"),
    (b"BC\xc0\xde", "LLVM"),
    (b"MSCF", "cabinet"),
)


def executable_kind(source: Source, head: bytes) -> str:
    """What kind of a program bytes are; empty when they are none."""
    for magic, kind in _MAGICS:
        if head.startswith(magic):
            return kind
    if head.startswith(b"MZ") and source.size > 64:
        at = number_at(source, 60, "<I")
        if head.startswith(b"MZqFpD") or source.read(at, 2) in (b"PE", b"NE", b"LE"):
            return "PE"
    if head.startswith(b"#!") and b"/" in head[:64].split(b"\n")[0]:
        return "script"
    # Compiled Python: a number of its version, and CR LF.
    if head[2:4] == b"\r\n" and 3000 < int.from_bytes(head[:2], "little") < 3800 and len(head) > 16:
        return "compiled Python"
    return ""


def scan_executable(source: Source, scan: Scan) -> None:
    """Notes a program: it is not walked."""
    kind = executable_kind(source, source.read(0, 4096))
    scan.add_executable(kind, "")
    base = scan.path.rpartition("!")[2].rpartition("/")[2].lower()
    honest = base.endswith(_HONEST) or ".so." in base or "." not in base or kind == "script"
    if honest:
        scan.find("executable", "unvetted", f"a program ({kind})", 0, kind)
    else:
        scan.find(
            "executable-hidden", "unsafe", f"a program ({kind}) under the name of something else", 0, kind
        )
