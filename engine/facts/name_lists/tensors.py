"""Names that make arrays and tensors out of plain data, and nothing else."""

import re

# How the pickles of numpy, torch and the standard library's containers are written.
TENSORS = frozenset(
    [
        "collections.OrderedDict",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy.core.numeric._frombuffer",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy._core.numeric._frombuffer",
        "_codecs.encode",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor_v3",
        "torch._utils._rebuild_parameter",
        "torch._utils._rebuild_parameter_with_state",
        "torch._utils._rebuild_qtensor",
        "torch._utils._rebuild_sparse_tensor",
        "torch._utils._rebuild_sparse_csr_tensor",
        "torch._utils._rebuild_nested_tensor",
        "torch._utils._rebuild_meta_tensor_no_storage",
        "torch._utils._rebuild_device_tensor_from_numpy",
        "torch._utils._rebuild_device_tensor_from_cpu_tensor",
        "torch._utils._rebuild_xla_tensor",
        "torch._utils._rebuild_wrapper_subclass",
        "torch._tensor._rebuild_from_type",
        "torch._tensor._rebuild_from_type_v2",
        "torch.storage._load_from_bytes",
        "torch.storage.UntypedStorage",
        "torch.storage.TypedStorage",
        "torch.storage._UntypedStorage",
        "torch.storage._TypedStorage",
        "torch.serialization._get_layout",
        "torch.Tensor",
        "torch._tensor.Tensor",
        "torch.Size",
        "torch.device",
        "torch.nn.parameter.Parameter",
        "torch.nn.parameter.Buffer",
        "torch.nn.parameter.UninitializedParameter",
        "torch.per_tensor_affine",
        "torch.per_channel_affine",
        "torch.per_tensor_symmetric",
        "torch.per_channel_symmetric",
        "torch.strided",
        "torch.sparse_coo",
        "torch.contiguous_format",
        "torch.channels_last",
        "torch.preserve_format",
        "torch.jit._pickle.build_intlist",
        "torch.jit._pickle.build_boollist",
        "torch.jit._pickle.build_doublelist",
        "torch.jit._pickle.build_tensorlist",
        "torch.jit._pickle.build_tensor_from_id",
        "torch.jit._pickle.restore_type_tag",
        "jax._src.array._reconstruct_array",
    ]
)

TENSOR_RULES = (
    # Storages of every type: torch.FloatStorage, torch.cuda.HalfStorage.
    (re.compile(r"torch(\.cuda)?"), re.compile(r"(Float|Double|Half|BFloat16|Byte|Char|Short|Int|Long|Bool|ComplexFloat|ComplexDouble|QInt8|QUInt8|QInt32|QUInt4x2|QUInt2x4|Untyped|Typed)(Storage|Tensor)")),
    # Types of elements: torch.float32, torch.uint8, torch.float8_e4m3fn.
    (re.compile(r"torch"), re.compile(r"(float|double|half|bfloat|int|uint|long|short|bool|complex|cfloat|cdouble|qint|quint)[0-9a-z_]*")),
    # Types of elements: numpy.float64, numpy.bool_.
    (re.compile(r"numpy"), re.compile(r"(bool_?|u?int(8|16|32|64|p|c)?|u?(byte|short|intc|long|longlong)|float(16|32|64|96|128)?|half|single|double|longdouble|complex(64|128|192|256)?|c(single|double|longdouble|float)|str_|bytes_|string_|unicode_|object_|void|datetime64|timedelta64|generic|number|integer|signedinteger|unsignedinteger|inexact|floating|complexfloating|flexible|character)")),
    (re.compile(r"numpy\.dtypes"), re.compile(r"[A-Z][A-Za-z0-9]*DType")),
)  # fmt: skip
