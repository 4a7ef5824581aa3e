"""Plain texts: read to the end, so that nothing lies behind them. Templates, Python and YAML are told from them."""

import codecs
import re
from collections.abc import Iterator

from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.templates import TEMPLATE_BYTES, check_text

_BLOCK = 1 << 16
# No text has these; a tab, a line, a page and an escape for colours are common.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_PYTHON_NAMES = (".py", ".pyw", ".pyi", ".pyx")
_CODE_NAMES = (".sh", ".bash", ".bat", ".cmd", ".ps1", ".js", ".rb", ".pl", ".lua", ".r", ".jl", ".php", ".vbs", ".c", ".cpp", ".cu", ".ipynb")  # fmt: skip
_YAML_CODE = re.compile(r"!!?python/|!<tag:yaml\.org,2002:python/")
_PATH_LINE = re.compile(r"^[ \t]*import[ \t]+\S", re.MULTILINE)


def is_text(head: bytes) -> bool:
    """Whether bytes start as a text in UTF-8."""
    if not head:
        return False
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not _CONTROLS.search(text)


def read_text(source: Source) -> Iterator[tuple[int, str]]:
    """The text in blocks, each with its place. Raises UnreadableError where it is none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, source.size, _BLOCK):
        try:
            text = decoder.decode(source.read(at, _BLOCK), final=at + _BLOCK >= source.size)
        except UnicodeDecodeError as error:
            raise UnreadableError("a text that is not UTF-8 to its end", at + error.start) from None
        if _CONTROLS.search(text):
            raise UnreadableError("bytes that are no text follow a text", at)
        yield at, text


def whole_text(source: Source, most: int) -> str:
    """The whole text. Raises UnreadableError."""
    if source.size > most:
        raise LimitError(f"a text of more than {most} bytes", most)
    return "".join(text for _, text in read_text(source))


def is_python(scan_path: str) -> bool:
    """Whether a file has a name under which Python imports it."""
    return scan_path.lower().endswith(_PYTHON_NAMES)


def scan_text(source: Source, scan: Scan) -> None:
    """Reads a text. Raises UnreadableError."""
    name = scan.path.rpartition("!")[2].rpartition("/")[2].lower()
    if name.endswith(_PYTHON_NAMES):
        scan.add_code(name[:200], "Python")
        scan.find("python-code", "unvetted", "Python, which a library may import", 0, name[:200])
    elif name.endswith(_CODE_NAMES):
        scan.add_code(name[:200], name.rpartition(".")[2])
        scan.find("code", "unvetted", "a program in source", 0, name[:200])
    elif name.endswith(".pth") and any(_PATH_LINE.search(text) for _, text in read_text(source)):
        scan.find("python-path", "unsafe", "a path file of Python: its lines of import are run", 0)
    template = source.size <= TEMPLATE_BYTES
    for at, text in read_text(source):
        found = _YAML_CODE.search(text)
        if found:
            scan.find("yaml-python", "unsafe", "YAML that makes objects of Python", at + found.start())
        if "<!ENTITY" in text:
            scan.find("xml-dtd", "unsafe", "an entity of XML, which may be a file or a bomb", at)
    if template:
        check_text(scan, name, whole_text(source, TEMPLATE_BYTES), 0)
    elif name.endswith((".jinja", ".jinja2", ".j2")):
        raise LimitError(f"a template of more than {TEMPLATE_BYTES} bytes", 0)
