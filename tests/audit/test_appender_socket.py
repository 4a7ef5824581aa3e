"""Several processes share one appender over a socket."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from lockgate.audit.draft import Draft
from lockgate.audit.errors import TrailError
from lockgate.audit.merkle import leaf_hash
from lockgate.audit.store.appender_server import AppenderServer
from lockgate.audit.store.appender_socket import SocketAppender

from tests.audit.trails import open_trail
from tests.faults.checking import check_after
from tests.shared_folder import ROOT


def test_processes(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        server = AppenderServer(trail.appender, tmp_path / "socket")
        assert stat.S_IMODE(os.stat(tmp_path / "socket").st_mode) == 0o600
        command = [sys.executable, "-m", "tests.faults.socket_worker", str(tmp_path / "socket")]
        workers = [
            subprocess.Popen(
                [*command, str(tmp_path / "trail.db"), name, "40"],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name in ("a", "b", "c")
        ]
        told = [worker.communicate(timeout=60)[0].split() for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0, 0]
        server.close()
        assert not (tmp_path / "socket").exists()
        leaves = {index: leaf_hash(entry) for index, entry in enumerate(trail.store.entries(0, 1000))}
        for words in told:
            for index, leaf in zip(words[::2], words[1::2], strict=True):
                assert leaves[int(index)].hex() == leaf
        assert len({index for words in told for index in words[::2]}) == 120
        trail.appender.close()
        assert check_after(trail, []) == 121


def test_request_key_survives_a_lost_appender(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        client = SocketAppender(tmp_path / "socket")
        server = AppenderServer(trail.appender, tmp_path / "socket")
        first = client.append(trail.decide(1, request="r"))
        server.close()
        server = AppenderServer(trail.appender, tmp_path / "socket")
        again = client.append(trail.decide(1, request="r"))
        assert (again.index, again.repeated) == (first.index, True)
        client.close()
        server.close()
        with pytest.raises(TrailError, match="does not answer"):
            client.append(trail.decide(2, request="s"), timeout=1)
        with pytest.raises(TrailError, match="may or may not"):
            client.append(trail.decide(2), timeout=1)


def test_errors_come_back(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        server = AppenderServer(trail.appender, tmp_path / "socket")
        client = SocketAppender(tmp_path / "socket")
        with pytest.raises(TrailError, match="policies"):
            client.append(Draft("policy", {"event": "added", "policies": "x"}))
        assert client.append(trail.decide(1)).index == 1
        client.close()
        server.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\x08\0\0\0\x04none",
        b"\0\0\0\x06\0\0\0\x02[]",
        b"\0\0\0\x06\0\0\0\x63{}",
        b"\0",
    ],
)
def test_what_is_no_frame_ends_the_connection(data: bytes, tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        server = AppenderServer(trail.appender, tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(tmp_path / "socket"))
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100) == b""
        client = SocketAppender(tmp_path / "socket")
        assert client.append(trail.decide(1)).index == 1
        client.close()
        server.close()


def test_socket_of_another(tmp_path: Path) -> None:
    with open_trail(tmp_path) as trail:
        server = AppenderServer(trail.appender, tmp_path / "socket")
        with pytest.raises(TrailError, match="another process listens"):
            AppenderServer(trail.appender, tmp_path / "socket")
        server.close()
        # What a killed process left is replaced.
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(tmp_path / "socket"))
        stale.close()
        AppenderServer(trail.appender, tmp_path / "socket").close()
