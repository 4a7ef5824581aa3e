"""Ways past scanners of pickles and of what holds them: each is a file made here, and none is safe.

The link above a test is where the trick was shown, or where the reader that it deceives says what it reads.
"""

import bz2
import gzip
import lzma
import pickle
import struct
import zlib
from collections.abc import Callable

import pytest

from tests.engine.facts import written
from tests.engine.facts.scanning import facts_of, rules_of
from tests.engine.facts.written import EVIL, GOOD, text


def call(module: str, name: str) -> bytes:
    """A pickle that calls a name."""
    return b"\x80\x04" + text(module) + text(name) + b"\x93" + text("x") + b"\x85R."


# https://github.com/advisories/GHSA-655q-fx9r-782v (pip.main), https://github.com/advisories/GHSA-vvpj-8cmc-gx39
# (pkgutil.resolve_name), https://github.com/mmaitre314/picklescan/issues/66 (importlib)
@pytest.mark.parametrize(
    "name",
    [
        "pip.main", "pkgutil.resolve_name", "importlib.import_module", "marshal.loads", "types.FunctionType",
        "uuid._get_command_stdout", "imaplib.IMAP4_stream", "_pyrepl.pager.pipe_pager", "_osx_support._read_output",
        "_aix_support._read_cmd_output", "logging.FileHandler", "timeit.main", "cProfile.run", "ctypes.CDLL",
        "multiprocessing.util.spawnv_passfds", "torch.hub.load", "numpy.load", "joblib.load", "pandas.read_pickle",
        "numpy.testing._private.utils.runstring", "operator.attrgetter", "functools.partial", "builtins.getattr",
        "scipy.stats._distn_infrastructure.rv_continuous", "numpy.memmap", "a_library_of_tomorrow.run",
    ],
)  # fmt: skip
def test_name_that_is_on_no_list(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert facts_of(call(module, attribute)).tier in ("unsafe", "unvetted")


# https://github.com/protectai/modelscan/issues/85, https://github.com/mmaitre314/picklescan/issues/14
@pytest.mark.parametrize(
    "operands",
    [
        text("collections") + b"0" + text("os") + text("OrderedDict") + b"0" + text("system"),
        text("os") + b"q\x00" + text("system") + b"\x9400h\x00h\x01",
        text("system") + b"\x94" + text("os") + b"\x9400h\x01h\x00",
        text("x") + b"\x94h\x00\x940" + text("os") + text("system"),
        b"(" + text("collections") + b"1" + text("os") + text("system"),
    ],
)
def test_operand_that_the_opcode_before_does_not_push(operands: bytes) -> None:
    assert "pickle-global-exec" in rules_of(b"\x80\x04" + operands + b"\x93" + text("id") + b"\x85R.")


# https://github.com/protectai/modelscan/issues/330
def test_state_of_an_imported_name() -> None:
    data = b"\x80\x02cnumpy\nsqrt\n}U\x0c__builtins__cnumpy\n__builtins__\nsb."
    assert "pickle-changes-global" in rules_of(data)


# https://github.com/python/cpython/blob/main/Lib/pickle.py, find_class: a name with dots is followed from protocol 4 on.
@pytest.mark.parametrize(
    ("module", "name"),
    [("torch", "serialization.os.system"), ("collections", "abc.sys.modules"), ("numpy", "ma.core.np.load")],
)
def test_name_with_dots(module: str, name: str) -> None:
    assert facts_of(call(module, name)).tier in ("unsafe", "unvetted")


# https://github.com/trailofbits/fickling/security/advisories (OBJ and INST whose results are dropped)
@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04(cos\nsystem\n" + text("id") + b"o0N.",
        b"\x80\x04(" + text("id") + b"ios\nsystem\n0N.",
        b"\x80\x04cos\nsystem\n" + text("id") + b"\x85\x810N.",
        # The registry of copyreg: https://docs.python.org/3/library/copyreg.html
        b"\x80\x02\x82\x01U\x02id\x85R0N.",
        # A persistent id that is no storage.
        b"\x80\x02(U\x06modulecos\nsystem\nNNtQ0N.",
    ],
)
def test_call_whose_result_is_dropped(data: bytes) -> None:
    assert facts_of(data).tier == "unsafe"


# https://github.com/python/cpython/issues/154848: the unpicklers in C and in Python read on in different places.
@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04\x95\x02" + b"\0" * 7 + b"\x8c\x0bcos\nsystem\n" + b".",
        b"\x80\x04\x95\x03" + b"\0" * 7 + b"N.cos\nsystem\n.",
        b"\x80\x04\x95\xff" + b"\0" * 7 + b"N.",
    ],
)
def test_frame_that_two_readers_end_elsewhere(data: bytes) -> None:
    assert facts_of(data).tier in ("unreadable", "unsafe")


# https://www.reversinglabs.com/blog/rl-identifies-malware-ml-model-hosted-on-hugging-face: the call runs before the error.
@pytest.mark.parametrize("broken", [b"", b"\xff", b"h\x63.", b"0000.", b"\x8c\xff.", b"(((", b"cos\n"])
def test_stream_that_breaks_after_the_call(broken: bytes) -> None:
    rules = rules_of(EVIL[:-1] + broken)
    assert "pickle-global-exec" in rules
    assert "pickle-unreadable" in rules


# https://github.com/advisories/GHSA-7q5r-7gvp-wc82, https://github.com/advisories/GHSA-w8jq-xcqf-f792: readers of zip
# archives that go by the header before a member, or do not look at checksums and flags.
@pytest.mark.parametrize(
    ("mark", "at"), [(b"PK\x03\x04", 30), (b"PK\x01\x02", 46), (b"PK\x03\x04", 14), (b"PK\x03\x04", 6)]
)
def test_archive_that_readers_take_for_different_ones(mark: bytes, at: int) -> None:
    data = written.torch_zip(EVIL)
    place = data.index(mark) + at
    changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    assert facts_of(changed).tier == "unsafe"


# https://github.com/promptfoo/modelaudit/pull/1043, https://github.com/mmaitre314/picklescan/pull/68: members of other
# names, archives in archives.
@pytest.mark.parametrize(
    "data",
    [
        written.zipped({"weights": EVIL}),
        written.zipped({"a.zip": written.zipped({"b": written.zipped({"c": EVIL})})}),
        b"\0" * 40 + written.torch_zip(EVIL),
        written.torch_zip(written.state_dict("0"), {"m/.data/x": EVIL}),
        written.tarred({"model": EVIL}),
        gzip.compress(written.tarred({"model": EVIL})),
        written.tarred({"weights.ckpt": written.torch_zip(EVIL)}),
        written.npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", EVIL),
    ],
)
def test_payload_in_a_container(data: bytes) -> None:
    assert facts_of(data).tier == "unsafe"


# https://joblib.readthedocs.io/en/stable/persistence.html: compressed files are told by their content.
@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, bz2.compress, lzma.compress])
def test_payload_in_a_compressed_file(compress: Callable[[bytes], bytes]) -> None:
    assert facts_of(compress(EVIL)).tier == "unsafe"


# https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py: the elements of arrays lie between the opcodes.
@pytest.mark.parametrize("count", [1, 2, 200])
@pytest.mark.parametrize("padding", [None, 0, 9])
def test_payload_after_an_array_of_joblib(count: int, padding: int | None) -> None:
    elements = struct.pack(f"<{count}d", *range(count))
    array = written.joblib_array(elements, count, padding=padding)
    assert facts_of(written.joblib_file(array)).tier == "safe"
    assert "pickle-global-exec" in rules_of(written.joblib_file(array, after=EVIL[2:-1]))


# The same file has one reading for joblib.load and another for pickle.load, which takes elements for opcodes.
def test_array_that_is_code_for_another_loader() -> None:
    payload = b"cos\nsystem\n(S'id'\ntR."
    assert "pickle-two-readings" in rules_of(
        written.joblib_file(written.joblib_array(payload, len(payload), "u1", padding=None))
    )


# https://docs.python.org/3/library/pickle.html: each load reads one pickle, and the next one begins where it ended.
@pytest.mark.parametrize("between", [b"", GOOD, pickle.dumps(1) * 9, b"\0" * 64])
def test_payload_after_the_first_pickle(between: bytes) -> None:
    assert facts_of(GOOD + between + EVIL).tier in ("unsafe", "unvetted")
