"""Keras: the classes and functions that a configuration may name. What is not listed is not built.

https://keras.io/api/. A configuration names a module and a class, and Keras imports and calls them: CVE-2025-1550; a
function is found by name in a module (CVE-2025-8747: `keras.utils.get_file`); files of HDF5 know no safe mode
(CVE-2025-9905); a configuration may switch it off (CVE-2025-9906); TorchModuleWrapper loads a pickle (CVE-2025-49655).
"""

from collections.abc import Mapping

from lockgate.engine.facts.json_events import Scalar
from lockgate.engine.facts.scan import Scan

# They run code of the file, or load another file that does.
_CODE = frozenset({
    "Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "FlaxLayer", "JaxLayer", "OperatorLambda",
})  # fmt: skip
_MODULES = frozenset({
    "keras", "keras.layers", "keras.models", "keras.initializers", "keras.optimizers", "keras.optimizers.legacy",
    "keras.optimizers.schedules", "keras.losses", "keras.metrics", "keras.regularizers", "keras.constraints",
    "keras.activations", "keras.dtype_policies", "keras.mixed_precision", "keras.quantizers", "keras.random",
    "keras.applications", "keras.engine.functional", "keras.engine.sequential", "builtins", "keras.saving",
})  # fmt: skip
_PREFIXES = (
    "keras.src.layers.", "keras.src.models.", "keras.src.initializers.", "keras.src.optimizers.", "keras.src.losses.",
    "keras.src.metrics.", "keras.src.engine.", "keras.src.ops.", "keras.src.dtype_policies.", "keras.layers.",
    "keras.src.regularizers", "keras.src.activations", "keras.src.constraints", "keras.engine.", "keras.src.random.",
    "tensorflow.python.keras.", "tf_keras.src.layers.", "tf_keras.layers", "tf_keras.src.engine.",
)  # fmt: skip
_VALUES = frozenset({"__tensor__", "__numpy__", "__tuple__", "__ellipsis__", "__bytes__", "__complex__", "__slice__", "slice", "__typespec__", "TypeSpec", "TensorShape", "TimeDelta"})  # fmt: skip
_CLASSES_WORDS = """
    Sequential Functional Model InputLayer Activation ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU Identity Dense
    EinsumDense Embedding ReversibleEmbedding Masking Conv1D Conv2D Conv3D Conv1DTranspose Conv2DTranspose Conv3DTranspose
    DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D Convolution1D Convolution2D MaxPooling1D MaxPooling2D
    MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D
    GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D AdaptiveAveragePooling2D
    LSTM LSTMCell GRU GRUCell SimpleRNN SimpleRNNCell RNN StackedRNNCells ConvLSTM1D ConvLSTM2D ConvLSTM3D CuDNNLSTM
    CuDNNGRU TimeDistributed Bidirectional Wrapper BatchNormalization BatchNormalizationV1 BatchNormalizationV2
    LayerNormalization GroupNormalization UnitNormalization RMSNormalization SpectralNormalization Normalization Dropout
    AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D SpatialDropout2D SpatialDropout3D
    ActivityRegularization Attention AdditiveAttention MultiHeadAttention GroupQueryAttention GroupedQueryAttention
    Flatten Reshape Permute RepeatVector Cropping1D Cropping2D Cropping3D UpSampling1D UpSampling2D UpSampling3D
    ZeroPadding1D ZeroPadding2D ZeroPadding3D LocallyConnected1D LocallyConnected2D Concatenate Average Maximum Minimum
    Add Subtract Multiply Dot Merge Rescaling Resizing CenterCrop RandomCrop RandomFlip RandomTranslation RandomRotation
    RandomZoom RandomHeight RandomWidth RandomContrast RandomBrightness CategoryEncoding Discretization Hashing
    HashedCrossing StringLookup IntegerLookup TextVectorization MelSpectrogram STFTSpectrogram SpatialDropout
    Constant GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform Ones Zeros Orthogonal OrthogonalInitializer
    RandomNormal RandomUniform TruncatedNormal VarianceScaling IdentityInitializer SeedGenerator
    Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lion Nadam RMSprop SGD Muon Lamb LossScaleOptimizer
    LossScaleOptimizerV1 CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay
    PolynomialDecay L1 L2 L1L2 OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg UnitNorm
    BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy CategoricalFocalCrossentropy CategoricalHinge
    CosineSimilarity Dice Hinge Huber KLDivergence LogCosh MeanAbsoluteError MeanAbsolutePercentageError
    MeanSquaredError MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy SquaredHinge Tversky CTC
    Accuracy AUC BinaryAccuracy BinaryIoU CategoricalAccuracy F1Score FBetaScore FalseNegatives FalsePositives IoU Mean
    MeanIoU MeanMetricWrapper MeanRelativeError MeanTensor OneHotIoU OneHotMeanIoU Precision PrecisionAtRecall R2Score
    Recall RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy
    SparseTopKCategoricalAccuracy SpecificityAtSensitivity Sum TopKCategoricalAccuracy TrueNegatives TruePositives
    DTypePolicy FloatDTypePolicy Policy PolicyV1 QuantizedDTypePolicy DTypePolicyMap AbsMaxQuantizer
    """
_CLASSES = frozenset(_CLASSES_WORDS.split())
# Functions that Keras finds in modules of its own: activations, losses, metrics.
_FUNCTIONS_WORDS = """
    relu relu6 softmax softplus softsign sigmoid tanh elu selu gelu swish silu mish exponential linear hard_sigmoid
    hard_silu hard_swish hard_tanh leaky_relu log_softmax log_sigmoid celu glu threshold squareplus soft_shrink
    hard_shrink tanh_shrink sparse_plus sparsemax
    binary_crossentropy binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy
    categorical_hinge cosine_similarity dice hinge huber kl_divergence log_cosh mean_absolute_error
    mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error poisson
    sparse_categorical_crossentropy squared_hinge tversky ctc mse mae mape msle
    accuracy binary_accuracy categorical_accuracy sparse_categorical_accuracy top_k_categorical_accuracy
    sparse_top_k_categorical_accuracy
    """
_FUNCTIONS = frozenset(_FUNCTIONS_WORDS.split())
_FUNCTION_MODULES = frozenset({"keras.activations", "keras.losses", "keras.metrics", "builtins", "None"})


def judge_revived(texts: Mapping[str, Scalar], scan: Scan, offset: int) -> None:
    """Judges an object of a SavedModel, whose layers of unknown classes are revived from its graph and not built."""
    if str(texts.get("class_name")) in _CODE:
        judge_keras(texts, scan, offset)


def judge_keras(texts: Mapping[str, Scalar], scan: Scan, offset: int) -> None:
    """Judges an object of a configuration that names a class."""
    name = str(texts.get("class_name"))
    module = texts.get("module")
    registered = texts.get("registered_name")
    full = (f"{module}.{name}" if isinstance(module, str) else name)[:200]
    if name in _CODE:
        scan.add_lambda(full, "code" if name == "__lambda__" else "layer")
        scan.find("keras-code", "unsafe", f"{full} runs code that the file brings", offset, full)
    elif name == "function":
        _function(texts, scan, offset)
    elif isinstance(module, str) and not _is_keras(module):
        if module.split(".")[0] in _BAD:
            scan.find("keras-module-exec", "unsafe", f"{full} is no class of Keras", offset, full)
        else:
            scan.find("keras-class-unvetted", "unvetted", f"{full} is no class of Keras", offset, full)
    elif name not in _CLASSES | _VALUES:
        scan.find("keras-class-unvetted", "unvetted", f"{full} is not on the list of classes", offset, full)
    elif (
        isinstance(registered, str) and ">" in registered and not registered.startswith(("keras>", "Keras>"))
    ):
        what = registered[:200]
        scan.find("keras-class-unvetted", "unvetted", f"{what!r} is a class of somebody's own", offset, what)


# Modules that no model has to do with: for the words of the message alone.
_BAD = frozenset({
    "os", "posix", "nt", "subprocess", "sys", "shutil", "socket", "builtins", "importlib", "runpy", "pickle", "marshal",
    "ctypes", "pty", "code", "webbrowser", "urllib", "http", "asyncio", "multiprocessing", "pip", "timeit", "pdb",
})  # fmt: skip


def _is_keras(module: str) -> bool:
    return module in _MODULES or module.startswith(_PREFIXES)


def _function(texts: Mapping[str, Scalar], scan: Scan, offset: int) -> None:
    module, function = str(texts.get("module")), str(texts.get("config"))
    full = f"{module}.{function}"[:200]
    known = module in _FUNCTION_MODULES or module.startswith(
        ("keras.src.activations", "keras.src.losses", "keras.src.metrics")
    )
    if known and function in _FUNCTIONS:
        return
    scan.find("keras-function", "unsafe", f"the function {full} is found by its name", offset, full)
