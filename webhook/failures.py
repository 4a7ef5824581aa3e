"""How errors are told to a CLI user: the place, the line quoted, what is wrong and what to do; no traceback."""

import os
import sys
from collections.abc import Callable
from typing import Final

import click

EXIT_FAILED: Final = 2
EXIT_INTERRUPTED: Final = 130
DEBUG_VARIABLE: Final = "LOCKGATE_DEBUG"
# Its value with which `check` shows the Python that policies are compiled to, and leaves the cache alone.
SHOW_CODE: Final = "code"

# A policy with more mistakes than this is better mended from the top.
_MAX_PROBLEMS: Final = 10


def _quoted(line: int, column: int, text: str) -> list[str]:
    from lockgate.engine.masking.masker import Masker
    from lockgate.webhook.render_text import render_quote
    from lockgate.webhook.report import Quote
    from lockgate.webhook.terminal import Palette

    start = min(max(0, column - 1), len(text))
    shown = Masker().line(text.rstrip("\r\n"), line, start, start)
    return [] if shown is None else render_quote(Quote(line, *shown), Palette(coloured=False), "  ")


def render_error(error: Exception) -> str:
    """A LockgateError for the terminal, with the other problems of the same policy; masked, one final newline."""
    from lockgate.engine.errors import Location, LockgateError
    from lockgate.engine.masking.masker import Masker
    from lockgate.webhook.terminal import printable

    assert isinstance(error, LockgateError)
    masker = Masker()
    # Errors of compilers carry all problems that were found; each has a message, a location, a line and a hint.
    parts = list(getattr(error, "errors", ())) or [error]
    lines: list[str] = []
    for part in parts[:_MAX_PROBLEMS]:
        location: Location | None = part.location
        code = getattr(part, "code", "")
        told = f"{code}: {part.message}" if code and not part.message.startswith(code) else part.message
        message = [printable(line) for line in masker.text(told).splitlines()] or [""]
        place = f"{printable(str(location))}: " if location else ""
        lines.append(f"error: {place}{message[0]}")
        lines += ["  " + line for line in message[1:]]
        lines += [
            f"    {printable(masker.text(' '.join(line.split())))}" for line in getattr(part, "details", ())
        ]
        if location and part.quoted:
            lines += _quoted(location.line, location.column, part.quoted)
        if part.hint:
            lines.append(f"  hint: {printable(masker.text(part.hint))}")
    if len(parts) > _MAX_PROBLEMS:
        lines.append(f"… and {len(parts) - _MAX_PROBLEMS} more")
    return "\n".join(lines) + "\n"


def _internal(error: BaseException) -> str:
    if os.environ.get(DEBUG_VARIABLE) == "1":
        import traceback

        return "".join(traceback.format_exception(error))
    # Only the kind of the error: its text may quote values of the input.
    return (
        f"lockgate: internal error ({type(error).__name__}), please report it; "
        f"{DEBUG_VARIABLE}=1 shows where (it may show input too)\n"
    )


def _say(text: str) -> None:
    try:
        sys.stderr.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))
        sys.stderr.flush()
    except (BrokenPipeError, UnicodeEncodeError):
        return  # Nobody is there to read it; the exit code says it.


def _drop_output() -> None:
    """Points standard output at nothing, so that the interpreter's own flush at the end stays quiet."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, 1)
    os.close(descriptor)


def guard(run: Callable[[], int]) -> int:
    """Runs a command and returns its exit code; every error becomes a message and code 2, an interrupt 130."""
    try:
        code = run()
        sys.stdout.flush()
        return code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_FAILED
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted\n")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return EXIT_FAILED
    except Exception as error:  # noqa: BLE001 - the last line of defence: nobody sees a traceback
        from lockgate.engine.errors import LockgateError

        _say(render_error(error) if isinstance(error, LockgateError) else _internal(error))
        return EXIT_FAILED
