"""Keys of namespaces asked for over a socket."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from lockgate.audit.errors import TrailError
from lockgate.audit.vault import Vault, VaultRow
from lockgate.audit.vault_socket import VaultClient, serve_vault

from tests.audit.trails import MASTER


class Rows:
    """Rows in memory."""

    def __init__(self) -> None:
        self.rows: list[VaultRow] = []

    def find(self, tag: bytes) -> VaultRow | None:
        return next((row for row in self.rows if row.tag == tag), None)

    def get(self, ref: bytes) -> VaultRow | None:
        return next((row for row in self.rows if row.ref == ref), None)

    def add(self, row: VaultRow) -> VaultRow:
        if row.ref == b"":
            raise RuntimeError("the disk is full")
        found = self.find(row.tag)
        if found is None:
            self.rows.append(row)
        return found or row


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def client(rows: Rows) -> Iterator[VaultClient]:
    ours, theirs = socket.socketpair()
    thread = serve_vault(rows, theirs)
    with ours:
        yield VaultClient(ours, 60.0)
    thread.join()


def test_a_vault_over_a_socket_has_the_keys_of_the_one_behind_it(rows: Rows, client: VaultClient) -> None:
    far, near = Vault(MASTER, client), Vault(MASTER, rows)
    made = far.key_of("team-a")
    assert near.key_of("team-a").key == made.key
    assert (found := far.get(made.ref)) is not None
    assert found.key == made.key
    assert far.find("team-b") is None
    assert far.is_at_hand("team-a")
    assert not far.is_at_hand("team-b")


def test_several_threads_ask_over_one_socket(client: VaultClient) -> None:
    vault = Vault(MASTER, client)
    with ThreadPoolExecutor(8) as pool:
        keys = [*pool.map(lambda number: vault.key_of(f"team-{number % 5}").ref, range(100))]
    assert len(set(keys)) == 5


def test_what_goes_wrong_there_is_told_here(client: VaultClient) -> None:
    with pytest.raises(TrailError, match="the disk is full"):
        client.add(VaultRow(b"", b"t", b"k", b"n"))
    assert client.find(b"t") is None


def test_without_the_other_side_it_is_an_error_and_stays_one() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        client = VaultClient(ours, 60.0)
        for _ in range(2):
            with pytest.raises(TrailError, match="cannot be asked"):
                client.find(b"t")


@pytest.mark.parametrize("answer", [b"\0\0\0\0", b"\0\0\0\x09", b"\0\0\0\1\xff\xff\xff\xff"])
def test_an_answer_that_is_none_is_an_error(answer: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(answer)
        with pytest.raises(TrailError, match="cannot be asked"):
            VaultClient(ours, 60.0).find(b"t")
