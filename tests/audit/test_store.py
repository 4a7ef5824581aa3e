"""The store and its appender: what is acknowledged is there, once, in order, and proven."""

import sqlite3
from pathlib import Path

import pytest
from lockgate.audit.checkpoint import open_checkpoint
from lockgate.audit.draft import Draft
from lockgate.audit.entry import parse_entry
from lockgate.audit.errors import TrailError, VerificationError
from lockgate.audit.merkle import Frontier, leaf_hash, verify_inclusion
from lockgate.audit.store.batch_rows import KeptCheckpoint
from lockgate.audit.store.erasure import Eraser, HeldError
from lockgate.audit.store.store import create_log, open_store
from lockgate.audit.store.tables import Table

from tests.audit.trails import MASTER, ORIGIN, make_trail, open_trail, reopen_trail, tampered


def check(receipts: list[object], trail: object) -> None:
    from tests.audit.trails import Trail

    assert isinstance(trail, Trail)
    from lockgate.audit.receipt import Receipt

    for receipt in receipts:
        assert isinstance(receipt, Receipt)
        signed = open_checkpoint(receipt.checkpoint, ORIGIN, [trail.signer.verifier_key]).checkpoint
        assert leaf_hash(receipt.entry) == receipt.leaf_hash
        verify_inclusion(receipt.leaf_hash, receipt.index, signed.size, receipt.proof, signed.root)


def test_receipts(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        receipts = trail.fill(700)
        check(list(receipts), trail)
        assert [receipt.index for receipt in receipts] == list(range(1, 701))
        tree = Frontier()
        for entry in trail.store.entries(0, 10_000):
            parse_entry(entry)
            tree.append(leaf_hash(entry))
        head = trail.store.head()
        assert (head.size, head.root) == (tree.size, tree.root())


def test_reopened(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trail.db'}"
    trail = make_trail(url)
    trail.fill(300)
    trail.close()
    trail = reopen_trail(url)
    check(list(trail.fill(300)), trail)
    assert trail.store.head().size == 601
    trail.close()


def test_two_appenders_of_one_log_take_turns(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        other = trail.store.batch_appender(MASTER.seal_key)
        for _ in range(5):
            check(list(trail.fill(100)), trail)
            with trail.store.write() as connection:
                other.append(connection, [trail.decide(7)], trail.clock())
        assert trail.store.head().size == 506


def test_request_key_is_recorded_once(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        first = trail.appender.append(trail.decide(1, request="r1"))
        futures = [trail.appender.submit(trail.decide(1, request="r1")) for _ in range(5)]
        again = [future.result(10) for future in futures]
        assert {one.index for one in again} == {first.index}
        assert all(one.repeated for one in again)
        check([first, *again], trail)
        assert trail.store.head().size == 2


def test_bad_draft_fails_alone(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        fields = {"event": "added", "policies": "sha256:" + "0" * 64}
        streams = tuple([f"{'s' * 250}{number}" for number in range(20)])
        large = trail.appender.submit(Draft("policy", fields, streams))
        good = trail.appender.submit(trail.decide(1))
        with pytest.raises(TrailError, match="4096"):
            large.result(10)
        check([good.result(10)], trail)


def test_second_writer_is_refused(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail, pytest.raises(TrailError, match="another process"):
        reopen_trail(trail.store.url)


def test_changed_head_is_noticed_before_anything_is_appended(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trail.db'}"
    trail = make_trail(url)
    trail.fill(10)
    trail.close()
    tampered(tmp_path / "trail.db", "UPDATE log_head SET root = zeroblob(32)")
    with pytest.raises(VerificationError):
        reopen_trail(url)


def test_entries_that_somebody_without_the_key_added_are_not_signed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trail.db'}"
    trail = make_trail(url)
    trail.fill(10)
    store = trail.store
    trail.close()
    # All is recomputed as the log would, but for the seal, whose key is not in the database.
    store = open_store(url)
    forger = store.batch_appender(b"guessed")
    with pytest.raises(VerificationError, match="master key"), store.write() as connection:
        forger.append(connection, [trail.decide(3)], trail.clock())
    forger._seal_key = MASTER.seal_key
    with store.write() as connection:
        state = forger.lock(connection)
        assert state.growth.size == 11
        forger._seal_key = b"guessed"
        forger.append(connection, [trail.decide(3)], trail.clock())
    store.close()
    with pytest.raises(VerificationError, match="master key"):
        reopen_trail(url)


TAMPERED = {
    "entry": (
        "UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), 'allow', 'deny') AS BLOB) WHERE place % 1099511627776 = 4",
        "entry 4: the entry was changed",
    ),
    "leaf hash": (
        "UPDATE leaf SET leaf_hash = zeroblob(32) WHERE place % 1099511627776 = 4",
        "the head's root is not that of the tiles",
    ),
    "entry gone": ("DELETE FROM leaf WHERE place % 1099511627776 = 4", "missing or short"),
    "entry more": (
        "INSERT INTO leaf SELECT place + 1, leaf_hash, entry FROM leaf ORDER BY place DESC LIMIT 1",
        "entry 11: there is an entry behind the head",
    ),
    "text": ("UPDATE leaf SET entry = CAST(entry AS TEXT)", "a column of bytes holds str"),
    "checkpoint": (
        "UPDATE checkpoint SET note = CAST(replace(note, 'example.com', 'example.org') AS BLOB)",
        "not",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered_log_is_not_gone_on_with(name: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trail.db'}"
    trail = make_trail(url)
    trail.fill(10)
    trail.close()
    statement, message = TAMPERED[name]
    tampered(tmp_path / "trail.db", statement)
    with pytest.raises(TrailError, match=message):
        reopen_trail(url)


def test_unsigned_entries_of_our_own_are_signed_at_the_next_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trail.db'}"
    trail = make_trail(url)
    trail.fill(10)
    trail.close()
    store = open_store(url)
    with store.write() as connection:
        store.batch_appender(MASTER.seal_key).append(connection, [trail.decide(3)], trail.clock())
    store.close()
    trail = reopen_trail(url)
    note = trail.store.checkpoint()
    assert note is not None
    assert open_checkpoint(note, ORIGIN, [trail.signer.verifier_key]).checkpoint.size == 12
    trail.close()


def test_triggers(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(1)
        trail.appender.close()
        connection = sqlite3.connect(tmp_path / "trail.db")
        for statement in (
            "UPDATE leaf SET entry = x'00'",
            "DELETE FROM leaf",
            "UPDATE checkpoint SET note = x'00'",
            "INSERT OR REPLACE INTO leaf SELECT place, leaf_hash, x'00' FROM leaf",
            "REPLACE INTO leaf SELECT place, leaf_hash, entry FROM leaf",
            "UPDATE OR REPLACE leaf SET place = place + 1",
            (
                "INSERT INTO leaf SELECT place, leaf_hash, x'00' FROM leaf WHERE true "
                "ON CONFLICT DO UPDATE SET entry = x'00'"
            ),
            "INSERT OR REPLACE INTO checkpoint SELECT log, size, x'00', time_ms FROM checkpoint",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
        connection.close()


def test_a_second_checkpoint_of_a_size_does_nothing(tmp_path: Path) -> None:
    """As when a log's key was rotated, and the head that both keys sign is the same."""
    with open_trail(tmp_path) as trail:
        trail.appender.close()
        before = list(trail.store.checkpoints())
        size = trail.store.head().size
        with trail.store.write() as connection:
            trail.store.add_checkpoint(connection, size, b"by another key", trail.clock())
            trail.store.batch_appender(MASTER.seal_key).keep(
                connection, KeptCheckpoint(size, b"by another key", trail.clock())
            )
        assert list(trail.store.checkpoints()) == before


def test_stream_heads_are_logged(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(2500)
        kinds = [parse_entry(entry).kind for entry in trail.store.entries(0, 10_000)]
        assert kinds.count("stream-heads") == 2


def test_migration_makes_the_tables_that_the_code_names(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    store = create_log(str(tmp_path / "trail.db"), ORIGIN, 1, MASTER.seal_key)
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = [
            one
            for one in compare_metadata(context, Table.metadata)
            if not (isinstance(one, tuple) and one[0] == "remove_index")
        ]
    store.close()
    assert differences == []


def test_newer_database_is_refused(tmp_path: Path) -> None:
    create_log(str(tmp_path / "trail.db"), ORIGIN, 1, MASTER.seal_key).close()
    tampered(tmp_path / "trail.db", "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(TrailError, match="newer"):
        open_store(str(tmp_path / "trail.db"))


@pytest.mark.parametrize("change", ["id = 'text'", "origin = x'00'", "state = x'00'"])
def test_values_of_other_types_in_the_table_of_logs(change: str, tmp_path: Path) -> None:
    create_log(str(tmp_path / "trail.db"), ORIGIN, 1, MASTER.seal_key).close()
    tampered(tmp_path / "trail.db", f"UPDATE log SET {change}")
    with pytest.raises(VerificationError, match="holds"):
        open_store(str(tmp_path / "trail.db"))


def test_erasure(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(12)
        eraser = Eraser(trail.appender, trail.recorder, trail.vault)
        eraser.erase_entry(1, "asked for", "auditor@example.com")
        bodies = {body.index: body for body in trail.store.bodies(0, 100)}
        assert bodies[1].sealed is None
        assert bodies[2].sealed is not None
        eraser.erase_namespace("team-1", "the team is gone", "auditor@example.com")
        with pytest.raises(TrailError, match="no such namespace"):
            eraser.erase_namespace("team-1", "again", "auditor@example.com")
        after = {body.index: body for body in trail.store.bodies(0, 100)}
        assert [index for index in range(1, 13) if after[index].sealed is None] == [1, 2, 5, 8, 11]
        # A new entry in the namespace gets a key, and a stream, of its own.
        trail.appender.append(trail.decide(1))
        held = trail.vault.find("team-1")
        assert held is not None


def test_hold(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(6)
        eraser = Eraser(trail.appender, trail.recorder, trail.vault)
        trail.appender.append(
            trail.recorder.hold("placed", "case-7", "a lawsuit", "law@example.com", index=2)
        )
        with pytest.raises(HeldError, match="case-7"):
            eraser.erase_entry(2, "asked for", "a")
        with pytest.raises(HeldError, match="case-7"):
            eraser.erase_namespace("team-1", "asked for", "a")
        eraser.erase_entry(1, "asked for", "a")
        trail.appender.append(trail.recorder.hold("lifted", "case-7", "over", "law@example.com"))
        eraser.erase_entry(2, "asked for", "a")


def test_nothing_of_what_was_erased_is_in_the_files(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        trail.fill(3)
        receipt = trail.appender.append(trail.decide(99, namespace="secret-project"))
        held = trail.vault.find("secret-project")
        assert held is not None
        body = next(trail.store.bodies(receipt.index, receipt.index + 1))
        row = trail.store.get(held.ref)
        assert row is not None and body.sealed is not None and body.wrapped_key is not None
        planted = [body.sealed[:64], body.wrapped_key, row.wrapped_key, row.sealed_name, row.tag]
        Eraser(trail.appender, trail.recorder, trail.vault).erase_namespace("secret-project", "gone", "a")
        data = b"".join([path.read_bytes() for path in tmp_path.iterdir()])
        assert [one for one in planted if one in data] == []
        assert b"secret-project" not in data


def test_secrets_are_nowhere(tmp_path: Path) -> None:
    from lockgate.audit.commitments import field_key  # noqa: F401 - what opens a field exists
    from lockgate.audit.sealing import unseal, unwrap_key

    from tests.audit.trails import decision, pod, review

    secrets = ["hunter2-hunter2", "extra-of-the-user-7d1f", "AKIAIOSFODNN7EXAMPLE", "copied-secret-value-1"]
    obj = pod("p", "team-0")
    meta = obj["metadata"]
    assert isinstance(meta, dict)
    meta["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": '{"data":{"p":"copied-secret-value-1"}}'
    }
    obj["spec"] = {
        "containers": [
            {"name": "c", "env": [{"name": "DB_PASSWORD", "value": "hunter2-hunter2"}], "args": [secrets[2]]}
        ]
    }
    made = decision("deny", 1)
    from dataclasses import replace

    violation = replace(made.violations[0], message="password hunter2-hunter2 is in the clear")
    made = replace(made, violations=(violation,))
    with open_trail(tmp_path) as trail:
        from lockgate.audit.recorder import Subject

        receipt = trail.appender.append(trail.recorder.decision(review(obj), made, Subject()))
        stored = next(trail.store.bodies(receipt.index, receipt.index + 1))
        held = trail.vault.get(stored.vault_ref)
        assert held is not None and stored.sealed is not None and stored.wrapped_key is not None
        body = unseal(unwrap_key(held.key, stored.wrapped_key), stored.sealed)
        assert b"K8sRequired" in body
        assert [one for one in secrets if one.encode() in body or one.encode() in receipt.entry] == []


@pytest.mark.parametrize(
    "draft",
    [
        Draft("policy", {"event": "added"}),
        Draft("policy", {"event": "added", "policies": "sha256:" + "0" * 64, "more": 1}),
        Draft("nothing", {}),
        Draft("policy", {"event": "added", "policies": "sha256:" + "0" * 64}, ("two words",)),
        Draft("policy", {"event": "added", "policies": "sha256:" + "0" * 64}, ("a", "a")),
        Draft("policy", {"event": "added", "policies": "sha256:" + "0" * 64}, (), None, b"short"),
        Draft("policy", {"event": "added", "policies": "sha256:" + "0" * 64, "v": 2}),
    ],
)
def test_what_no_reader_would_take_is_not_appended(draft: Draft, tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        with pytest.raises(TrailError):
            trail.appender.append(draft)
        trail.fill(1)
        assert trail.store.head().size == 2
