"""Checks of the certificates: does the API server trust what the server shows, and for how long?"""

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from lockgate.engine.errors import UsageError
from lockgate.webhook.certificates.authority import (
    DAY_NS,
    alternative_names,
    days_left,
    is_issued_by,
    not_after_ns,
)
from lockgate.webhook.certificates.rotation import SERVING_RENEWAL_NS
from lockgate.webhook.certificates.state import identities, parse_state, split_bundle
from lockgate.webhook.doctor.case import Case, unseen
from lockgate.webhook.doctor.facts import Json
from lockgate.webhook.doctor.finding import Finding

# A renewal is due with SERVING_RENEWAL_NS left; some days later something is wrong with it.
LATE_DAYS: Final = SERVING_RENEWAL_NS / DAY_NS - 3
URGENT_DAYS: Final = 7.0


def check_certificates(case: Case) -> Iterator[Finding]:
    """Compares the `caBundle` of each webhook with the certificate that is kept."""
    namespace = case.settings.namespace
    where = f"Secret {namespace}/lockgate-certificates"
    seen = case.facts.certificates
    yield from unseen(seen, "certificates", where)
    if seen.absent:
        yield Finding("error", "certificates", where, "it is not there", case.again)
    if seen.value is None:
        return
    try:
        certificate, authorities = _kept(case, seen.value, where)
        left = days_left(certificate.encode(), case.now_ns) if certificate else 0.0
        names = alternative_names(certificate.encode()) if certificate else ()
    except UsageError as error:
        yield Finding("error", "certificates", where, error.message, error.hint)
        return
    if not certificate:
        fix = f"the server fills it: kubectl -n {namespace} logs deployment/lockgate"
        yield Finding("error", "certificates", where, "there is no certificate in it yet", fix)
        return
    yield from _check_days(case, where, left)
    called = f"lockgate.{namespace}.svc"
    if called not in names:
        message = f"the certificate is for {', '.join(names)}, and the API server calls {called}"
        yield Finding(
            "error",
            "certificates",
            where,
            message,
            f"kubectl -n {namespace} delete secret lockgate-certificates; {case.again}",
        )
    yield from _check_bundles(case, certificate, authorities)


def _check_days(case: Case, where: str, left: float) -> Iterator[Finding]:
    look = (
        f"kubectl -n {case.settings.namespace} describe certificate lockgate"
        if case.settings.certificates == "cert-manager"
        else f"kubectl -n {case.settings.namespace} logs deployment/lockgate"
    )
    if left <= 0:
        yield Finding("error", "certificates", where, f"the certificate expired {-left:.0f} days ago", look)
    elif left < URGENT_DAYS:
        yield Finding("error", "certificates", where, f"the certificate expires in {left:.1f} days", look)
    elif left < LATE_DAYS and case.settings.certificates == "own":
        message = f"the certificate expires in {left:.0f} days, and was to be renewed before"
        yield Finding("warning", "certificates", where, message, look)


def _check_bundles(case: Case, certificate: str, authorities: str) -> Iterator[Finding]:
    configuration = case.facts.configuration.value
    if configuration is None:
        return
    for webhook in configuration.get("webhooks") or ():
        where = f"ValidatingWebhookConfiguration lockgate, webhook {webhook.get('name')}"
        bundle = _decoded((webhook.get("clientConfig") or {}).get("caBundle"))
        look = f"kubectl -n {case.settings.namespace} logs deployment/lockgate"
        if not bundle:
            yield Finding("error", "ca-bundle", where, "it has no caBundle: no call will be made", look)
            continue
        living = [one for one in split_bundle(bundle) if _is_alive(one, case.now_ns)]
        if not any(is_issued_by(certificate, one) for one in living):
            message = "its caBundle does not verify the certificate that the server shows: every call fails"
            fix = f"{look}; the server writes the right one"
            yield Finding("error", "ca-bundle", where, message, fix)
        elif authorities and identities(bundle) - identities(authorities):
            message = "its caBundle trusts authorities that are not Lockgate's"
            yield Finding("warning", "ca-bundle", where, message, f"{look}; the server removes them")


def _kept(case: Case, secret: Json, where: str) -> tuple[str, str]:
    """The certificate that is shown and the authorities that are kept; empty where there are none, or others keep them."""
    data = secret.get("data") or {}
    if case.settings.certificates == "cert-manager":
        return _decoded(data.get("tls.crt")), ""
    text = _decoded(data.get("state.json"))
    if not text:
        return "", ""
    state = parse_state(text.encode(), where)
    return (state.serving.pair.certificate if state.serving else ""), state.bundle


def _is_alive(certificate: str, now_ns: int) -> bool:
    try:
        return not_after_ns(certificate.encode()) > now_ns
    except UsageError:
        return False


def _decoded(encoded: object) -> str:
    if not isinstance(encoded, str):
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode("ascii", "replace")
    except (binascii.Error, ValueError):
        return ""
