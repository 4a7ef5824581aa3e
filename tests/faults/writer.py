"""The writer that is killed: `python -m tests.faults.writer URL FOLDER SEED [CALLERS]` appends until somebody ends it.

Each receipt is a line of JSON, written to `FOLDER/receipts.acknowledged` before the caller goes on, as a client would
have had its answer.
"""

import base64
import json
import os
import sys
import threading

from tests.audit.trails import ORIGIN, Clock, reopen_trail


def main(url: str, folder: str, seed: str, callers: int) -> None:
    clock = Clock()
    trail = reopen_trail(url, ORIGIN, clock=clock)
    head = trail.store.head()
    clock.now_ms = max(clock.now_ms, head.time_ms)
    receipts = os.open(os.path.join(folder, "receipts.acknowledged"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def call(number: int) -> None:
        count = 0
        while True:
            count += 1
            request = f"{seed}/{number}/{count}"
            receipt = trail.appender.append(trail.decide(count, request=request))
            line = {
                "request": request,
                "index": receipt.index,
                "leaf": receipt.leaf_hash.hex(),
                "checkpoint": base64.b64encode(receipt.checkpoint).decode(),
            }
            os.write(receipts, (json.dumps(line) + "\n").encode())

    print("writing", flush=True)
    for number in range(callers):
        threading.Thread(target=call, args=(number,), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 8)
