"""Processes that reserve in a ledger: `python -m tests.faults.quota_worker PLACE URL THREADS`.

Listens on a Unix socket at PLACE, and forks a process for each connection, which says its id first: one that starts anew would
import for longer than a round of the race takes. A process reads a request a line (JSON), and writes a line for each as it is
answered. Who was killed stays a zombie, so that no id names another. It ends with its standard input.
"""

import json
import os
import select
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lockgate.engine.quota.amounts import Limit
from lockgate.engine.quota.errors import BusyError
from lockgate.engine.quota.outcome import Reserved
from lockgate.engine.quota.store.ledger import Ledger
from lockgate.engine.quota.store.schema import open_ledger

from tests.engine.quota.ledgers import CLUSTER, GPUS, START, asked


def main(place: str, url: str, threads: int) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(place)
        door.listen()
        print("open", flush=True)
        while sys.stdin not in select.select([door, sys.stdin], [], [])[0]:
            connection, _ = door.accept()
            if os.fork() == 0:
                door.close()
                try:
                    serve(connection, url, threads)
                finally:
                    os._exit(0)
            connection.close()


def serve(connection: socket.socket, url: str, threads: int) -> None:
    speaking = threading.Lock()

    def say(*what: object) -> None:
        with speaking:
            connection.sendall(json.dumps(what).encode() + b"\n")

    ledger = Ledger(open_ledger(url), CLUSTER)

    def answer(one: dict[str, Any]) -> None:
        request = asked(
            one["uid"],
            one["devices"],
            request=one["request"],
            operation="UPDATE" if one["base"] else "CREATE",
            base_version=one["base"],
            limits=(Limit(GPUS, one["hard"]),),
        )
        try:
            outcome = ledger.reserve(request, START)
            said = "reserved" if isinstance(outcome, Reserved) else "refused"
        except BusyError:
            said = "busy"
        except Exception as error:  # noqa: BLE001 - the race tells of it
            said = f"failed: {error!r}"
        say(one["request"], said)

    with ThreadPoolExecutor(threads) as pool, connection.makefile("r") as lines:
        say(os.getpid(), "ready")
        for line in lines:
            pool.submit(answer, json.loads(line))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
