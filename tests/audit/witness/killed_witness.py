"""A witness in a process of its own, for being killed: `python -m … FOLDER ORIGIN SEED`; prints its port."""

import asyncio
import sys
import time
from pathlib import Path

from lockgate.audit.witness.server import WitnessServer

from tests.audit.growing_log import GrowingLog, witness_signer
from tests.audit.witness.running import Witnesses


def main(folder: str, origin: str) -> None:
    log = GrowingLog(origin)
    signer = witness_signer("witness.example/w1")
    witness = Witnesses()(Path(folder), {origin: log.keys}, signer, lambda: int(time.time()))

    def started(port: int) -> None:
        print(port, flush=True)

    asyncio.run(WitnessServer(witness).serve("127.0.0.1", 0, asyncio.Event(), started))


if __name__ == "__main__":
    main(*sys.argv[1:])
