"""The tiers of imported names."""

import pytest
from lockgate.engine.facts.names import tier_of

TIERS = {
    "tensor": """
        collections.OrderedDict numpy.dtype numpy.ndarray numpy.float64 numpy.core.multiarray._reconstruct
        numpy._core.multiarray.scalar torch._utils._rebuild_tensor_v2 torch.FloatStorage torch.cuda.HalfStorage
        torch.bfloat16 torch.float8_e4m3fn torch.storage._load_from_bytes torch.Size
    """,
    "value": """
        builtins.set __builtin__.set copy_reg._reconstructor copyreg._reconstructor datetime.datetime decimal.Decimal
        pathlib.PosixPath numpy.log1p numpy.random._pickle.__randomstate_ctor pandas.core.frame.DataFrame
        pandas.core.indexes.range.RangeIndex scipy.sparse._csr.csr_matrix scipy.sparse.csr.csr_matrix
        joblib.numpy_pickle.NumpyArrayWrapper
    """,
    "estimator": """
        sklearn.linear_model._logistic.LogisticRegression sklearn.linear_model.logistic.LogisticRegression
        sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor sklearn.tree._tree.Tree
        sklearn.ensemble._hist_gradient_boosting.binning._BinMapper sklearn.utils._bunch.Bunch
        sklearn.neighbors._kd_tree.newObj sklearn._loss._loss.__pyx_unpickle_CyHalfBinomialLoss
        sklearn.metrics._scorer._PredictScorer sklearn.metrics._classification.accuracy_score
        sklearn.feature_selection._univariate_selection.f_classif xgboost.sklearn.XGBClassifier xgboost.core.Booster
        lightgbm.sklearn.LGBMRegressor catboost.core.CatBoostClassifier torch.nn.modules.linear.Linear
        gensim.models.word2vec.Word2Vec torchvision.models.resnet.ResNet
    """,
    "unvetted": """
        my.models.Model sklearn.linear_model._logistic.logistic_regression_path sklearn.Anything sklearnx.svm.SVC
        scipy.stats._distn_infrastructure.rv_continuous scipy.stats._continuous_distns.norm_gen
        gensim.models.wrappers.ldamallet.LdaMallet torch.classes.load numpy.lib.stride_tricks.as_strided
        transformers.utils.hub.cached_file sklearn.externals.joblib.numpy_pickle.load
    """,
    "exec": """
        os.system posix.system nt.system subprocess.Popen builtins.eval builtins.getattr __builtin__.eval
        importlib.import_module operator.attrgetter functools.partial numpy.memmap numpy.testing._private.utils.runstring
        torch.load torch.serialization.load torch.hub.load torch.jit._serialization.load sklearn.utils._testing._run
        numpy.__builtins__ collections.__class__ marshal.loads types.CodeType pickle.loads
    """,
}


@pytest.mark.parametrize(
    ("tier", "name"), [(tier, name) for tier, names in TIERS.items() for name in names.split()]
)
def test_tier(tier: str, name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert tier_of(module, attribute) == tier


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("torch", "_utils._rebuild_tensor_v2"),
        ("sklearn.linear_model", "LogisticRegression.fit"),
        ("sklearn.svm", "\uff33VC"),
        ("sklearn.svm\r", "SVC"),
        ("sklearn..svm", "SVC"),
        ("", "SVC"),
        ("sklearn.svm", ""),
        ("sklearn.svm", "SVC\n"),
        ("torch", "float32\n"),
    ],
)
def test_what_only_looks_like_a_known_name_is_not_one(module: str, name: str) -> None:
    assert tier_of(module, name) in ("unvetted", "exec")


# Modules and names that other scanners of pickles call dangerous as such: ours may call none of them harmless.
DANGEROUS_ELSEWHERE = """
    _aix_support.x _ctypes.x _frozen_importlib.x _frozen_importlib_external.x _imp.x _io.FileIO _io.open
    _operator.attrgetter _operator.itemgetter _operator.methodcaller _osx_support.x _pickle.x _posixsubprocess.x
    _pyrepl.x _signal.x _sqlite3.x _thread.x aiohttp.x asyncio.x atexit.x bdb.x builtins.__import__ builtins.compile
    builtins.eval builtins.exec builtins.open cProfile.x cloudpickle.cloudpickle._make_function code.x codeop.x
    commands.x compileall.x ctypes.x dill.x distutils.file_util.x doctest.x ensurepip.x filecmp.x fileinput.x
    ftplib.x functools.partial gc.x glob.x http.x httplib.x idlelib.x imaplib.x importlib.x inspect.x lib2to3.x
    linecache.x logging.x marshal.x mmap.x multiprocessing.x nntplib.x nt.x numpy.f2py.x operator.x os.x pdb.x
    pexpect.x pickle.x pip.x pkgutil.x platform.x poplib.x posix.x profile.x pty.x py_compile.x pydoc.x
    requests.api.x runpy.x select.x selectors.x shelve.x shutil.x signal.x site.x smtplib.x socket.x socketserver.x
    sqlite3.x ssl.x subprocess.x sys.x syslog.x tarfile.x telnetlib.x tempfile.x test.x threading.x timeit.x
    torch._dynamo.x torch._inductor.x torch.compile torch.hub.x torch.jit.x torch.load torch.utils.x trace.x types.x
    unittest.x urllib.x urllib2.x uuid._get_command_stdout venv.x webbrowser.x xmlrpc.x zipfile.x zipimport.x
"""


@pytest.mark.parametrize("name", DANGEROUS_ELSEWHERE.split())
def test_what_others_call_dangerous_runs_code(name: str) -> None:
    module, _, attribute = name.rpartition(".")
    assert tier_of(module, attribute) == "exec"
