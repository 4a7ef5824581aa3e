"""`lockgate break-glass` and `lockgate audit import`: signed anywhere, and on the trail in the end."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lockgate.audit.errors import TrailError
from lockgate.audit.grant_use import GrantUse
from lockgate.gatekeeper.break_glass.grants import Grants
from lockgate.webhook.break_glass_files import read_glass
from lockgate.webhook.cli import run
from lockgate.webhook.spool import MAX_LINE, USES, Spool, SpooledUse, read_spool
from lockgate.webhook.trail import open_trail

from tests.gatekeeper.break_glass.making import ADA, EVE, policy_value, sign, unsigned

ORIGIN = "example.com/lockgate/cluster"
USE = GrantUse(
    "deny",
    "CREATE",
    "v1/Pod",
    "/v1/Pod/ml/train/u-1",
    "ml",
    "system:serviceaccount:ml:job",
    stopped=("K8sAllowedRepos/repos",),
    claimed="2026-06-01T00:10:00.000Z",
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCKGATE_TRAIL", raising=False)
    for name, key in (("ada", ADA), ("eve", EVE)):
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        Path(f"{name}.pem").write_bytes(pem)
    Path("policy.json").write_text(json.dumps(policy_value()))
    yield


@pytest.fixture
def trail(place: None, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["audit", "init", "trail", "--origin", ORIGIN]) == 0
    capsys.readouterr()
    return "trail"


def asked(*more: str, key: str = "ada.pem", span: str = "30m") -> list[str]:
    return [
        "break-glass",
        "--reason=registry is down",
        "--ticket=OPS-1",
        f"--for={span}",
        f"--key={key}",
        "--signer=ada",
        "--audience=prod-eu-1",
        *more,
    ]


def read_grants(path: str) -> Grants:
    found = read_glass([path, "policy.json"])
    assert found.problems == ()
    return Grants(found.grants, found.policies)


def test_a_grant_is_printed_that_the_server_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(asked("--namespace=ml", "--policy=K8sAllowedRepos/repos", "--policy=K8sRequiredLabels")) == 0
    shown = capsys.readouterr()
    value = json.loads(shown.out)
    assert value["spec"]["namespaces"] == ["ml"]
    assert value["spec"]["policies"] == [
        {"kind": "K8sAllowedRepos", "name": "repos"},
        {"kind": "K8sRequiredLabels"},
    ]
    assert value["metadata"]["name"] in shown.err
    Path("grant.json").write_text(shown.out)
    grants = read_grants("grant.json")
    (grant,) = grants.all
    assert grant.terms.until_ns - grant.terms.from_ns == 1800 * 10**9
    (standing,) = grants.standings(grant.terms.from_ns)
    assert (standing.state, standing.signer) == ("active", "ada")


def test_no_two_grants_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(asked()) == 0
    first = capsys.readouterr().out
    assert run(asked()) == 0
    assert json.loads(first)["spec"]["nonce"] != json.loads(capsys.readouterr().out)["spec"]["nonce"]


def test_a_key_of_somebody_else_makes_a_grant_without_effect(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(asked("--output=grant.json", key="eve.pem")) == 0
    grants = read_grants("grant.json")
    (standing,) = grants.standings(grants.all[0].terms.from_ns)
    assert standing.state == "refused"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (asked(span="25h"), "longer than 1d"),
        (asked(span="soon"), "no span of time"),
        (asked(key="missing.pem"), "cannot read missing.pem"),
        (asked(key="policy.json"), "no private key"),
        (asked("--policy=/x"), "no KIND or KIND/NAME"),
        (asked("--namespace="), "empty name"),
        (
            [one if not one.startswith("--reason") else "--reason= " for one in asked()],
            "spec.reason is missing",
        ),
        (
            [one if not one.startswith("--ticket") else "--ticket=" + "x" * 101 for one in asked()],
            "characters",
        ),
        (asked("--spool=policy.json"), "cannot make policy.json"),
    ],
)
def test_wrong_usage(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert told in shown.err
    assert shown.out == ""


def shown(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run(
        ["audit", "show", "--trail", "trail", "--kind", "break-glass", "--reveal", "--format", "json"]
    ) in (0, 4)
    made = json.loads(capsys.readouterr().out)
    entries = made["entries"]
    assert isinstance(entries, list)
    return entries


def imported(capsys: pytest.CaptureFixture[str], folder: str = "spool") -> tuple[int, str, str]:
    code = run(["audit", "import", folder, "--policy", "policy.json", "--trail", "trail"])
    told = capsys.readouterr()
    return code, told.out, told.err


def keep(*uses: tuple[str, str, GrantUse]) -> None:
    with open_trail("trail") as opened:
        spool = Spool(Path("spool"), opened.master_key().spool_tag)
        for grant, key, use in uses:
            spool.keep(SpooledUse(grant, key, use))


def spooled_grant(value: dict[str, Any]) -> None:
    Path("spool").mkdir(exist_ok=True)
    name = value["metadata"]["name"]
    Path(f"spool/{name}.json").write_text(json.dumps(value))


def test_a_spool_becomes_part_of_the_trail_once(trail: str, capsys: pytest.CaptureFixture[str]) -> None:
    spooled_grant(sign(unsigned()))
    keep(("night-1", "u-1", USE), ("night-1", "u-1", USE), ("night-1", "u-2", USE))
    assert imported(capsys)[:2] == (0, "3 entries appended, 0 were there already, 0 refused\n")
    assert imported(capsys)[:2] == (0, "0 entries appended, 3 were there already, 0 refused\n")
    granted, first, second = shown(capsys)
    entry = granted["entry"]
    assert (entry["event"], entry["grant"], entry["ticket"]) == ("granted", "night-1", "OPS-1")
    assert (entry["reason"], entry["from"], entry["until"]) == (
        "the registry is down",
        "2026-06-01T00:00:00.000Z",
        "2026-06-01T00:30:00.000Z",
    )
    assert entry["claimed"] == entry["from"]
    assert (first["entry"]["event"], second["entry"]["event"]) == ("used", "used")
    assert first["entry"]["claimed"] == USE.claimed
    assert first["entry"]["time"] != USE.claimed
    assert granted["body"]["actor"] == "ada"
    assert first["body"]["object"] == USE.subject
    assert first["body"]["details"]["stopped"] == ["K8sAllowedRepos/repos"]


def test_the_log_with_it_verifies_by_both_verifiers(trail: str, capsys: pytest.CaptureFixture[str]) -> None:
    spooled_grant(sign(unsigned()))
    keep(("night-1", "u-1", USE))
    assert imported(capsys)[0] == 0
    shutil.copy("trail/log.vkey", "kept.vkey")
    assert run(["audit", "verify", "trail", "--log-key", "kept.vkey"]) == 0
    assert run(["audit", "export", "folder", "--trail", "trail"]) == 0
    done = subprocess.run(
        [sys.executable, "folder/verify_trail.py", "folder", "--log-key", "kept.vkey"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


HOSTILE: dict[str, tuple[dict[str, Any], str]] = {
    "forged": (sign(unsigned(), key=EVE), "not signed by ada"),
    "of another cluster": (sign(unsigned(audience="other")), "it is for 'other'"),
    "too long": (sign(unsigned(until="2026-06-01T05:00:00Z")), "longer than 1h"),
    "malformed": (unsigned(reason=None), "spec.reason is missing"),
}


@pytest.mark.parametrize(("value", "why"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_grant_that_nobody_may_give_is_refused_with_its_uses(
    value: dict[str, Any], why: str, trail: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spooled_grant(value)
    keep(("night-1", "u-1", USE))
    code, out, err = imported(capsys)
    assert (code, out) == (3, "0 entries appended, 0 were there already, 2 refused\n")
    assert why in err
    assert "its grant night-1 is neither in the spool nor on the trail" in err
    assert shown(capsys) == []


USES_REFUSED: dict[str, GrantUse] = {
    "after the end": GrantUse("deny", "CREATE", "v1/Pod", "x", "ml", claimed="2026-06-01T00:31:00.000Z"),
    "before the begin": GrantUse("deny", "CREATE", "v1/Pod", "x", "ml", claimed="2026-05-31T23:59:00.000Z"),
    "past another policy": GrantUse(
        "deny", "CREATE", "v1/Pod", "x", "ml", stopped=("Other/x",), claimed=USE.claimed
    ),
    "in another namespace": GrantUse("deny", "CREATE", "v1/Pod", "x", "web", claimed=USE.claimed),
}


@pytest.mark.parametrize("use", USES_REFUSED.values(), ids=USES_REFUSED.keys())
def test_a_use_that_the_grant_does_not_reach_is_refused(
    use: GrantUse, trail: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spooled_grant(sign(unsigned(namespaces=["ml"], policies=[{"kind": "K8sAllowedRepos"}])))
    keep(("night-1", "u-1", use))
    assert imported(capsys)[:2] == (3, "1 entries appended, 0 were there already, 1 refused\n")


def test_a_use_of_a_grant_that_the_trail_knows_is_taken_in(
    trail: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spooled_grant(sign(unsigned()))
    assert imported(capsys)[0] == 0
    Path("spool/night-1.json").unlink()
    late = GrantUse("deny", "CREATE", "v1/Pod", "x", "ml", claimed="2026-06-01T00:31:00.000Z")
    keep(("night-1", "u-1", USE), ("night-1", "u-2", late))
    assert imported(capsys)[:2] == (3, "1 entries appended, 0 were there already, 1 refused\n")


def test_lines_that_somebody_else_wrote_are_refused(trail: str, capsys: pytest.CaptureFixture[str]) -> None:
    spooled_grant(sign(unsigned()))
    keep(("night-1", "u-1", USE))
    line = Path("spool", USES).read_text()
    forged = line.replace("u-1", "u-9")
    others = ["{", "[1]", '{"tag": "é"}', "[" * 100_000, "x" * (MAX_LINE + 1), '{"tag": 7}', "\x00"]
    Path("spool", USES).write_text(line + forged + "\n".join(others) + "\n")
    code, out, err = imported(capsys)
    assert (code, out) == (3, "2 entries appended, 0 were there already, 8 refused\n")
    assert "uses.jsonl:2: the line was not written with this trail's master key" in err


def test_the_policy_comes_from_outside(trail: str, capsys: pytest.CaptureFixture[str]) -> None:
    spooled_grant(sign(unsigned()))
    Path("spool/policy.json").write_text(json.dumps(policy_value(audience="mine")))
    assert imported(capsys)[0] == 0
    assert run(["audit", "import", "spool", "--policy", "spool/night-1.json", "--trail", "trail"]) == 2
    assert run(["audit", "import", "nowhere", "--policy", "policy.json", "--trail", "trail"]) == 2


def test_a_use_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    spool = Spool(tmp_path / "file", lambda line: line[:4])
    with pytest.raises(TrailError):
        spool.keep(SpooledUse("g", "k", USE))
    with pytest.raises(TrailError):
        Spool(tmp_path, lambda line: line[:4]).keep(SpooledUse("g", "k" * MAX_LINE, USE))


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    def tag(line: bytes) -> bytes:
        return line[::-1][:16]

    one = SpooledUse("g", "k", USE)
    other = SpooledUse("g", "ü\ud800", GrantUse("error", "", "", "\n", reason="x", claimed=USE.claimed))
    for use in (one, other):
        Spool(tmp_path, tag).keep(use)
    assert read_spool(tmp_path, tag) == ((one, other), ())
    assert (tmp_path / USES).stat().st_mode & 0o777 == 0o600
    assert read_spool(tmp_path / "none", tag) == ((), ())
