"""A worker process that appends through another's appender: `python -m tests.faults.socket_worker SOCKET DB NAME COUNT`."""

import sys
from pathlib import Path

from lockgate.audit.recorder import Recorder, Subject
from lockgate.audit.store.appender_socket import SocketAppender
from lockgate.audit.store.store import open_store
from lockgate.audit.vault import Vault

from tests.audit.trails import MASTER, ORIGIN, decision, pod, review

if __name__ == "__main__":
    place, database, name, count = sys.argv[1:]
    store = open_store(database, ORIGIN)
    recorder = Recorder(Vault(MASTER, store), "lockgate/test")
    appender = SocketAppender(Path(place))
    for number in range(int(count)):
        draft = recorder.decision(
            review(pod(f"{name}-{number}", f"team-{number % 3}")), decision(), Subject(), f"{name}/{number}"
        )
        receipt = appender.append(draft)
        print(receipt.index, receipt.leaf_hash.hex(), flush=True)
    appender.close()
    store.close()
