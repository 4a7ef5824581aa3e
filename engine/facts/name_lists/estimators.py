"""Names of trained models and of their parts, whose construction and state are data by their libraries' convention.

scikit-learn: "the __init__ method should do nothing but set attributes"
(https://scikit-learn.org/stable/developers/develop.html). The parts that open files, fetch data or run tests
(sklearn.datasets, sklearn.utils._testing) are elsewhere. Functions are listed one by one.
"""

import re

ESTIMATORS = frozenset(
    [
        "sklearn.datasets.base.Bunch",
        "sklearn.utils._bunch.Bunch",
        "sklearn.utils.Bunch",
        "sklearn.utils.bunch.Bunch",
        "sklearn.base.BaseEstimator",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.feature_selection._univariate_selection.f_regression",
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection.univariate_selection.chi2",
        "sklearn.feature_selection.univariate_selection.f_classif",
        "sklearn.feature_selection.univariate_selection.f_regression",
        "sklearn.feature_selection._mutual_info.mutual_info_classif",
        "sklearn.feature_selection._mutual_info.mutual_info_regression",
        "sklearn.cluster._kmeans._kmeans_single_lloyd",
        "sklearn.cluster._kmeans._kmeans_single_elkan",
        "sklearn.preprocessing._function_transformer._identity",
        "sklearn.neighbors._ball_tree.newObj",
        "sklearn.neighbors._kd_tree.newObj",
        "sklearn.neighbors.ball_tree.newObj",
        "sklearn.neighbors.kd_tree.newObj",
        "sklearn.neighbors.dist_metrics.newObj",
        "sklearn.neighbors._dist_metrics.newObj",
        "sklearn.metrics._dist_metrics.newObj",
        # Functions of tensors.
        "torchmetrics.metric.jit_distributed_available",
        "torchmetrics.utilities.data.dim_zero_cat",
        "torchmetrics.utilities.data.dim_zero_max",
        "torchmetrics.utilities.data.dim_zero_mean",
        "torchmetrics.utilities.data.dim_zero_min",
        "torchmetrics.utilities.data.dim_zero_sum",
        "xgboost.core.Booster",
        "lightgbm.basic.Booster",
        "torch._C._nn.gelu",
        "torch.nn.init.xavier_uniform_",
        "torch.nn.init.xavier_normal_",
        "tokenizers.Tokenizer",
        "tokenizers.models.Model",
        "tokenizers.AddedToken",
    ]
)

_CLASS = re.compile(r"_?[A-Z][A-Za-z0-9_]*")

ESTIMATOR_RULES = (
    # The public packages of estimators, with the names of their modules in all versions.
    (re.compile(r"sklearn\.(_loss|calibration|cluster|compose|covariance|cross_decomposition|cross_validation|decomposition|discriminant_analysis|dummy|ensemble|feature_extraction|feature_selection|gaussian_process|grid_search|impute|isotonic|kernel_approximation|kernel_ridge|lda|linear_model|manifold|mixture|model_selection|multiclass|multioutput|naive_bayes|neighbors|neural_network|pipeline|preprocessing|qda|random_projection|semi_supervised|svm|tree)(\.\w+)*"), _CLASS),
    (re.compile(r"sklearn\.metrics\._(scorer|dist_metrics)|sklearn\.metrics\.scorer"), _CLASS),
    # Scores: functions of two arrays.
    (re.compile(r"sklearn\.metrics(\._(classification|regression|ranking))?(\.(classification|regression|ranking))?"), re.compile(r"[a-z0-9_]+_(score|error|loss)|roc_curve|auc")),
    (re.compile(r"sklearn\.metrics\.pairwise"), re.compile(r"\w+_(distances|kernel|similarity)")),
    # What Cython calls with a class and its state.
    (re.compile(r"sklearn\.(_loss|ensemble|linear_model|neighbors|tree|cluster|svm|metrics|utils)(\.\w+)*"), re.compile(r"__pyx_unpickle_[A-Z]\w*")),
    (re.compile(r"sklearn\.utils\.(_random|_metadata_requests|_weight_vector|_typedefs|validation|_tags|_fast_dict|fixes)"), _CLASS),
    # Other libraries that keep to the same convention.
    (re.compile(r"xgboost\.(sklearn|core|callback)"), re.compile(r"XGB[A-Za-z]*|Booster")),
    (re.compile(r"lightgbm\.(sklearn|basic)"), re.compile(r"LGBM[A-Za-z]*|Booster|_?[A-Z]\w*FunctionWrapper")),
    (re.compile(r"catboost\.core"), re.compile(r"CatBoost[A-Za-z]*")),
    (re.compile(r"imblearn\.(over_sampling|under_sampling|combine|ensemble|pipeline)(\.\w+)*"), _CLASS),
    (re.compile(r"category_encoders\.\w+"), _CLASS),
    (re.compile(r"hdbscan\.(hdbscan_|prediction|plots)"), re.compile(r"HDBSCAN|PredictionData|CondensedTree|MinimumSpanningTree|SingleLinkageTree")),
    (re.compile(r"sklearn_crfsuite\.estimator"), re.compile(r"CRF")),
    # Models of texts. Those of gensim train, and run programs, when they are made with arguments (NO_INIT in
    # pickle/calls.py); their pickles do not.
    (re.compile(r"gensim\.models(\.wrappers\.fasttext|\.(atmodel|doc2vec|ensemblelda|fasttext|hdpmodel|keyedvectors|ldamodel|ldamulticore|ldaseqmodel|logentropy_model|lsimodel|nmf|normmodel|phrases|poincare|rpmodel|tfidfmodel|word2vec))"), _CLASS),
    (re.compile(r"gensim\.models\.ldaseqmodel"), re.compile(r"sslm")),
    (re.compile(r"gensim\.models\.(phrases|tfidfmodel|ensemblelda)"), re.compile(r"original_scorer|npmi_scorer|df2idf|smartirs_\w+|mass_masking|rank_masking")),
    (re.compile(r"gensim\.utils"), re.compile(r"call_on_class_only|identity")),
    (re.compile(r"gensim\.corpora\.(dictionary|hashdictionary)"), _CLASS),
    (re.compile(r"morfessor\.baseline"), _CLASS),
    # Metrics and models that are layers of torch too.
    (re.compile(r"torchmetrics(\.\w+)+"), re.compile(r"[A-Z][A-Za-z0-9]*|dim_zero_(cat|max|mean|min|sum)|jit_distributed_available")),
    (re.compile(r"chemprop\.nn(\.\w+)*"), _CLASS),
    # Layers and whole models: torch.nn.Module keeps its parts in its __dict__.
    (re.compile(r"torch\.nn\.modules(\.\w+)+"), _CLASS),
    (re.compile(r"torch\.nn\.(backends\.thnn)"), re.compile(r"_get_thnn_function_backend")),
    (re.compile(r"torch\.nn\.functional"), re.compile(r"(relu6?|gelu|silu|selu|elu|celu|leaky_relu|sigmoid|logsigmoid|tanh|softmax|log_softmax|softplus|mish|hardtanh|hardswish|hardsigmoid|dropout|interpolate|normalize|cross_entropy|mse_loss|l1_loss|nll_loss)")),
    (re.compile(r"torch\.optim(\.\w+)?"), re.compile(r"(Adam|AdamW|SGD|RMSprop|Adagrad|Adadelta|Adamax|NAdam|RAdam|LBFGS|SparseAdam|ASGD|Rprop|StepLR|MultiStepLR|ExponentialLR|CosineAnnealingLR|ReduceLROnPlateau|LambdaLR|LinearLR|OneCycleLR)")),
    (re.compile(r"torchmetrics\.(classification|regression|aggregation|metric)(\.\w+)*"), _CLASS),
    (re.compile(r"torchvision\.(models|ops)(\.\w+)*"), _CLASS),
    (re.compile(r"ultralytics\.nn\.(tasks|modules)(\.\w+)*"), _CLASS),
)  # fmt: skip
