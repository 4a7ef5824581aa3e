"""When the certificates end that a server stands on, by what each is for."""

from collections.abc import Mapping

from lockgate.webhook.certificates.authority import SECOND_NS, not_after_ns
from lockgate.webhook.certificates.state import split_bundle


def certificate_ends(chain: bytes, client_ca: bytes = b"") -> Mapping[str, float]:
    """Unix seconds. Raises UsageError for what is no certificate.

    `serving`: the chain that is shown, which holds until the first of it ends. `client-ca`: whom callers' certificates
    are from; of several the last, since during a rotation the old one may end.
    """
    ends = {"serving": min(_ends(chain))}
    if client_ca:
        ends["client-ca"] = max(_ends(client_ca))
    return ends


def _ends(bundle: bytes) -> list[float]:
    # Text between certificates may be in any encoding.
    parts = [one.encode("latin-1") for one in split_bundle(bundle.decode("latin-1"))]
    return [not_after_ns(one) / SECOND_NS for one in parts or (bundle,)]
