"""docs/models.md: the init container does what the page says, the trust file is read, and links lead somewhere."""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.shared_folder import ROOT
from tests.webhook.helpers import run_here
from tests.webhook.scanning.test_signed_facts import place, scan

__all__ = ["place"]
PAGES = [ROOT / "docs" / name for name in ("models.md", "threat-model.md")]
PAGE = PAGES[0].read_text("utf-8")


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def init_container() -> dict[str, Any]:
    (container,) = yaml.safe_load(block("yaml"))["initContainers"]
    assert isinstance(container, dict)
    return container


def test_the_init_container_starts_the_pod_for_what_was_scanned_and_nothing_else(place: Path) -> None:
    (place / "model/weights").rename(place / "gone")
    (place / "model/config.json").write_bytes(b"")
    facts = place / "facts"
    facts.mkdir()
    scan(place, "--signed", "facts/fraud.facts.dsse.json")
    trust = block("toml").replace('"0.1.1"', '"0.0.1"').replace("maximum-age", "# maximum-age")
    (facts / "facts-trust.toml").write_text(trust)
    (facts / "model-ci.pub.pem").write_bytes((place / "ci.pub.pem").read_bytes())
    mounts = {"/facts": str(facts), "/mnt/models": str(place / "model")}
    container = init_container()
    assert {one["mountPath"] for one in container["volumeMounts"]} == mounts.keys()
    words = [*container["command"], *container["args"]]
    for mounted, here in mounts.items():
        words = [re.sub(rf"^{mounted}(?=/|$)", here, word) for word in words]
    program, *arguments = words
    assert program == "lockgate"
    ran = run_here(*arguments, cwd=place)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "verified"), ran.out + ran.err
    (place / "model/payload.py").write_text("")
    assert run_here(*arguments, cwd=place).code == 3


def test_the_init_container_has_no_rights() -> None:
    context = init_container()["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert all(one["readOnly"] for one in init_container()["volumeMounts"])


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
            path, _, anchor = target.partition("#")
            place = page.parent / path if path else page
            assert place.exists(), target
            assert not anchor or anchor in anchors(place.read_text("utf-8")), target
