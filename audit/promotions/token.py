"""An approval by ID token (OpenID Connect Core §2, RFC 7519): an issuer says who somebody is, for one statement and nothing else.

The token is bound by its `nonce`, or by an entry of its `aud`, so that one that was got for anything else approves nothing. Its
issuer's keys are given from outside; what is verified now can be verified again later, at the moment that a log gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import ceil, floor, isfinite
from typing import Final

from lockgate.audit.errors import FormatError, UnverifiableError, VerificationError
from lockgate.audit.promotions.signed_token import MAX_TOKEN, parse_token, verify_signature
from lockgate.audit.promotions.web_keys import WebKey
from lockgate.engine.errors import InputError
from lockgate.engine.foreign_documents import Part, parse_foreign_json

BINDING: Final = "lockgate-approval:sha256:"
# Clocks that are kept differ by seconds.
TOLERANCE_S: Final = 60
# Issuers give ID tokens for five minutes to an hour.
MAXIMUM_LIFETIME_S: Final = 3_600
_MOST_AUDIENCES: Final = 16
# OpenID Connect says 255; Kubernetes' names of service accounts may be longer.
_MAX_SUBJECT: Final = 512
_MAX_EMAIL: Final = 320
# The year 9999.
_MAX_DATE: Final = 253_402_300_799
# An ID token says `JWT` or nothing. Others say what they are: `at+jwt` (RFC 9068), `logout+jwt`, `dpop+jwt`.
_KINDS: Final = ("", "jwt", "application/jwt")
# Of tokens by which somebody comes in.
_ACCESS: Final = ("at+jwt", "application/at+jwt")


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """An issuer whose word counts. audiences: the clients whose tokens are taken; keys: as `parse_web_keys` reads them.

    maximum_lifetime_s: how long a token may be good for, in seconds.
    """

    issuer: str
    audiences: tuple[str, ...]
    keys: tuple[WebKey, ...]
    maximum_lifetime_s: int = MAXIMUM_LIFETIME_S


@dataclass(frozen=True, slots=True)
class TokenApproval:
    """Whom a verified token names. email: only if the issuer has verified it, else empty. Unix seconds."""

    issuer: str
    subject: str
    email: str
    issued_at: int
    expires: int


def binding_of(payload: bytes) -> str:
    """What a token has in `nonce` or `aud` to approve the statement with this payload."""
    return f"{BINDING}{sha256(payload).hexdigest()}"


def verify_token(
    data: bytes, issuers: Sequence[TokenIssuer], payload: bytes, at_ms: int, tolerance_s: int = TOLERANCE_S
) -> TokenApproval:
    """Whom a token names who approves the statement with this payload, at a moment in Unix milliseconds.

    Raises FormatError for what is no ID token, UnverifiableError where its issuer or its key is not known, VerificationError where
    it is not by its issuer, of another statement or client, or not good at that moment.
    """
    token = parse_token(data)
    try:
        claims = parse_foreign_json(token.payload, "the token's payload", MAX_TOKEN)
        issuer = _issuer_of(claims, issuers)
        verify_signature(token, issuer.keys)
        if token.kind not in _KINDS:
            raise VerificationError(f"the token is no ID token: its typ is {token.kind[:40]!r}")
        _check_binding(claims, issuer, binding_of(payload))
        issued, expires = _check_times(claims, issuer, at_ms // 1000, tolerance_s)
        return TokenApproval(issuer.issuer, _subject(claims), _verified_email(claims), issued, expires)
    except InputError as error:
        raise FormatError(error.message) from None


def verify_caller(
    data: bytes, issuers: Sequence[TokenIssuer], at_ms: int, tolerance_s: int = TOLERANCE_S
) -> TokenApproval:
    """Whom a token names who comes with it, at a moment in Unix milliseconds. One that approves a statement opens no door.

    Raises as `verify_token` does.
    """
    token = parse_token(data)
    try:
        claims = parse_foreign_json(token.payload, "the token's payload", MAX_TOKEN)
        issuer = _issuer_of(claims, issuers)
        verify_signature(token, issuer.keys)
        if token.kind not in (*_KINDS, *_ACCESS):
            raise VerificationError(f"the token lets nobody in: its typ is {token.kind[:40]!r}")
        nonce = claims.maybe("nonce")
        told = [*_audiences(claims), "" if nonce is None else nonce.text()]
        if any(one.startswith(BINDING) for one in told):
            raise VerificationError("the token approves a statement, and lets nobody in")
        if not told[:-1] or any(one not in issuer.audiences for one in told[:-1]):
            raise VerificationError("the token is for others than the clients whose tokens are taken")
        party = claims.maybe("azp")
        if party is not None and party.text() not in issuer.audiences:
            raise VerificationError("the token was issued to a client whose tokens are not taken")
        issued, expires = _check_times(claims, issuer, at_ms // 1000, tolerance_s)
        return TokenApproval(issuer.issuer, _subject(claims), _verified_email(claims), issued, expires)
    except InputError as error:
        raise FormatError(error.message) from None


def _issuer_of(claims: Part, issuers: Sequence[TokenIssuer]) -> TokenIssuer:
    told = claims.get("iss").text()
    found = [one for one in issuers if one.issuer == told]
    if not found:
        raise UnverifiableError(
            f"the token's issuer {told[:200]!r} is none of those whose approvals count",
            hint="the issuer is compared letter by letter, with its slash at the end if it has one",
        )
    if len(found) > 1:
        raise UnverifiableError(f"the issuer {told[:200]!r} is configured {len(found)} times")
    return found[0]


def _audiences(claims: Part) -> tuple[str, ...]:
    part = claims.get("aud")
    if isinstance(part.value, str):
        return (part.text(),)
    return tuple([one.text() for one in part.items(_MOST_AUDIENCES)])


def _check_binding(claims: Part, issuer: TokenIssuer, binding: str) -> None:
    audiences = _audiences(claims)
    known = [one for one in audiences if one in issuer.audiences]
    foreign = next((one for one in audiences if one not in known and not one.startswith(BINDING)), None)
    # One that opens other doors as well is a password to them, and approvals are kept for years.
    if foreign is not None:
        raise VerificationError(
            f"the token is for {foreign[:200]!r} too, which is no client whose tokens are taken as approvals"
        )
    nonce = claims.maybe("nonce")
    told = [one for one in audiences if one not in known]
    if nonce is not None and nonce.text().startswith(BINDING):
        if not known:
            raise VerificationError(
                "the token is for none of the clients whose tokens are taken as approvals"
            )
        told.append(nonce.text())
    if not told:
        raise VerificationError(
            "the token is bound to no statement", hint=f"ask the issuer for one with the nonce {binding}"
        )
    if any(one != binding for one in told):
        raise VerificationError(
            "the token approves another statement than this one",
            hint=f"it is bound to {next(one for one in told if one != binding)[:120]}, and this one is {binding}",
        )
    party = claims.maybe("azp")
    if party is not None and party.text() not in issuer.audiences:
        raise VerificationError(
            f"the token was issued to {party.text()[:200]!r}, which is no client whose tokens are taken as approvals"
        )


def _date(claims: Part, name: str) -> float:
    part = claims.get(name)
    value = part.number()
    if not isfinite(value) or not 0 <= value <= _MAX_DATE:
        part.refuse("is no time in Unix seconds")
    return value


def _check_times(claims: Part, issuer: TokenIssuer, now_s: int, tolerance_s: int) -> tuple[int, int]:
    """When it was issued and when it expires; parts of a second count against the token."""
    issued, expires = ceil(_date(claims, "iat")), floor(_date(claims, "exp"))
    begins = issued if claims.maybe("nbf") is None else ceil(_date(claims, "nbf"))
    if expires <= issued:
        raise VerificationError("the token expires before it was issued")
    if expires - issued > issuer.maximum_lifetime_s:
        raise VerificationError(
            f"the token is good for {expires - issued} s, and at most {issuer.maximum_lifetime_s} s are taken",
            hint="have the issuer give shorter ones, or raise the issuer's maximum lifetime",
        )
    if now_s >= expires + tolerance_s:
        raise VerificationError(
            f"the token expired {now_s - expires} s before this moment", hint="ask the issuer for a new one"
        )
    if now_s < max(issued, begins) - tolerance_s:
        raise VerificationError(
            f"the token is good only {max(issued, begins) - now_s} s after this moment",
            hint="see whether the clocks of this machine and of the issuer are right",
        )
    return issued, expires


def _subject(claims: Part) -> str:
    part = claims.get("sub")
    text = part.text(_MAX_SUBJECT)
    if not text or not text.isprintable():
        part.refuse("is empty, or has signs that are not shown")
    return text


def _verified_email(claims: Part) -> str:
    email, verified = claims.maybe("email"), claims.maybe("email_verified")
    # Some issuers write the text "true"; it counts for nothing, as the address does not count without it.
    if email is None or verified is None or verified.value is not True:
        return ""
    text = email.text(_MAX_EMAIL)
    if not text.isprintable() or " " in text or "@" not in text[1:-1]:
        email.refuse("is no address")
    return text
