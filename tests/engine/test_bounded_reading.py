"""Files are read up to a limit, whatever they say of their size."""

import os
import threading
from pathlib import Path

import pytest
from lockgate.engine.bounded_reading import read_up_to


@pytest.mark.parametrize(
    ("size", "limit", "wanted"), [(0, 10, 0), (9, 10, 9), (10, 10, 10), (11, 10, 11), (99, 10, 11)]
)
def test_no_more_is_read_than_shows_that_it_is_too_long(
    tmp_path: Path, size: int, limit: int, wanted: int
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * size)
    with file.open("rb") as stream:
        assert read_up_to(stream, limit) == b"x" * wanted


@pytest.mark.parametrize(
    ("size", "wanted"), [(0, 0), (70_000, 70_000), (100_001, 100_001), (200_000, 100_001)]
)
def test_what_tells_no_size_is_read_too(size: int, wanted: int) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        try:
            with open(writing, "wb") as stream:
                stream.write(b"x" * size)
        except BrokenPipeError:
            pass  # Not all is read.

    writer = threading.Thread(target=write)
    writer.start()
    with open(reading, "rb") as stream:
        assert len(read_up_to(stream, 100_000)) == wanted
    writer.join()
