"""One entry: what it says in clear, its place in its streams, its proof, and its body for whom may see it."""

from typing import Any

from lockgate.audit.note import encode_base64
from lockgate.audit.pages.facts import as_of_value, body_of, entry_fields, summary
from lockgate.audit.pages.namespaces import is_within, not_within
from lockgate.audit.pages.site import NoPageError, Site, View
from lockgate.audit.tlog_proof import TlogProof, render_tlog_proof


def entry(site: Site, index: int) -> View:
    """An entry. Raises NoPageError, or VerificationError where it is not the one that was signed."""
    engine = site.engine
    _check(site, index)
    proven = engine.standing.prove(index)
    row = engine.row(index)
    if site.scope is not None and not is_within(site.scope, row):
        raise not_within(index, site.scope)
    body = body_of(site, index, proven.entry)
    made = None if site.scope is not None else site.promoted.history.made_by(index)
    data: dict[str, Any] = {
        "asOf": as_of_value(engine.as_of(engine.size)),
        "entry": index,
        "kind": row.entry.kind,
        "summary": summary(row.entry.kind, row.entry.value),
        "time": str(row.entry.value["time"]),
        "clockAnomaly": row.entry.clock_anomaly,
        "leafHash": encode_base64(row.leaf),
        "fields": entry_fields(row.entry),
        "streams": [{"name": link.name, "n": link.n} for link in row.entry.links],
        "commitments": dict(row.entry.commitments),
        "bodySize": row.entry.body_size,
        "sealed": bool(row.entry.body_digest) and body is None,
        "mayOpen": site.opener is not None,
        "body": body,
        "isPromotion": made is not None,
        "proof": {
            "state": "self-attested",
            "hashes": [encode_base64(one) for one in proven.proof.hashes],
            "size": engine.size,
            "href": f"/entries/{index}.tlog-proof",
        },
    }
    return View("entry.html", f"Entry {index}", data)


def proof_file(site: Site, index: int) -> bytes:
    """The proof of an entry that goes with its bytes, for `lockgate audit verify --proof` and whoever else reads tlog-proofs."""
    _check(site, index)
    if site.scope is not None and not is_within(site.scope, site.engine.row(index)):
        raise not_within(index, site.scope)
    proven = site.engine.standing.prove(index)
    whole = TlogProof(index, proven.proof.hashes, proven.proof.checkpoint, proven.entry)
    return render_tlog_proof(whole)


def _check(site: Site, index: int) -> None:
    if index >= site.engine.size:
        if site.scope is not None:
            raise not_within(index, site.scope)
        raise NoPageError(
            f"there is no entry {index}: the latest checkpoint covers {site.engine.size}",
            hint="entries count from 0",
        )
