"""State as JSON and in a folder, the files of a server, and what is told of their changes."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from lockgate.engine.errors import UsageError
from lockgate.webhook.certificates.authority import DAY_NS, SECOND_NS, issue_serving, make_authority
from lockgate.webhook.certificates.files import FileWatch, TlsFiles, check_files, write_files
from lockgate.webhook.certificates.folder_store import FolderStore
from lockgate.webhook.certificates.keeper import CertificateKeeper
from lockgate.webhook.certificates.state import (
    MAX_STATE,
    CertificateState,
    identities,
    parse_state,
    render_state,
    split_bundle,
)
from lockgate.webhook.certificates.tending import ByHand, CertificateError, Kept, tend

from tests.webhook.certificates.memory import MemoryCluster

NOW_NS = 1_800_000_000 * SECOND_NS
NAMES = ("lockgate.gate.svc",)


def state() -> CertificateState:
    return tend(MemoryCluster(), ByHand(), NAMES, NOW_NS)


def test_state_is_read_back_as_it_was_written() -> None:
    made = state()
    trusted = replace(made, authorities=(replace(made.authorities[0], trusted_ns=NOW_NS),))
    for one in (made, trusted, CertificateState()):
        assert parse_state(render_state(one), "x") == one
        assert render_state(parse_state(render_state(one), "x")) == render_state(one)


def test_what_is_no_state_is_refused() -> None:
    good = json.loads(render_state(state()))
    bad = [
        b"",
        b"[]",
        b"{",
        b"[" * 100_000,
        b" " * (MAX_STATE + 1),
        json.dumps({**good, "version": 2}).encode(),
        json.dumps({**good, "authorities": good["authorities"] * 9}).encode(),
        json.dumps({**good, "serving": {}}).encode(),
        json.dumps({**good, "authorities": [{**good["authorities"][0], "key": 1}]}).encode(),
        json.dumps({**good, "authorities": [{**good["authorities"][0], "trusted": True}]}).encode(),
    ]
    for data in bad:
        with pytest.raises(UsageError, match="Secret a/b holds no certificates"):
            parse_state(data, "Secret a/b")


def test_bundles_are_told_apart_by_their_certificates() -> None:
    one, other = (make_authority(NOW_NS).pair.certificate for _ in range(2))
    assert split_bundle(f"# first\n{one}\r\n{other}") == (one, other)
    assert identities(one + other) == identities(other + "\n\n" + one)
    assert identities(one) != identities(other)
    assert split_bundle("-----BEGIN CERTIFICATE-----\nMII") == ()


def test_a_folder_keeps_state_for_its_owner_and_refuses_a_late_writer(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "certificates")
    empty = store.load()
    assert empty == Kept(CertificateState(), "")
    first = state()
    assert store.replace(empty, first)
    assert not store.replace(empty, state())
    kept = store.load()
    assert kept.state == first
    assert store.replace(kept, state())
    assert (tmp_path / "certificates" / "state.json").stat().st_mode & 0o077 == 0


def test_a_folder_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(UsageError, match="open to others") as caught:
        FolderStore(tmp_path / "open")
    assert caught.value.hint.startswith("chmod 700")


def test_rubbish_in_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir(mode=0o700)
    (tmp_path / "c" / "state.json").write_text("{}")
    with pytest.raises(UsageError, match="holds no certificates of Lockgate"):
        FolderStore(tmp_path / "c").load()


def test_two_that_keep_different_certificates_in_one_place_are_told() -> None:
    cluster = MemoryCluster()
    tend(cluster, cluster, NAMES, NOW_NS)

    # Another installation wants other names, each time.
    def other() -> None:
        kept = Kept(cluster.state, str(cluster._version))
        serving = issue_serving(kept.state.authorities[0], ("other.ns.svc",), NOW_NS)
        cluster.before = lambda: None
        cluster.replace(kept, replace(kept.state, serving=serving))
        cluster.before = other

    cluster.before = other
    with pytest.raises(CertificateError, match="all the time"):
        tend(cluster, cluster, NAMES, NOW_NS)


def test_a_keeper_tells_of_new_files_and_only_of_those(tmp_path: Path) -> None:
    told: list[tuple[Path, ...]] = []
    folder = tmp_path / "c"
    keeper = CertificateKeeper(FolderStore(folder), ByHand(), NAMES, folder, told.append)
    standing = keeper.step(NOW_NS)
    assert told == [standing.files.paths]
    assert standing.days_left(NOW_NS) == 90
    first = check_files(standing.files)
    assert keeper.step(NOW_NS + DAY_NS).next_ns <= NOW_NS + DAY_NS + 60 * SECOND_NS
    assert len(told) == 1
    keeper.step(NOW_NS + 70 * DAY_NS)
    assert len(told) == 2
    assert check_files(standing.files) != first
    for path in standing.files.paths:
        assert path.stat().st_mode & 0o077 == 0


def test_a_key_of_another_certificate_is_not_used(tmp_path: Path) -> None:
    one, other = state(), state()
    files = write_files(one, tmp_path)
    assert one.serving is not None and other.serving is not None
    assert check_files(files).decode() == one.serving.pair.certificate
    files.key.write_text(other.serving.pair.key)
    with pytest.raises(UsageError, match="is not the key of"):
        check_files(files)
    files.key.write_text("rubbish")
    with pytest.raises(UsageError, match="no private key"):
        check_files(files)
    files.certificate.write_text("rubbish")
    with pytest.raises(UsageError, match="no certificate in PEM"):
        check_files(files)
    files.certificate.unlink()
    with pytest.raises(UsageError, match="cannot read"):
        check_files(files)


def test_a_watch_tells_of_content_that_changed_as_the_kubelet_changes_it(tmp_path: Path) -> None:
    def put(name: str, text: str) -> None:
        (tmp_path / name).mkdir()
        for file in ("tls.crt", "tls.key"):
            (tmp_path / name / file).write_text(f"{file} {text}")
        # The kubelet makes a new link and renames it over the old one.
        (tmp_path / "new").symlink_to(name)
        os.replace(tmp_path / "new", tmp_path / "..data")

    put("..1", "one")
    for file in ("tls.crt", "tls.key"):
        (tmp_path / file).symlink_to(Path("..data") / file)
    files = TlsFiles(tmp_path / "tls.crt", tmp_path / "tls.key")
    watch = FileWatch(files.paths)
    assert watch.changed() == frozenset()
    put("..2", "two")
    assert watch.changed() == frozenset(files.paths)
    assert watch.changed() == frozenset()
    put("..3", "two")
    assert watch.changed() == frozenset()
    (tmp_path / "..data").unlink()
    assert watch.changed() == frozenset()
    put("..4", "four")
    assert watch.changed() == frozenset(files.paths)
