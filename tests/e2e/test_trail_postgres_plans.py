"""What a batch reads of PostgreSQL's tables does not grow with the log, whatever the planner took the tables for at first."""

import pytest
from sqlalchemy import create_engine, text

from tests.audit.trails import ORIGIN, make_trail
from tests.e2e.postgres import running_postgres

pytestmark = pytest.mark.e2e

BATCHES = 30
TOGETHER = 24


@pytest.mark.parametrize("remembered", [50_000, 3], ids=["streams in memory", "streams read"])
def test_what_a_batch_reads(remembered: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lockgate.audit.store.append.MAX_STREAMS", remembered)
    monkeypatch.setattr("lockgate.audit.store.log_state.MAX_STREAMS", remembered)
    with running_postgres() as server:
        trail = make_trail(server.url, ORIGIN)
        for batch in range(BATCHES):
            drafts = [
                trail.decide(number, request=f"{batch}/{number}", namespace=f"team-{batch}")
                for number in range(TOGETHER)
            ]
            for future in [trail.appender.submit(draft) for draft in drafts]:
                future.result(30)
        # What its connections did is counted once they have ended.
        trail.close()
        engine = create_engine(server.url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            found = connection.execute(
                text("SELECT relname, seq_tup_read, coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables")
            )
            reads = {name: (whole, single) for name, whole, single in found}
        engine.dispose()
    entries = BATCHES * TOGETHER
    assert reads["idempotency"] == (0, 0)
    assert reads["stream_head"][0] <= 100
    # Some ten streams an entry, each read and moved on; batches may be as small as one draft.
    assert reads["stream_head"][1] < 30 * entries
    assert reads["leaf"][0] <= 100
