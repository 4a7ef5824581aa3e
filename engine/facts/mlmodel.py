"""MLmodel of MLflow: the flavours of a model, and the modules that load it.

https://mlflow.org/docs/latest/ml/model/#the-mlmodel-file. `loader_module` is imported by name, a `code` folder is put
on the path of Python, and cloudpickle takes code with the values.
"""

import re
from collections.abc import Iterator
from typing import Any

from lockgate.engine.errors import InputError
from lockgate.engine.facts.errors import UnreadableError
from lockgate.engine.facts.findings import Severity
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.texts import whole_text
from lockgate.engine.foreign_documents import parse_foreign_yaml

_BYTES = 4 << 20
_FLAVORS = re.compile(rb"^(?:flavors|'flavors'|\"flavors\"):", re.MULTILINE)
# The loaders of MLflow itself: each opens the files of its flavour. Those of Python functions import or unpickle.
_LOADERS = frozenset({
    "mlflow.sklearn", "mlflow.xgboost", "mlflow.lightgbm", "mlflow.catboost", "mlflow.pytorch", "mlflow.tensorflow",
    "mlflow.keras", "mlflow.onnx", "mlflow.statsmodels", "mlflow.spacy", "mlflow.prophet", "mlflow.pmdarima", "mlflow.h2o",
    "mlflow.spark", "mlflow.transformers", "mlflow.sentence_transformers", "mlflow.paddle", "mlflow.fastai", "mlflow.diviner",
})  # fmt: skip


def is_mlmodel(head: bytes) -> bool:
    """Whether a text has the key of flavours at its left edge."""
    return bool(_FLAVORS.search(head))


def scan_mlmodel(source: Source, scan: Scan) -> None:
    """Judges the flavours. Raises UnreadableError."""
    for path, value in _leaves(_parsed(whole_text(source, _BYTES)), ()):
        key = path[-1] if path else ""
        text = str(value)[:200]
        if key == "loader_module" and text not in _LOADERS:
            scan.add_remote_code("loader_module", text)
            tier: Severity = "unvetted" if text.startswith("mlflow.") else "unsafe"
            scan.find("loader-module", tier, f"it is loaded by the module {text!r}", None, text)
        elif key in ("code", "model_code_path") and path[0] == "flavors" and value:
            scan.add_remote_code(key, text)
            scan.find("remote-code", "unvetted", f"it brings code in {text!r}", None, text)
        elif key == "serialization_format" and text not in ("skops", "safetensors"):
            scan.find("serialization-format", "note", f"it was written by {text!r}", None, text)


def _parsed(text: str) -> Any:
    """The document, in which no key is twice. Raises UnreadableError."""
    try:
        return parse_foreign_yaml(text.encode(), "MLmodel", _BYTES).value
    except InputError as error:
        raise UnreadableError(str(error)) from None


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, (*path, str(key)))
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one, path)
    else:
        yield path, value
