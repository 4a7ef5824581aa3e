"""A certificate's chain and its key that are in memory, for an `ssl.SSLContext`, which takes only the names of files."""

import os
import ssl


def load_chain(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Makes the context show the chain (PEM). Raises ssl.SSLError, OSError or ValueError for what cannot be used."""
    descriptors: list[int] = []
    try:
        for text in (certificate, key):
            made = os.memfd_create("tls", os.MFD_CLOEXEC)
            descriptors.append(made)
            with open(made, "wb", closefd=False) as file:
                file.write(text)
        chain, secret = (f"/proc/self/fd/{one}" for one in descriptors)
        # Without a password: else a key that has one would be asked for on the terminal.
        context.load_cert_chain(chain, secret, password="")
    finally:
        for one in descriptors:
            os.close(one)
