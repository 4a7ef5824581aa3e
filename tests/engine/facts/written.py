"""Writes small model files as the libraries do, with nothing but the standard library."""

import io
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Mapping

EVIL = b"\x80\x02cos\nsystem\nU\x02id\x85R."
GOOD = pickle.dumps({"weights": [1.0, 2.0]}, 4)
# The first pickle of a file of torch before version 1.6.
TORCH_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def text(value: str) -> bytes:
    """Text, as protocol 4 has it."""
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def tarred(members: Mapping[str, bytes], mode: int = tarfile.GNU_FORMAT) -> bytes:
    """A tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def dtype(code: str, flags: int = 0) -> bytes:
    """A dtype of numpy."""
    state = b"(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" + bytes([flags]) + b"t"
    return b"cnumpy\ndtype\n" + text(code) + b"\x89\x88\x87R" + state + b"b"


def joblib_array(
    data: bytes, count: int, code: str = "f8", padding: int | None = 0, flags: int = 0, order: str = "C"
) -> bytes:
    """An array as joblib writes it between the opcodes: the wrapper with its state, then the elements."""
    state = (
        b"}(" + text("subclass") + b"cnumpy\nndarray\n" + text("shape") + b"K" + bytes([count]) + b"\x85"
        + text("order") + text(order) + text("dtype") + dtype(code, flags) + text("allow_mmap") + b"\x88"
    )  # fmt: skip
    if padding is not None:
        state += text("numpy_array_alignment_bytes") + b"K\x10"
    # Objects are a pickle, without padding before it.
    before = b"" if padding is None or code.startswith("O") else bytes([padding]) + b"\xff" * padding
    return b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + state + b"ub" + before + data


def joblib_file(*arrays: bytes, after: bytes = b"") -> bytes:
    """A list of arrays, and opcodes after them."""
    return b"\x80\x04](" + b"".join(arrays) + b"e" + after + b"."


def storage(key: str, kind: str = "FloatStorage", count: int = 2) -> bytes:
    """A persistent id of torch, and the tensor that is made of it."""
    asked = (
        b"(" + text("storage") + b"ctorch\n" + kind.encode() + b"\n" + text(key) + text("cpu")
        + b"K" + bytes([count]) + b"tQ"
    )  # fmt: skip
    arguments = b"(" + asked + b"K\x00K" + bytes([count]) + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)Rt"
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + arguments + b"R"


def state_dict(*keys: str, kind: str = "FloatStorage") -> bytes:
    """The pickle of a checkpoint."""
    items = b"".join(text(f"w{key}") + storage(key, kind) for key in keys)
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + items + b"u."


def torch_zip(pickled: bytes, others: Mapping[str, bytes] | None = None) -> bytes:
    """A checkpoint in a zip archive."""
    return zipped(
        {
            "m/data.pkl": pickled,
            "m/byteorder": b"little",
            "m/data/0": struct.pack("<2f", 1, 2),
            "m/version": b"3\n",
        }
        | dict(others or {})
    )


def torch_legacy(pickled: bytes, keys: list[str], data: bytes) -> bytes:
    """A checkpoint as a sequence of pickles and storages."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}
    return (
        TORCH_MAGIC + pickle.dumps(1001, 2) + pickle.dumps(system, 2) + pickled + pickle.dumps(keys, 2) + data
    )


def npy(header: str, data: bytes) -> bytes:
    """An array in a file of its own."""
    padded = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + data
