"""Configurations in JSON: what a library would import, build or render because of them.

Keras builds the classes that a configuration names (CVE-2025-1550), transformers imports the modules of `auto_map`,
skops the types of its schema, Hydra whatever `_target_` says, tokenizers render templates. All of them are found by the
shape of the objects, at any depth and in a file of any name.
"""

from collections.abc import Callable, Iterator, Mapping

from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.json_events import Event, Scalar, read_json
from lockgate.engine.facts.keras_classes import judge_keras
from lockgate.engine.facts.names import tier_of
from lockgate.engine.facts.scan import GlobalUse, Scan
from lockgate.engine.facts.skops import judge_skops
from lockgate.engine.facts.source import BytesSource, Source
from lockgate.engine.facts.values_in_text import check_value

# Texts of an object that decide together what it is.
_WATCHED = frozenset({
    "module", "class_name", "registered_name", "config", "__module__", "__class__", "__loader__", "type", "path",
    "_class_name", "_diffusers_version", "name",
})  # fmt: skip
# Libraries whose parts a diffusers pipeline may name.
_PIPELINE = frozenset({"diffusers", "transformers", "onnxruntime", "optimum", "stable_diffusion", "null"})
# transformers imports what these name, from the folder of the model or from another one.
_IMPORTING = ("auto_map", "custom_pipelines")
_CALLABLES = (
    "nemo.collections.",
    "torch.nn.",
    "torch.optim.",
    "torchvision.",
    "pytorch_lightning.",
    "lightning.",
)

KerasJudge = Callable[[Mapping[str, Scalar], Scan, int], None]


class _Object:
    """An object or list that is open: the key that it stands under, and its texts that are watched."""

    __slots__ = ("is_object", "items", "key", "name", "offset", "texts")

    def __init__(self, is_object: bool, name: str, offset: int) -> None:
        self.is_object = is_object
        self.name = name
        self.offset = offset
        self.key = ""
        self.texts: dict[str, Scalar] = {}
        self.items: list[Scalar] = []


def scan_json(source: Source, scan: Scan) -> None:
    """Walks a document and judges its objects. Raises UnreadableError."""
    start = 3 if source.read(0, 3) == b"\xef\xbb\xbf" else 0
    _judge(read_json(source, start), scan, 0)


def scan_json_lines(source: Source, scan: Scan) -> None:
    """Walks a file of a document in each line. Raises UnreadableError."""
    for start, end in _lines(source):
        line = source.read(start, end - start)
        if line.strip():
            _judge(read_json(BytesSource(source.name, line)), scan, start)


def _lines(source: Source) -> Iterator[tuple[int, int]]:
    start = at = 0
    while at < source.size:
        block = source.read(at, 1 << 16)
        cut = block.find(b"\n")
        if cut < 0:
            at += len(block)
            if at - start > 4 << 20:
                raise UnreadableError("a line of more than four megabytes", start)
            continue
        yield start, at + cut
        start = at = at + cut + 1
    if start < source.size:
        yield start, source.size


def scan_configuration_text(text: str, scan: Scan, offset: int, keras: KerasJudge = judge_keras) -> None:
    """Judges a configuration that another format holds as a text. Other texts may be templates."""
    if not text.lstrip().startswith(("{", "[")):
        check_value(scan, "metadata", text, offset)
        return
    source = BytesSource(scan.path, text.encode("utf-8", "surrogatepass"))
    try:
        _judge(read_json(source), scan, offset, keras)
    except UnreadableError as error:
        scan.find("configuration-unreadable", "unreadable", f"a configuration: {error.detail}", offset)


def _judge(events: Iterator[Event], scan: Scan, base: int, keras: KerasJudge = judge_keras) -> None:
    levels: list[_Object] = []
    for event in events:
        kind = event.kind
        level = levels[-1] if levels else None
        if kind == "key":
            if level:
                level.key = str(event.value)
        elif kind == "value":
            if level:
                _value(levels, level, event, scan, base)
            else:
                _text("text", event.value, scan, base + event.offset)
        elif kind == "close":
            closed = levels.pop()
            if closed.is_object:
                _closed(closed, scan, base, keras)
            elif levels:
                _closed_list(closed, levels, scan, base)
        else:
            name = (level.key if level.is_object else level.name) if level else ""
            levels.append(_Object(kind == "open-object", name, event.offset))
            if level and level.is_object and level.key in _WATCHED:
                level.texts.setdefault(level.key, None)


def _text(key: str, value: Scalar, scan: Scan, offset: int) -> None:
    if isinstance(value, str) and len(value) > 3:
        check_value(scan, key, value, offset)


def _value(levels: list[_Object], level: _Object, event: Event, scan: Scan, base: int) -> None:
    value = event.value
    key = level.key if level.is_object else level.name
    if level.is_object and key in _WATCHED:
        level.texts[key] = value
    elif not level.is_object and len(level.items) < 3:
        level.items.append(value)
    if value is True and key == "trust_remote_code":
        scan.add_remote_code(key, "true")
        scan.find("remote-code-trusted", "unsafe", "it asks for trust_remote_code", base + event.offset)
    if not isinstance(value, str):
        return
    if len(value) > 3:
        name = key
        if "template" not in key and any("template" in one.name for one in levels):
            name = "chat_template"
        check_value(scan, name, value, base + event.offset)
    importing = next(
        (one for one in _IMPORTING if key == one or any(open_.name == one for open_ in levels)), None
    )
    if importing and ("." in value or "--" in value):
        _remote(importing, key, value, scan, base + event.offset)
    elif key == "_target_":
        _callable(value, scan, base + event.offset)
    elif key in ("base_estimator_path", "loader_module"):
        scan.find(
            "loader-module",
            "unvetted",
            f"it is loaded by the module {value[:80]!r}",
            base + event.offset,
            value[:200],
        )


def _remote(importing: str, key: str, value: str, scan: Scan, offset: int) -> None:
    target = value[:200]
    scan.add_remote_code(f"{importing}.{key}"[:200] if key != importing else importing, target)
    if "--" in value:
        words = f"{importing} imports {target!r} of another repository"
        scan.find("remote-code-foreign", "unsafe", words, offset, target)
    else:
        scan.find("remote-code", "unvetted", f"{importing} imports {target!r}", offset, target)


def _callable(value: str, scan: Scan, offset: int) -> None:
    """What Hydra would call."""
    module, _, name = value.rpartition(".")
    tier = tier_of(module, name)
    scan.add_remote_code("_target_", value[:200])
    if tier == "exec":
        scan.find("target-code", "unsafe", f"_target_ calls {value[:80]!r}", offset, value[:200])
    elif tier == "unvetted" and not value.startswith(_CALLABLES):
        scan.find("target-unvetted", "unvetted", f"_target_ calls {value[:80]!r}", offset, value[:200])


def _closed(closed: _Object, scan: Scan, base: int, keras: KerasJudge) -> None:
    texts = closed.texts
    offset = base + closed.offset
    if "__class__" in texts and "__loader__" in texts:
        for use in judge_skops(texts, scan, offset):
            scan.add_global(use)
    elif isinstance(texts.get("class_name"), str) and ("config" in texts or "module" in texts):
        keras(texts, scan, offset)
    elif _is_module(texts):
        _sentence_module(str(texts["type"]), scan, offset)


def _is_module(texts: dict[str, Scalar]) -> bool:
    """Whether an object is a module of sentence-transformers, which imports its type."""
    kind = texts.get("type")
    return isinstance(kind, str) and "." in kind and isinstance(texts.get("path"), str) and "name" in texts


def _sentence_module(kind: str, scan: Scan, offset: int) -> None:
    module, _, name = kind.rpartition(".")
    if module == "sentence_transformers" or module.startswith("sentence_transformers."):
        return
    scan.add_remote_code("type", kind[:200])
    scan.add_global(GlobalUse(module, name, "unvetted", True, scan.path, offset))
    scan.find("remote-code", "unvetted", f"a module of the type {kind[:80]!r}", offset, kind[:200])


def _closed_list(closed: _Object, levels: list[_Object], scan: Scan, base: int) -> None:
    """A part of a diffusers pipeline: the library and the class."""
    texts = levels[-1].texts
    if "_class_name" not in texts or "_diffusers_version" not in texts or not levels[-1].is_object:
        return
    if len(closed.items) == 2 and isinstance(closed.items[0], str) and closed.items[0] not in _PIPELINE:
        target = f"{closed.items[0]}.{closed.items[1]}"[:200]
        scan.add_remote_code(closed.name[:200], target)
        scan.find("remote-code", "unvetted", f"the pipeline imports {target!r}", base + closed.offset, target)
