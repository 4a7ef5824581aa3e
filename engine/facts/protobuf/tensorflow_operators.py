"""Operators of TensorFlow: those that compute, those that reach Python, those that reach files.

From https://www.tensorflow.org/api_docs/python/tf/raw_ops. What is not listed is not known.
"""

PYTHON = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
# Checkpoints are saved and restored by every SavedModel, at paths that a caller gives: SaveV2 and its like are no news.
_FILES_WORDS = """
    ReadFile WriteFile MatchingFiles ImmutableConst LoadDataset LoadDatasetV2 SaveDataset SaveDatasetV2
    DatasetFromGraph TFRecordDataset TFRecordDatasetV2 TextLineDataset FixedLengthRecordDataset
    FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2 ExperimentalCSVDataset SqlDataset ExperimentalSqlDataset
    LMDBDataset ExperimentalLMDBDataset WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2
    TFRecordReader TFRecordReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 LMDBReader SnapshotDataset
    SnapshotDatasetV2 CreateSummaryFileWriter CreateSummaryDbWriter GenerateVocabRemapping LoadAndRemapMatrix
    DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNumericSummary DebugNumericSummaryV2 RegisterDataset
    RegisterDatasetV2 DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RpcCall
    RpcClient RpcServer RpcServerStart CollectiveBcastSend RemoteCall Send Recv _Send _Recv MlirPassthroughOp
    XlaLaunch TPUExecute LookupTableExportToFile CacheDataset CacheDatasetV2
    """
FILES = frozenset(_FILES_WORDS.split())
_KNOWN_WORDS = """
    Abs Acos Acosh Add AddN AddV2 AdjustContrastv2 AdjustHue AdjustSaturation All Any ApplyAdagrad ApplyAdam
    ApplyGradientDescent ApplyMomentum ApplyRMSProp ApproximateEqual ArgMax ArgMin AsString Asin Asinh Assert Assign
    AssignAdd AssignAddVariableOp AssignSub AssignSubVariableOp AssignVariableOp Atan Atan2 Atanh AudioSpectrogram
    AvgPool AvgPool3D AvgPoolGrad BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchNormWithGlobalNormalization
    BatchToSpace BatchToSpaceND BiasAdd BiasAddGrad BiasAddV1 Bincount Bitcast BitwiseAnd BitwiseOr BitwiseXor
    BoostedTreesBucketize BroadcastArgs BroadcastGradientArgs BroadcastTo Bucketize Case Cast Ceil CheckNumerics
    Cholesky ClipByValue CombinedNonMaxSuppression Complex ComplexAbs Concat ConcatOffset ConcatV2 Conj Const
    ControlTrigger Conv2D Conv2DBackpropFilter Conv2DBackpropInput Conv3D Conv3DBackpropInputV2 Cos Cosh
    CropAndResize Cross CudnnRNN CudnnRNNV2 CudnnRNNV3 CudnnRNNCanonicalToParamsV2 Cumprod Cumsum
    CTCBeamSearchDecoder CTCGreedyDecoder CTCLoss DecodeAndCropJpeg DecodeBase64 DecodeBmp DecodeCSV DecodeGif
    DecodeImage DecodeJpeg DecodeJSONExample DecodePaddedRaw DecodePng DecodeProtoV2 DecodeRaw DecodeWav DeepCopy
    DenseBincount DenseToDenseSetOperation DepthToSpace DepthwiseConv2dNative Dequantize DestroyResourceOp Diag
    DiagPart Digamma Dilation2D Div DivNoNan DrawBoundingBoxesV2 DynamicPartition DynamicStitch EditDistance Einsum
    Elu EluGrad Empty EmptyTensorList EncodeBase64 EncodeJpeg EncodePng EncodeWav EnsureShape Enter Equal Erf Erfc
    Erfinv Exit Exp ExpandDims Expm1 ExtractGlimpse ExtractImagePatches ExtractJpegShape FFT FFT2D FFT3D
    FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill Floor FloorDiv FloorMod
    FractionalMaxPool FusedBatchNorm FusedBatchNormGradV3 FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2
    GatherTree GetSessionHandle Greater GreaterEqual HashTable HashTableV2 HistogramFixedWidth IFFT IFFT2D IRFFT IRFFT2D
    Identity IdentityN If Igamma ImageProjectiveTransformV2 ImageProjectiveTransformV3 Imag InTopK InTopKV2
    InitializeTable InitializeTableFromTextFile InitializeTableFromTextFileV2 InitializeTableV2 InplaceUpdate Inv Invert
    InvertPermutation IsFinite IsInf IsNan IsVariableInitialized L2Loss LRN LeakyRelu LeakyReluGrad LeftShift Less
    LessEqual Lgamma LinSpace ListDiff Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr LookupTableExport
    LookupTableExportV2 LookupTableFind LookupTableFindV2 LookupTableImport LookupTableImportV2 LookupTableInsert
    LookupTableInsertV2 LookupTableSize LookupTableSizeV2 LoopCond LowerBound Lu MatMul MatrixBandPart
    MatrixDeterminant MatrixDiag MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixDiagV2 MatrixDiagV3
    MatrixInverse MatrixSetDiag MatrixSetDiagV3 MatrixSolve MatrixTriangularSolve Max MaxPool MaxPool3D MaxPoolGrad
    MaxPoolV2 MaxPoolWithArgmax Maximum Mean Merge MergeV2Checkpoints Mfcc Min Minimum MirrorPad MirrorPadGrad Mod Mul
    MulNoNan Multinomial MutableDenseHashTableV2 MutableHashTable MutableHashTableV2 Ndtri Neg NextAfter NextIteration
    NoOp NonMaxSuppression NonMaxSuppressionV2 NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 NotEqual
    OneHot OnesLike Pack Pad PadV2 ParallelConcat ParallelDynamicStitch ParseExample ParseExampleV2
    ParseSequenceExample ParseSequenceExampleV2 ParseSingleExample ParseTensor PartitionedCall Placeholder
    PlaceholderV2 PlaceholderWithDefault Polygamma Pow PreventGradient Print PrintV2 Prod Qr QuantizeAndDequantizeV2
    QuantizeAndDequantizeV3 QuantizeAndDequantizeV4 QuantizeV2 QuantizedConv2D RFFT RFFT2D RGBToHSV HSVToRGB
    RaggedBincount RaggedCross RaggedGather RaggedRange RaggedTensorFromVariant RaggedTensorToSparse
    RaggedTensorToTensor RaggedTensorToVariant RandomGamma RandomPoisson RandomShuffle RandomStandardNormal
    RandomUniform RandomUniformInt Range Rank ReadVariableOp Real RealDiv Reciprocal RefEnter RefExit RefIdentity
    RefMerge RefNextIteration RefSwitch RegexFullMatch RegexReplace Relu Relu6 Relu6Grad ReluGrad Reshape ResizeArea
    ResizeBicubic ResizeBilinear ResizeBilinearGrad ResizeNearestNeighbor ResizeNearestNeighborGrad
    ResourceApplyAdagrad ResourceApplyAdagradV2 ResourceApplyAdam ResourceApplyAdaMax ResourceApplyFtrl
    ResourceApplyGradientDescent ResourceApplyKerasMomentum ResourceApplyMomentum ResourceApplyRMSProp
    ResourceGather ResourceGatherNd ResourceScatterAdd ResourceScatterUpdate ResourceSparseApplyAdam
    ResourceStridedSliceAssign RestoreV2 RestoreSlice Restore Reverse ReverseSequence ReverseV2 RightShift Rint Roll
    Round Rsqrt RsqrtGrad SampleDistortedBoundingBoxV2 Save SaveSlices SaveV2 ScalarSummary ScaleAndTranslate ScatterAdd
    ScatterNd ScatterNdUpdate ScatterUpdate SegmentMax SegmentMean SegmentMin SegmentProd SegmentSum Select SelectV2
    SelfAdjointEigV2 Selu SetSize Shape ShapeN ShardedFilename ShardedFilespec Sigmoid SigmoidGrad Sign Sin Sinh Size
    Slice Softmax SoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign SpaceToBatch SpaceToBatchND SpaceToDepth
    SparseConcat SparseCross SparseCrossHashed SparseCrossV2 SparseFillEmptyRows SparseMatMul SparseReorder
    SparseReshape SparseSegmentMean SparseSegmentMeanWithNumSegments SparseSegmentSqrtN SparseSegmentSum
    SparseSegmentSumWithNumSegments SparseSlice SparseSoftmax SparseSoftmaxCrossEntropyWithLogits SparseSplit
    SparseTensorDenseMatMul SparseToDense Split SplitV Sqrt SqrtGrad Square SquaredDifference Squeeze Stack
    StackCloseV2 StackPopV2 StackPushV2 StackV2 StatefulPartitionedCall StatefulStandardNormalV2 StatefulUniform
    StatelessCase StatelessIf StatelessMultinomial StatelessRandomGetKeyCounter StatelessRandomNormal
    StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformInt StatelessRandomUniformIntV2
    StatelessRandomUniformV2 StatelessTruncatedNormal StatelessWhile StaticRegexFullMatch StaticRegexReplace
    StopGradient StridedSlice StridedSliceGrad StringFormat StringJoin StringLength StringLower StringNGrams
    StringSplit StringSplitV2 StringStrip StringToHashBucket StringToHashBucketFast StringToHashBucketStrong
    StringToNumber StringUpper Sub Substr Sum Svd Switch SymbolicGradient Tan Tanh TanhGrad TensorArrayCloseV3
    TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayGradV3 TensorArrayReadV3 TensorArrayScatterV3
    TensorArraySizeV3 TensorArraySplitV3 TensorArrayV3 TensorArrayWriteV3 TensorListConcat TensorListConcatV2
    TensorListElementShape TensorListFromTensor TensorListGather TensorListGetItem TensorListLength
    TensorListPopBack TensorListPushBack TensorListReserve TensorListResize TensorListScatter
    TensorListScatterIntoExistingList TensorListScatterV2 TensorListSetItem TensorListSplit TensorListStack
    TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub TensorScatterUpdate TensorStridedSliceUpdate
    Tile TopK TopKV2 Transpose TridiagonalSolve TruncateDiv TruncateMod TruncatedNormal UnicodeDecode
    UnicodeDecodeWithOffsets UnicodeEncode UnicodeScript UnicodeTranscode Unique UniqueV2 UniqueWithCounts
    UniqueWithCountsV2 Unpack UnravelIndex UnsortedSegmentJoin UnsortedSegmentMax UnsortedSegmentMean
    UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum UnwrapDatasetVariant UpperBound VarHandleOp
    VarIsInitializedOp Variable VariableShape VariableV2 VariantMapAdd Where While WrapDatasetVariant Xdivy Xlog1py Xlogy ZerosLike
    Zeta _Arg _Retval _FusedConv2D _FusedMatMul _FusedBatchNormEx AnonymousHashTable AnonymousMutableHashTable
    TemporaryVariable DestroyTemporaryVariable CompareAndBitpack Copy CopyHost DecodeWav Batch Unbatch BatchFunction
    LSTMBlockCell BlockLSTM BlockLSTMV2 GRUBlockCell StatelessRandomGetAlg StatelessShuffle Stage Unstage
    HistogramSummary MergeSummary TensorSummary TensorSummaryV2 OptionalFromValue OptionalGetValue OptionalHasValue
    OptionalNone ResourceCountUpTo ResourceScatterNdUpdate SparseApplyAdagrad SparseApplyFtrl ZipDataset MapDataset
    BatchDataset BatchDatasetV2 TensorDataset TensorSliceDataset PrefetchDataset RangeDataset RepeatDataset
    ShuffleDataset TakeDataset IteratorV2 IteratorGetNext MakeIterator AnonymousIteratorV2 OneShotIterator
    """
KNOWN = frozenset(_KNOWN_WORDS.split())
