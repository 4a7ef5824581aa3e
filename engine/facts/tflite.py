"""TFLite: a FlatBuffer that lists its operators. Custom ones are code of whoever runs the model.

https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs and
https://flatbuffers.dev/internals/
"""

from lockgate.engine.facts.cursor import number_at
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.protobuf.tensorflow import judge_operator
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.zip_tail import check_zip_tail

_MOST = 1_000_000
_CUSTOM = 32
# Registered by TFLite itself or by MediaPipe, whose models need them; they compute.
_KNOWN = frozenset({
    "TFLite_Detection_PostProcess", "AudioSpectrogram", "Mfcc", "NumericVerify", "Convolution2DTransposeBias",
    "MaxPoolingWithArgmax2D", "MaxUnpooling2D", "Landmarks2TransformMatrix", "TransformTensorBilinear",
    "TransformLandmarks", "Resampler", "FlexRegexReplace", "FlexRFFT", "FlexAudioSpectrogram", "RandomStandardNormal",
    "RandomUniform", "Multinomial", "Roll", "Irfft2d", "AveragePool3D", "MaxPool3D", "Table", "SignalFramer",
    "SignalWindow", "SignalRfft", "SignalEnergy", "SignalFilterBank", "SignalFilterBankSquareRoot",
    "SignalFilterBankSpectralSubtraction", "SignalPCAN", "SignalFilterBankLog", "SignalFftAutoScale", "SignalDelay",
    "SignalStacker", "SignalOverlapAdd", "SignalIrfft", "KMEANS_EMBEDDING_LOOKUP", "FULLY_CONNECTED_WEIGHTS_CLUSTERED",
})  # fmt: skip


def scan_tflite(source: Source, scan: Scan) -> None:
    """Reads the operators and checks where tables and buffers lie. Raises UnreadableError."""
    model = number_at(source, 0, "<I")
    version = _number(source, model, 0, "<I")
    if version != 3:
        raise UnreadableError(f"a model of version {version}", model)
    for table in _tables(source, model, 1):
        _operator(source, scan, table)
    _tables(source, model, 2)
    for table in _tables(source, model, 4):
        at = _field(source, table, 0)
        if at:
            start = at + number_at(source, at, "<I")
            length = number_at(source, start, "<I")
            if start + 4 + length > source.size:
                raise UnreadableError("a buffer lies outside of the file", start)
    check_zip_tail(source, scan)


def _operator(source: Source, scan: Scan, table: int) -> None:
    code = max(_number(source, table, 0, "<b"), _number(source, table, 3, "<i"))
    at = _field(source, table, 1)
    if code != _CUSTOM and not at:
        return
    name = _text(source, at) if at else ""
    if name.startswith("Flex") and name not in _KNOWN:
        judge_operator(name.removeprefix("Flex"), table, set(), scan)
    elif name not in _KNOWN:
        scan.add_custom_op(name[:200], "TFLite")
        words = f"the operator {name[:80]!r} is in no standard set"
        scan.find("operator-custom", "unvetted", words, table, name[:200])


def _field(source: Source, table: int, number: int) -> int:
    """Where a field of a table is; 0 when it is not there."""
    vtable = table - number_at(source, table, "<i")
    if vtable < 0 or number_at(source, vtable, "<H") < 6 + 2 * number:
        return 0
    offset = number_at(source, vtable + 4 + 2 * number, "<H")
    return table + offset if offset else 0


def _number(source: Source, table: int, number: int, form: str) -> int:
    at = _field(source, table, number)
    return number_at(source, at, form) if at else 0


def _text(source: Source, at: int) -> str:
    start = at + number_at(source, at, "<I")
    length = number_at(source, start, "<I")
    if length > 1024:
        raise UnreadableError(f"a name of {length} bytes", start)
    return source.read(start + 4, length).decode("utf-8", "replace")


def _tables(source: Source, table: int, number: int) -> list[int]:
    """The tables of a vector. Raises UnreadableError when one lies outside."""
    at = _field(source, table, number)
    if not at:
        return []
    start = at + number_at(source, at, "<I")
    count = number_at(source, start, "<I")
    if count > _MOST:
        raise LimitError(f"a list of {count} tables", start)
    found = []
    for index in range(count):
        place = start + 4 + 4 * index
        target = place + number_at(source, place, "<I")
        number_at(source, target, "<i")
        found.append(target)
    return found
