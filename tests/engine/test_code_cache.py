"""The cache of compiled code: private, verified, and never a reason to fail."""

import marshal
import os
from pathlib import Path

import pytest
from lockgate.engine.codegen.cache import (
    CodeCache,
    compiler_fingerprint,
    folder_fingerprint,
    user_cache_folder,
)


@pytest.fixture
def cache(tmp_path: Path) -> CodeCache:
    return CodeCache(str(tmp_path / "cache" / "code"), b"compiler")


def test_round_trip(cache: CodeCache) -> None:
    key = cache.key(b"source")
    assert cache.get(key) is None
    code = compile("x = 1", "<test>", "exec")
    cache.put(key, (code, {"a": 1}, ("b", 2)))
    assert cache.get(key) == (code, {"a": 1}, ("b", 2))
    assert os.stat(cache.folder).st_mode & 0o777 == 0o700
    assert os.stat(Path(cache.folder) / key).st_mode & 0o777 == 0o600
    assert os.listdir(cache.folder) == [key]


def test_key_depends_on_everything(cache: CodeCache) -> None:
    other = CodeCache(cache.folder, b"another compiler")
    keys = {cache.key(b"a", b"b"), cache.key(b"ab"), cache.key(b"a"), other.key(b"a", b"b")}
    assert len(keys) == 4


@pytest.mark.parametrize("mode", [0o710, 0o701, 0o777], ids=oct)
def test_folder_that_others_can_enter_is_not_trusted(cache: CodeCache, mode: int) -> None:
    key = cache.key(b"source")
    cache.put(key, 1)
    Path(cache.folder).chmod(mode)
    assert cache.get(key) is None
    cache.put(cache.key(b"more"), 2)
    assert os.listdir(cache.folder) == [key]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620], ids=oct)
def test_file_that_others_can_touch_is_not_trusted(cache: CodeCache, mode: int) -> None:
    key = cache.key(b"source")
    cache.put(key, 1)
    (Path(cache.folder) / key).chmod(mode)
    assert cache.get(key) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_file_of_another_user_is_not_trusted(cache: CodeCache) -> None:
    key = cache.key(b"source")
    cache.put(key, 1)
    os.chown(Path(cache.folder) / key, 12345, 12345)
    assert cache.get(key) is None
    cache.put(key, 2)
    os.chown(cache.folder, 12345, 12345)
    assert cache.get(key) is None


def test_symbolic_links_are_not_followed(cache: CodeCache, tmp_path: Path) -> None:
    key = cache.key(b"source")
    cache.put(key, 1)
    (Path(cache.folder) / key).rename(tmp_path / "moved")
    (Path(cache.folder) / key).symlink_to(tmp_path / "moved")
    assert cache.get(key) is None
    link = tmp_path / "link"
    link.symlink_to(cache.folder)
    assert CodeCache(str(link), b"compiler").get(key) is None


def test_changed_or_moved_entries_are_misses(cache: CodeCache) -> None:
    key, other = cache.key(b"source"), cache.key(b"other")
    cache.put(key, {"a": 1})
    path = Path(cache.folder) / key
    content = path.read_bytes()
    for changed in (content[:-1] + b"\x00", content[:40], b"", marshal.dumps({"a": 2})):
        path.write_bytes(changed)
        assert cache.get(key) is None
    path.write_bytes(content)
    assert cache.get(key) == {"a": 1}
    path.rename(Path(cache.folder) / other)
    assert cache.get(other) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = CodeCache(str(tmp_path / "file" / "code"), b"compiler")
    cache.put(cache.key(b"source"), 1)
    assert cache.get(cache.key(b"source")) is None


def test_special_files_do_not_block(cache: CodeCache) -> None:
    key = cache.key(b"source")
    cache.put(cache.key(b"other"), 1)
    os.mkfifo(Path(cache.folder) / key, 0o600)
    assert cache.get(key) is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HOME": "/h"}, "/h/.cache/lockgate/code"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/lockgate/code"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "relative"}, "/h/.cache/lockgate/code"),
        ({"HOME": ""}, None),
        ({}, None),
    ],
)
def test_users_own_folder(environment: dict[str, str], expected: str | None) -> None:
    folder = user_cache_folder(environment)
    assert folder == expected


def test_fingerprint_is_stable() -> None:
    assert compiler_fingerprint() == compiler_fingerprint()
    assert b"rego/types/" in compiler_fingerprint()


@pytest.mark.parametrize("name", ["checks.py", "below/checks.py", "below/further/checks.py"])
def test_a_change_of_any_module_changes_the_fingerprint(tmp_path: Path, name: str) -> None:
    module = tmp_path / name
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text("old = 1\n")
    (tmp_path / "notes.txt").write_text("")
    before = folder_fingerprint(str(tmp_path))
    assert "notes" not in before
    (tmp_path / "__pycache__").mkdir()
    assert folder_fingerprint(str(tmp_path)) == before
    module.write_text("newer = 1\n")
    assert folder_fingerprint(str(tmp_path)) != before
