"""Ways around scanners of models that are no pickles: each has its link above it, and none is safe here."""

import base64
import io
import json
import struct
import tarfile
import zipfile

import pytest
from lockgate.engine.facts.artifact import FileFacts, scan_source
from lockgate.engine.facts.source import BytesSource

from tests.engine.facts import writers as w

EVIL = b"\x80\x04cposix\nsystem\n\x8c\x02id\x85R."
SSTI = "{% for x in ().__class__.__base__.__subclasses__() %}{{ x()._module.__builtins__['__import__']('os') }}{% endfor %}"


def facts(data: bytes | str, name: str = "model") -> FileFacts:
    return scan_source(BytesSource(name, data.encode() if isinstance(data, str) else data))


def keras(**layer: object) -> str:
    return json.dumps({"module": "keras", "class_name": "Sequential", "config": {"layers": [layer]}})


# Extensions choose no scanner: https://github.com/advisories/GHSA-jgw4-cr84-mqxg (CVE-2025-10155)
@pytest.mark.parametrize("extension", ["safetensors", "onnx", "h5", "gguf", "json", "txt", "npy", "dat", ""])
def test_pickle_under_the_name_of_something_else(extension: str) -> None:
    assert facts(EVIL, f"model.{extension}").tier != "safe"


# A template under another name is one: https://github.com/advisories/GHSA-56xg-wfcc-g829 (CVE-2024-34359)
@pytest.mark.parametrize("name", ["tokenizer_config.json", "anything.json", "weights.bin"])
def test_template_in_json_of_any_name(name: str) -> None:
    assert facts(json.dumps({"deep": [{"chat_template": SSTI}]}), name).tier == "unsafe"


# https://github.com/advisories/GHSA-56xg-wfcc-g829 (CVE-2024-34359)
@pytest.mark.parametrize("name", ["chat_template.jinja", "prompt.txt", "README"])
def test_template_in_a_file_of_its_own(name: str) -> None:
    assert facts(SSTI, name).tier == "unsafe"


# https://github.com/advisories/GHSA-56xg-wfcc-g829 (CVE-2024-34359): a template beside the usual one.
@pytest.mark.parametrize(
    "key", ["tokenizer.chat_template", "tokenizer.chat_template.tool_use", "general.description"]
)
def test_template_in_gguf(key: str) -> None:
    assert facts(w.gguf([("tokenizer.chat_template", "{{ messages }}"), (key + ".x", SSTI)])).tier == "unsafe"


# https://github.com/advisories/GHSA-48g7-3x6r-xfhp (CVE-2025-1550): a module and a class from the configuration.
def test_keras_class_of_any_module() -> None:
    assert facts(keras(module="subprocess", class_name="run", config={"args": ["id"]})).tier == "unsafe"


# https://github.com/advisories/GHSA-c9rc-mg46-23w3 (CVE-2025-8747): a function of Keras that fetches files.
def test_keras_function_that_fetches() -> None:
    layer = {
        "module": "keras.utils",
        "class_name": "function",
        "config": "get_file",
        "registered_name": "function",
    }
    assert (
        facts(keras(module="keras.layers", class_name="Dense", config={"activation": layer})).tier == "unsafe"
    )


# https://github.com/advisories/GHSA-36rr-ww3j-vrjv (CVE-2025-9905): the older format knows no safe mode.
def test_keras_lambda_in_hdf5() -> None:
    code = {"class_name": "__lambda__", "config": {"code": base64.b64encode(b"\xe3").decode()}}
    config = keras(class_name="Lambda", config={"function": code})
    found = facts(w.hdf5(w.hdf5_attribute("model_config", config)), "model.h5")
    assert (found.tier, len(found.lambdas)) == ("unsafe", 2)


# https://github.com/advisories/GHSA-36fq-jgmw-4r9c (CVE-2025-9906): a configuration that switches the safe mode off.
def test_keras_configuration_that_allows_itself() -> None:
    layer = {"module": "keras.config", "class_name": "function", "config": "enable_unsafe_deserialization"}
    assert facts(keras(**layer)).tier == "unsafe"


# https://github.com/advisories/GHSA-cvhh-q5g5-qprp (CVE-2025-49655): a layer that unpickles what it was given.
def test_keras_layer_that_loads_a_pickle() -> None:
    layer = {"module": base64.b64encode(EVIL).decode()}
    assert facts(keras(module="keras.layers", class_name="TorchModuleWrapper", config=layer)).tier == "unsafe"


# https://huggingface.co/docs/transformers/custom_models: `auto_map` imports a module of the folder, or of another one.
@pytest.mark.parametrize("target", ["modeling_x.X", "somebody/else--modeling_x.X"])
def test_configuration_that_imports(target: str) -> None:
    assert facts(json.dumps({"auto_map": {"AutoModel": target}}), "config.json").tier != "safe"


# https://huggingface.co/docs/transformers/custom_models: and the module itself.
def test_module_beside_the_weights() -> None:
    assert facts("import os\nos.system('id')\n", "modeling_x.py").tier != "safe"


# https://github.com/advisories/GHSA-hqwv-6rr9-xwvf (CVE-2022-25882), https://nvd.nist.gov/vuln/detail/CVE-2024-27318
@pytest.mark.parametrize(
    "location", ["../../etc/passwd", "a/../../b", "/etc/passwd", "..\\..\\b", "file:///b", "~/x"]
)
def test_onnx_tensor_outside(location: str) -> None:
    assert facts(w.onnx(w.external(location))).tier == "unsafe"


# https://onnxruntime.ai/docs/extensions/: an operator that is a function in Python.
def test_onnx_operator_in_python() -> None:
    assert facts(w.onnx(w.node("PyOp", "ai.onnx.contrib"))).tier == "unsafe"


def archive(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", data)
    return out.getvalue()


# https://github.com/trailofbits/publications: polyglots of safetensors, in "Security review of safetensors".
def test_archive_behind_safetensors() -> None:
    data = w.safetensors({"a": w.tensor(0, 8)}, bytes(8))
    assert facts(data + archive(EVIL)).tier == "unsafe"


# The same, where each byte belongs to a tensor: https://github.com/huggingface/safetensors#format
def test_archive_inside_of_a_tensor() -> None:
    inside = archive(EVIL) + b""
    size = len(inside)
    header = {"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    assert facts(w.safetensors(header, inside)).tier == "unsafe"


# The same with a tar, which older files of PyTorch are: https://github.com/trailofbits/fickling (polyglots)
def test_tar_that_starts_as_something_else() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        member = tarfile.TarInfo("GGUF\x03")
        member.size = len(EVIL)
        file.addfile(member, io.BytesIO(EVIL))
    assert facts(out.getvalue()).tier != "safe"


# https://github.com/huggingface/safetensors#format: tensors that overlap let one file be two models.
def test_tensors_that_overlap() -> None:
    assert facts(w.safetensors({"a": w.tensor(0, 16), "b": w.tensor(8, 24)}, bytes(24))).tier == "unreadable"


# https://www.databricks.com/blog/ggml-gguf-file-format-vulnerabilities: counts that overflow.
def test_gguf_of_more_values_than_bytes() -> None:
    assert facts(b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60) + bytes(64)).tier == "unreadable"


# https://owasp.org/www-community/vulnerabilities/XML_External_Entity_(XXE)_Processing
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_entity_of_a_file(encoding: str) -> None:
    text = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><PMML>&a;</PMML>'
    assert facts(text.encode(encoding), "model.pmml").tier != "safe"


# The same behind a comment that is longer than what a format is told by.
def test_entity_behind_a_long_comment() -> None:
    text = f"<!--{'x' * 9000}--><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><PMML>&a;</PMML>"
    assert facts(text, "model.pmml").tier == "unsafe"


# https://docs.openvino.ai/: a layer that loads a library.
def test_openvino_library() -> None:
    text = '<?xml version="1.0"?><net><layers><layer type="C" version="extension" library="/tmp/e.so"/></layers></net>'
    assert facts(text, "model.xml").tier == "unsafe"


# https://mlflow.org/docs/latest/ml/model/: `loader_module` is any module.
@pytest.mark.parametrize("text", [
    "flavors:\n  python_function:\n    loader_module: os\n",
    "flavors: {python_function: {loader_module: os}}\n",
    '"flavors":\n  python_function:\n    "loader\\x5fmodule": os\n',
    "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    loader_module: os\n",
])  # fmt: skip
def test_mlflow_loader(text: str) -> None:
    assert facts(text, "MLmodel").tier != "safe"


# https://github.com/tensorflow/tensorflow/security/policy: a graph reads and writes files.
@pytest.mark.parametrize("operator", ["ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "PyFuncStateless"])
def test_saved_model_that_does_more_than_compute(operator: str) -> None:
    assert facts(w.saved_model("Const", operator)).tier == "unsafe"


# https://hydra.cc/docs/advanced/instantiate_objects/overview/: `_target_` is called.
def test_hydra_target() -> None:
    assert facts(json.dumps({"model": {"_target_": "builtins.eval", "_args_": ["1"]}})).tier != "safe"


# https://docs.python.org/3/library/site.html: each line of a path file that begins with import is run.
def test_path_file_of_python() -> None:
    assert facts("import os; os.system('id')\n", "weights.pth").tier == "unsafe"


# https://github.com/google/leveldb/blob/main/doc/table_format.md: a magic at the end of a file tells nothing of its start.
@pytest.mark.parametrize(
    "evil", [w.onnx(w.node("PyOp")), b"7z\xbc\xaf\x27\x1c" + bytes(32), b"\x04\x22\x4d\x18" + bytes(32)]
)
@pytest.mark.parametrize("name", ["model", "model.data-00000-of-00001"])
def test_end_of_an_index_behind_something_else(evil: bytes, name: str) -> None:
    footer = bytes(40) + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
    assert facts(evil + footer, name).tier != "safe"
    assert facts(evil + w.field(99, footer), name).tier != "safe"
