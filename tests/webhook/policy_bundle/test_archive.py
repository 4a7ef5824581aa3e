"""The archive of a PolicyBundle: what is written is read, and everything out of the ordinary is refused."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lockgate.engine.errors import UsageError
from lockgate.webhook.policy_bundle.archive import read_archive, write_archive
from lockgate.webhook.policy_bundle.bundle import (
    FREE_BYTES,
    MAX_ENTRIES,
    MAX_FILE_BYTES,
    MAX_NAME_BYTES,
    MAX_TOTAL_BYTES,
    BundleFile,
    name_problem,
)

FILES = (BundleFile(".manifest", b"{}"), BundleFile("templates/x.yaml", b"kind: X\n" * 100))
PART = st.text("abcXYZ019-_ .é", min_size=1, max_size=40).filter(lambda part: part not in (".", ".."))
NAME = st.lists(PART, min_size=1, max_size=5).map("/".join)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b"") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, len(data)
    return made


def archive(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.USTAR_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as stream:
        for info, data in members:
            stream.addfile(info, io.BytesIO(data))
    return out.getvalue()


def of(name: str, data: bytes = b"x") -> tuple[tarfile.TarInfo, bytes]:
    return member(name, data=data), data


def reason(data: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        read_archive(data, "b.tar.gz")
    assert caught.value.message.startswith("b.tar.gz is no PolicyBundle that can be used: ")
    assert caught.value.hint
    return caught.value.message.removeprefix("b.tar.gz is no PolicyBundle that can be used: ")


def test_the_same_files_are_the_same_bytes_whatever_their_order() -> None:
    made = write_archive(FILES, "b.tar.gz")
    assert made == write_archive(FILES[::-1], "b.tar.gz")
    assert made[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"


@given(st.dictionaries(NAME, st.binary(max_size=2000), max_size=8))
@example({"é" * 60: b"x", "a" * 200: b"y", "b/" * 20 + "c": b""})
def test_what_is_written_is_read_here_and_by_tarfile(files: dict[str, bytes]) -> None:
    names = {name for name in files if not name_problem(name)}
    parents = {"/".join(name.split("/")[:depth]) for name in names for depth in range(1, name.count("/") + 1)}
    wanted = tuple([BundleFile(name, files[name]) for name in sorted(names - parents)])
    made = write_archive(wanted, "b.tar.gz")
    assert read_archive(made, "b.tar.gz") == wanted
    with tarfile.open(fileobj=io.BytesIO(made)) as stream:
        read = {one.name: one for one in stream if not one.isdir()}
        assert sorted(read) == [one.name for one in wanted]
        for one in wanted:
            content = stream.extractfile(read[one.name])
            assert content is not None and content.read() == one.data
            assert (read[one.name].mtime, read[one.name].uid, read[one.name].mode) == (0, 0, 0o644)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("name", ["a.yaml", "./a.yaml", "f/" + "n" * 90 + ".yaml", "long" * 40 + "/x.yaml"])
def test_archives_of_other_programs_are_read(form: int, name: str) -> None:
    if form == tarfile.USTAR_FORMAT and len(name) > 150:
        name = "long" * 20 + "/" + "l" * 90
    data = gzip.compress(archive((member("./", tarfile.DIRTYPE), b""), of(name), form=form))
    assert read_archive(data, "b.tar.gz") == (BundleFile(name.removeprefix("./"), b"x"),)


def changed(change: Callable[[bytearray], None]) -> bytes:
    data = bytearray(archive(of("a")))
    change(data)
    header = bytes(data[:148]) + b" " * 8 + bytes(data[156:512])
    data[148:156] = b"%06o\0 " % sum(header)
    return bytes(data)


def set_size(text: bytes) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[124:136] = text

    return change


def set_name(text: bytes) -> Callable[[bytearray], None]:
    def change(data: bytearray) -> None:
        data[0 : len(text)] = text

    return change


def pax(**records: str) -> bytes:
    info = member("a", data=b"x")
    info.pax_headers = records
    return archive((info, b"x"), form=tarfile.PAX_FORMAT)


@pytest.mark.parametrize(
    ("tar", "told"),
    [
        (archive(of("../a")), "leads out"),
        (archive(of("a/../../b")), "leads out"),
        (archive(of("a//b")), "leads out"),
        (archive(of("a/./b")), "leads out"),
        (archive(of("..")), "leads out"),
        (archive(of("/etc/passwd")), "absolute"),
        (archive(of("C:x")), "absolute"),
        (archive(of("..\\a")), "absolute"),
        (archive(of("a\nb")), "cannot be shown"),
        (archive(of("a\x1b[2Jb")), "cannot be shown"),
        (archive(of("a\u202eb"), form=tarfile.PAX_FORMAT), "cannot be shown"),
        (archive(of("d/" * 40 + "x"), form=tarfile.PAX_FORMAT), "folders deep"),
        (archive(of("x" * (MAX_NAME_BYTES + 1)), form=tarfile.PAX_FORMAT), "bytes"),
        (archive(of("x" * (MAX_NAME_BYTES + 1)), form=tarfile.GNU_FORMAT), "bytes"),
        (archive(of("")), "bytes"),
        (archive((member("l", tarfile.SYMTYPE, "/etc/passwd"), b"")), "a symbolic link"),
        (archive((member("l", tarfile.LNKTYPE, "a"), b"")), "a hard link"),
        (archive((member("l", tarfile.CHRTYPE), b"")), "a device"),
        (archive((member("l", tarfile.BLKTYPE), b"")), "a device"),
        (archive((member("l", tarfile.FIFOTYPE), b"")), "a pipe"),
        (archive((member("l", b"S"), b"")), "a sparse file"),
        (archive((member("l", b"7"), b"")), "of a kind"),
        (archive((member("l", b"K"), b"")), "of a kind"),
        (archive((member("d/", tarfile.DIRTYPE, data=b"x"), b"x")), "has content"),
        (archive(of("a"), of("a")), "twice"),
        (archive(of("a"), of("./a")), "twice"),
        (archive(of("a"), of("a/b")), "both a file and a folder"),
        (archive((member("a/", tarfile.DIRTYPE), b""), of("a")), "both a file and a folder"),
        (archive(of("x/.manifest")), "not where it has to be"),
        (archive(of("x/.signatures.json")), "not where it has to be"),
        (pax(size="5"), "'size', which has no place"),
        (pax(linkpath="/etc"), "'linkpath', which has no place"),
        (pax(**{"GNU.sparse.size": "5"}), "sparse"),
        (pax(path="/etc/passwd"), "absolute"),
        (pax(path="../x"), "leads out"),
        (changed(set_size(b"\x80" + b"\0" * 10 + b"\x01")), "octal"),
        (changed(set_size(b"-0000000001\0")), "octal"),
        (changed(set_size(b"77777777777\0")), "too early"),
        (changed(set_size(b"00000000009\0")), "octal"),
        (changed(set_size(b"\0" * 12)), "octal"),
        (changed(set_name(b"\xff\xfe")), "UTF-8"),
        (archive(of("a"))[:512], "too early"),
        (archive(of("a"))[:1024], "too early"),
        (archive(of("a"))[:1536], "end as it has to"),
        (archive(of("a")).rstrip(b"\0") + bytes(5000) + b"x", "end as it has to"),
        (archive(of("a")).replace(b"ustar", b"other"), "checksum"),
        (b"", "too early"),
        (b"hello", "too early"),
    ],
)
def test_what_is_out_of_the_ordinary_is_refused(tar: bytes, told: str) -> None:
    assert told in reason(gzip.compress(tar))


def test_an_old_form_of_tar_is_refused() -> None:
    def change(data: bytearray) -> None:
        data[257:265] = bytes(8)

    assert "none of the forms" in reason(gzip.compress(changed(change)))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "not in gzip"),
        (archive(of("a")), "not in gzip"),
        (gzip.compress(archive(of("a")))[:-9], "too early"),
        (gzip.compress(archive(of("a")))[:-1], "too early"),
        (gzip.compress(archive(of("a"))) + b"x", "follows"),
        (gzip.compress(archive(of("a"))) + gzip.compress(archive(of("b"))), "follows"),
        (gzip.compress(archive(of("a")))[:-8] + bytes(8), "damaged"),
        (b"\x1f\x8b" + b"x" * 100, "damaged"),
        (bytes(9 * 1024 * 1024), "larger than 8 MiB"),
    ],
    ids=["empty", "tar", "checksum cut", "size cut", "a byte", "a member", "size", "noise", "zeros"],
)
def test_gzip_that_is_out_of_the_ordinary_is_refused(data: bytes, told: str) -> None:
    assert told in reason(data)


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(1024 * 1024)
    return b"".join([*[packer.compress(block) for _ in range(size // len(block))], packer.flush()])


@pytest.mark.parametrize("size", [FREE_BYTES * 100, MAX_TOTAL_BYTES * 4])
def test_a_bomb_is_not_unpacked(size: int) -> None:
    assert "unpacked it has more than" in reason(bomb(size))


def test_too_many_entries() -> None:
    for kind in (tarfile.DIRTYPE, b"g"):
        one = archive((member("a/", kind), b""))[:512]
        assert f"more than {MAX_ENTRIES}" in reason(gzip.compress(one * (MAX_ENTRIES + 1) + bytes(1024), 0))


def test_a_file_that_is_too_large() -> None:
    # Random enough to stay below the ratio.
    noise = b"".join([bytes([n * n % 251, n % 253, n // 253 % 255]) for n in range(200_000)])
    data = (noise * (MAX_FILE_BYTES // len(noise) + 1))[: MAX_FILE_BYTES + 1]
    assert "is larger than 8 MiB" in reason(gzip.compress(archive(of("a", data)), 1))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.booleans(),
)
def test_changed_archives_are_read_or_refused(
    flips: list[tuple[int, int]], form: int, is_inside: bool
) -> None:
    """Bytes of the tar, or of the gzip around it, that are something else: never another error."""
    names = ("a.yaml", "f/" + "é" * 40, "g/" + "x" * 90)
    tar = bytearray(archive(*map(of, names), form=form if form else tarfile.PAX_FORMAT))
    data = tar if is_inside else bytearray(gzip.compress(bytes(tar), mtime=0))
    for place, value in flips:
        data[place % len(data)] = value
    whole = gzip.compress(bytes(data), 1) if is_inside else bytes(data)
    try:
        files = read_archive(whole, "b.tar.gz")
    except UsageError:
        return
    assert all(not name_problem(one.name) for one in files)
    assert len({one.name for one in files}) == len(files)


@given(st.binary(max_size=3000))
def test_anything_in_gzip_is_read_or_refused(data: bytes) -> None:
    padded = data + bytes(-len(data) % 512) + bytes(1024)
    try:
        files = read_archive(gzip.compress(padded, 1), "b.tar.gz")
    except UsageError:
        return
    assert files == ()
