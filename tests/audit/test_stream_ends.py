"""Where streams end is told by what was logged and signed, and not by the store's tables."""

from collections.abc import Iterator

import pytest
from lockgate.audit.errors import VerificationError
from lockgate.audit.standing import Standing
from lockgate.audit.stream_ends import stream_ends
from sqlalchemy import text

from tests.audit.test_verify import trust_of
from tests.audit.trails import Trail, make_trail


@pytest.fixture(params=[40, 2300])
def trail(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    """One without stream heads, and one with entries behind its second ones."""
    made = make_trail(f"sqlite:///{tmp_path_factory.mktemp('trail')}/trail.db")
    made.fill(request.param)
    made.appender.close()
    yield made
    made.store.close()


def standing(trail: Trail) -> Standing:
    return Standing(trail.store, trust_of(trail.signer.verifier_key), (), trail.clock.now_ms)


def test_the_ends_are_those_of_the_entries(trail: Trail) -> None:
    ends = stream_ends(trail.store, standing(trail))
    assert {(one.name, one.n, one.leaf) for one in ends.values()} == {
        (one.name, one.n, one.leaf) for one in trail.store.stream_heads()
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stream_head SET n = n - 1 WHERE name = 'model/model-1/prod'",
        "DELETE FROM stream_head WHERE name = 'log'",
        "UPDATE stream_head SET name = 'model/other/prod' WHERE name = 'log'",
    ],
)
def test_a_table_that_was_changed(trail: Trail, statement: str) -> None:
    with trail.store.engine.begin() as connection:
        connection.execute(text(statement))
    if trail.store.head().size < 1000 or "model-1" in statement:
        # What moved since is told by the entries, whatever the table says.
        try:
            ends = stream_ends(trail.store, standing(trail))
        except VerificationError as error:
            assert "index of streams" in error.message
        else:
            assert ends["model/model-1/prod"].n == max(
                one.n for one in ends.values() if one.name == "model/model-1/prod"
            )
            assert "log" in ends
        return
    with pytest.raises(VerificationError, match="index of streams"):
        stream_ends(trail.store, standing(trail))
