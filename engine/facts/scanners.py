"""The functions that walk the formats: one for each format that is understood to its last byte."""

from collections.abc import Callable, Mapping

from lockgate.engine.facts.archives.compressed import scan_compressed
from lockgate.engine.facts.archives.tar_scanner import scan_tar
from lockgate.engine.facts.archives.zip_scanner import scan_zip
from lockgate.engine.facts.data_formats import DATA_SCANNERS
from lockgate.engine.facts.npy import scan_npy
from lockgate.engine.facts.pickle.scanner import scan_pickle
from lockgate.engine.facts.scan import Scan
from lockgate.engine.facts.source import Source
from lockgate.engine.facts.torch.legacy import scan_torch_legacy
from lockgate.engine.facts.torch.zip_scanner import scan_torch_zip, scan_torchscript

SCANNERS: Mapping[str, Callable[[Source, Scan], None]] = {
    "pickle": scan_pickle,
    "torchscript": scan_torchscript,
    "torch-zip": scan_torch_zip,
    "torch-legacy": scan_torch_legacy,
    "npz": scan_zip,
    "npy": scan_npy,
    "zip": scan_zip,
    "tar": scan_tar,
    **{method: scan_compressed(method) for method in ("gzip", "bzip2", "xz", "lzma", "zlib")},
    **DATA_SCANNERS,
}
