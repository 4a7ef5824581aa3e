"""Debian's Chromium, driven over its own protocol through pipes: pages are opened, looked at, typed into, and photographed."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Self

_TIMEOUT_S: Final = 60.0
_END: Final = b"\0"

Scheme = Literal["light", "dark"]
# A desktop and a phone.
VIEWS: Final[tuple[tuple[int, int, Scheme], ...]] = (
    (1280, 900, "light"),
    (1280, 900, "dark"),
    (390, 844, "light"),
    (390, 844, "dark"),
)


def find_chromium() -> str | None:
    """The program, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Said:
    """What a page said while it was open: of its console, and of what could not be loaded."""

    problems: list[str] = field(default_factory=list)


class Browser:
    """One browser with one page. Close it."""

    def __init__(self, program: str, profile: Path) -> None:
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def arrange() -> None:
            # Out of the way first: either may be 3 or 4 itself.
            reading, writing = [fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (to_browser, from_browser)]
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        # As root, as in containers, Chromium starts without its sandbox only; the pages are our own.
        self._process = subprocess.Popen(
            [
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                f"--user-data-dir={profile}",
                "--remote-debugging-pipe",
                "about:blank",
            ],
            preexec_fn=arrange,  # noqa: PLW1509 - no thread runs yet
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._number = 0
        self._rest = b""
        self._session = ""
        self.said = Said()
        self._loaded = False
        targets = self._send("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        self._session = self._send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._send(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends it."""
        self._process.terminate()
        self._process.wait(30)
        os.close(self._out)
        os.close(self._in)

    def show_as(self, width: int, height: int, scheme: Scheme) -> None:
        """The size of the window, and what its owner prefers."""
        self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._send("Emulation.setEmulatedMedia", media="", features=[feature])

    def print_media(self) -> None:
        """As a printer would have the page, until `show_as`."""
        self._send("Emulation.setEmulatedMedia", media="print")

    def set_cookie(self, url: str, name: str, value: str) -> None:
        """Gives the browser a cookie of a site."""
        self._send("Network.setCookie", url=url, name=name, value=value)

    def open(self, url: str) -> None:
        """Goes to a page, and waits until it is there."""
        self.said = Said()
        self._loaded = False
        self._send("Page.navigate", url=url)
        self._wait(self._is_loaded)

    def _is_loaded(self) -> bool:
        self._read()
        return self._loaded

    def run(self, script: str) -> Any:
        """The value of an expression in the page, waited for where it is a promise."""
        given = {"expression": script, "returnByValue": True, "awaitPromise": True}
        found = self._send("Runtime.evaluate", **given)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def press(self, key: str, shift: bool = False) -> None:
        """A key, as from a keyboard."""
        codes = {"Tab": 9, "Enter": 13}
        given: dict[str, Any] = {
            "key": key,
            "code": key,
            "windowsVirtualKeyCode": codes[key],
            "modifiers": 8 if shift else 0,
        }
        if key == "Enter":
            given["text"] = "\r"
        self._send("Input.dispatchKeyEvent", type="keyDown", **given)
        self._send("Input.dispatchKeyEvent", type="keyUp", **{**given, "text": ""})

    def press_and_wait(self, key: str) -> None:
        """A key that leads to another page."""
        self._loaded = False
        self.press(key)
        self._wait(self._is_loaded)

    def type(self, text: str) -> None:
        """Text, as from a keyboard."""
        self._send("Input.insertText", text=text)

    def photograph(self, path: Path) -> None:
        """The whole page, as a PNG."""
        size = self._send("Page.getLayoutMetrics")["cssContentSize"]
        height = min(size["height"], 4_000)
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1}
        made = self._send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(made["data"]))

    def _send(self, method: str, **given: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        asked: dict[str, Any] = {"id": number, "method": method, "params": given}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._out, json.dumps(asked).encode() + _END)
        answers: list[dict[str, Any]] = []

        def is_answered() -> bool:
            answers.extend([one for one in self._read() if one.get("id") == number])
            return bool(answers)

        self._wait(is_answered)
        if "error" in answers[0]:
            raise AssertionError(f"{method}: {answers[0]['error']}")
        result = answers[0]["result"]
        assert isinstance(result, dict)
        return result

    def _wait(self, is_done: Callable[[], bool]) -> None:
        until = time.monotonic() + _TIMEOUT_S
        while not is_done():
            if time.monotonic() > until:
                raise AssertionError("the browser did not answer in time")
            if select.select([self._in], [], [], 0.5)[0]:
                self._take(os.read(self._in, 1 << 20))

    def _take(self, data: bytes) -> None:
        if not data:
            raise AssertionError("the browser ended")
        self._rest += data

    def _read(self) -> list[dict[str, Any]]:
        *whole, self._rest = self._rest.split(_END)
        told = [json.loads(one) for one in whole]
        for one in told:
            self._hear(one.get("method", ""), one.get("params", {}))
        return told

    def _hear(self, method: str, told: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.said.problems.append(f"{told['entry'].get('url', '')} {told['entry']['text']}")
        elif method in ("Runtime.exceptionThrown", "Network.loadingFailed"):
            self.said.problems.append(f"{method} {json.dumps(told)[:300]}")
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.said.problems.append(json.dumps(told["args"])[:300])
