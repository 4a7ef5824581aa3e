"""Certificates from files, read again when they change."""

import os
from typing import Final, final

from lockgate.engine.errors import UsageError, os_reason
from lockgate.webhook.app.serving_options import TlsOptions
from lockgate.webhook.app.tls import MAX_PEM, TlsFiles, make_tls
from lockgate.webhook.serving.feed import Frame, render_frame


@final
class TlsSource:
    """The files as they are now."""

    def __init__(self, options: TlsOptions) -> None:
        self._options: Final = options
        self._known: TlsFiles | None = None

    def changed(self) -> TlsFiles | None:
        """The certificates where they are others than the last time; the first time always.

        Raises UsageError for what cannot be used: what was shown before stays.
        """
        options = self._options
        found = TlsFiles(
            _read(options.certificate),
            _read(options.key),
            _read(options.client_ca) if options.client_ca else b"",
            _read(options.asker_ca) if options.asker_ca else b"",
        )
        if found == self._known:
            return None
        # Half of a change, where one file is written before the other, is refused here and read again.
        make_tls(found)
        self._known = found
        return found


def certificate_frame(files: TlsFiles) -> bytes:
    """The frame that tells workers what to show."""
    parts = (files.certificate, files.key, files.client_ca, files.asker_ca)
    return render_frame("certificate", {"lengths": [len(one) for one in parts]}, b"".join(parts))


def parse_certificate(frame: Frame) -> TlsFiles:
    """The certificates of such a frame."""
    parts: list[bytes] = []
    at = 0
    for length in frame.header["lengths"]:
        parts.append(frame.raw[at : at + length])
        at += length
    return TlsFiles(*parts)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_PEM:
                raise UsageError(f"{path} is larger than a certificate or key")
            return file.read(MAX_PEM + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {os_reason(error)}") from None
