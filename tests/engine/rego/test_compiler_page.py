"""The page `docs/compiler.md` shows what the compiler does now."""

from tests.engine.rego.compiler_page import BLOCKS, PAGE, block_names, made


def test_shows_what_the_compiler_does() -> None:
    page = PAGE.read_text("utf-8")
    assert page == made(page), "write it anew: python -m tests.engine.rego.compiler_page"


def test_shows_each_block_once() -> None:
    assert block_names(PAGE.read_text("utf-8")) == list(BLOCKS)
