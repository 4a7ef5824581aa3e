"""A database that is taken away from under its writer: nothing is acknowledged that nobody will find again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from lockgate.audit.errors import TrailError

from tests.audit.trails import ORIGIN, make_trail, reopen_trail

GONE = "the database's file was moved, replaced or deleted while it was open"


def move(database: Path) -> None:
    for path in database.parent.glob(f"{database.name}*"):
        path.rename(path.parent / "away" / path.name)


def delete(database: Path) -> None:
    database.unlink()


def delete_log(database: Path) -> None:
    database.with_name(f"{database.name}-wal").unlink()


def replace(database: Path) -> None:
    copy = database.with_name("copy")
    shutil.copy(database, copy)
    os.replace(copy, database)


@pytest.mark.parametrize("take", [move, delete, delete_log, replace], ids=lambda one: str(one.__name__))
def test_nothing_is_acknowledged_once_the_file_is_another(
    tmp_path: Path, take: Callable[[Path], None]
) -> None:
    (tmp_path / "away").mkdir()
    database = tmp_path / "trail.db"
    trail = make_trail(f"sqlite:///{database}")
    try:
        trail.appender.append(trail.decide(1))
        take(database)
        for number in (2, 3):
            with pytest.raises(TrailError, match=GONE):
                trail.appender.append(trail.decide(number))
    finally:
        trail.close()


def test_it_goes_on_when_the_file_is_back(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    database = tmp_path / "trail.db"
    trail = make_trail(f"sqlite:///{database}")
    try:
        receipts = [trail.appender.append(trail.decide(number)) for number in (1, 2)]
        move(database)
        with pytest.raises(TrailError, match=GONE):
            trail.appender.append(trail.decide(3))
        for path in (tmp_path / "away").iterdir():
            path.rename(tmp_path / path.name)
        receipts.append(trail.appender.append(trail.decide(4)))
    finally:
        trail.close()
    again = reopen_trail(f"sqlite:///{database}", ORIGIN)
    try:
        found = [*again.store.entries(0, again.store.head().size)]
        assert [found[one.index] for one in receipts] == [one.entry for one in receipts]
        assert len(found) == receipts[-1].index + 1
    finally:
        again.close()
