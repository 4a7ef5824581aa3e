"""go-securesystemslib verifies what people sign: promotion statements, approvals, and verification summaries."""

import json
from pathlib import Path

import pytest

from tests.e2e.judge import judged, refusals
from tests.webhook.promoting.office import open_office

pytestmark = pytest.mark.e2e


def test_envelopes_of_a_promotion(tmp_path: Path) -> None:
    office = open_office(tmp_path)
    signed = {"prod.json": "asker", **{office.sign(one): one for one in ("risk-1", "risk-2")}}
    office.record(*[one for one in signed if one != "prod.json"])
    (made,) = [one for one in office.history() if one["environment"] == "prod"]
    options = ["--vsa", "ci.pem", "--output", "prod.vsa.json", "--trail", "trail"]
    assert office.run("promotions", "show", str(made["entry"]), *options).code == 0
    for name, signer in {**signed, "prod.vsa.json": "ci"}.items():
        envelope = json.loads((tmp_path / name).read_text())
        (hint,) = [one["keyid"] for one in envelope["signatures"]]
        for by, refused in ((signer, []), ("stranger", ["dsse"])):
            keys = [{"keyid": hint, "pem": (tmp_path / f"{by}.pub.pem").read_text()}]
            said = judged("dsse", "-", given=json.dumps({"envelope": envelope, "keys": keys}))
            assert refusals(said) == refused, (name, by, said)
