"""Models in XML: PMML and OpenVINO. A DTD is refused before it can name an entity.

https://dmg.org/pmml/v4-4-1/GeneralStructure.html, https://docs.openvino.ai/ (IR format). An entity may be a file
(XXE) or a bomb; a layer of OpenVINO may name a library to load; PMML itself may carry scripts as extensions.
"""

from xml.parsers import expat

from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.values_in_text import check_value

_BLOCK = 1 << 16
_FIRST = (b"<?xml", b"<!DOCTYPE", b"<PMML", b"<net>", b"<net ", b"<pmml:", b"<\0?\0", b"\0<\0?")
_DEPTH = 1_000
# Sets of operators that OpenVINO brings.
_OPSETS = frozenset({"experimental", "extension", "ie_internal_opset", "ov_internal", "type_relaxed_opset"})


class _Handler:
    """Judges elements. expat neither opens files nor, without a DTD, knows any entity but the five of XML."""

    def __init__(self, scan: Scan, parser: expat.XMLParserType) -> None:
        self._scan = scan
        self._parser = parser
        self._depth = 0
        self.root = ""

    def doctype(self, name: str, system: str | None, public: str | None, internal: int) -> None:
        """Refuses a DTD: nothing after it is read."""
        words = f"a DTD {name[:80]!r}, whose entities may be files or bombs"
        self._scan.find("xml-dtd", "unsafe", words, self._parser.CurrentByteIndex)
        raise UnreadableError("not read any further than its DTD", self._parser.CurrentByteIndex)

    def instruction(self, target: str, data: str) -> None:
        """An instruction to a processor, as a style sheet is."""
        self._scan.find(
            "xml-instruction", "unvetted", f"an instruction to {target[:80]!r}", self._parser.CurrentByteIndex
        )

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element."""
        self._depth += 1
        if self._depth > _DEPTH:
            raise LimitError(f"elements deeper than {_DEPTH}", self._parser.CurrentByteIndex)
        plain = name.rpartition(":")[2]
        self.root = self.root or plain
        at = self._parser.CurrentByteIndex
        for key, value in attributes.items():
            check_value(self._scan, key, value, at)
            if key.lower() in ("library", "plugin") and self.root == "net":
                self._scan.add_external_ref(value[:200], key)
                self._scan.find(
                    "external-library", "unsafe", f"a layer loads the library {value[:200]!r}", at
                )
            elif plain == "layer" and key == "version" and not _is_opset(value):
                kind = attributes.get("type", "")[:80]
                self._scan.add_custom_op(kind, value[:80])
                words = f"the operator {kind!r} of {value[:80]!r}"
                self._scan.find("operator-custom", "unvetted", words, at, kind)
            elif key.rpartition(":")[2] == "href" and value.startswith("file:"):
                self._scan.find("external-path", "unsafe", f"it refers to {value[:200]!r}", at)
        if plain.lower() in ("script", "include", "import"):
            self._scan.find("xml-code", "unvetted", f"an element {plain[:80]!r}", at)

    def text(self, data: str) -> None:
        """Text in an element."""
        check_value(self._scan, "text", data, self._parser.CurrentByteIndex)

    def end(self, name: str) -> None:
        """The end of an element."""
        self._depth -= 1


def _is_opset(version: str) -> bool:
    return (
        version in _OPSETS - {"extension"}
        or (version.startswith("opset") and version[5:].isdigit())
        or version.isdigit()
    )


def scan_xml(source: Source, scan: Scan) -> None:
    """Walks a model in XML; documents with another root are unvetted. Raises UnreadableError."""
    parser = expat.ParserCreate()
    handler = _Handler(scan, parser)
    parser.StartDoctypeDeclHandler = handler.doctype
    parser.ProcessingInstructionHandler = handler.instruction
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.buffer_text = True
    try:
        for at in range(0, source.size, _BLOCK):
            parser.Parse(source.read(at, _BLOCK), at + _BLOCK >= source.size)
    except expat.ExpatError as error:
        raise UnreadableError(f"no XML: {expat.ErrorString(error.code)}", parser.ErrorByteIndex) from None
    except ValueError:
        raise UnreadableError("in an encoding that cannot be read", 0) from None
    if handler.root not in ("PMML", "net"):
        scan.find(
            "xml-unvetted", "unvetted", f"XML of {handler.root[:80]!r}, which is no model that is known", 0
        )


def is_xml(head: bytes) -> bool:
    """Whether bytes start as XML, in any encoding that it may have."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return b"<" in head[2:4]
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if plain[:15].lower() == b"<!doctype html>":
        return False
    # A page in Markdown may begin with a comment, or with an element of HTML.
    return plain.startswith(_FIRST) or (
        plain.startswith(b"<!--") and any(mark in head for mark in _FIRST[:4])
    )
