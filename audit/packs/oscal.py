"""An evidence pack as OSCAL assessment results (1.2.1), for tools that gather evidence.

A result says what a trail supports of a control as observations. A finding stands only where entries speak against it, and is
`not-satisfied` then; nothing is called satisfied, which is an assessor's to say. compliance-trestle is imported by `checked_oscal` alone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from lockgate.audit.errors import TrailError

VERSION: Final = "1.2.1"
NAMESPACE: Final = "https://lockgate.dev/oscal"
# Questions whose lines are what somebody has to look at.
_AGAINST: Final = ("a5", "a6", "a8", "a9")
_MAX_LINE: Final = 500


def checked_oscal(value: Mapping[str, Any]) -> bytes:
    """The document of a pack's value, as compliance-trestle reads and accepts it. Raises TrailError where it does not."""
    from pydantic import ValidationError
    from trestle.oscal.assessment_results import (  # pyright: ignore[reportMissingImports]
        AssessmentResults,
    )

    made = oscal_value(value)
    try:
        AssessmentResults.model_validate(made["assessment-results"])
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join([str(one) for one in first["loc"]])
        raise TrailError(f"the pack is no OSCAL document: {place}: {first['msg']}") from None
    return render_oscal(value)


def render_oscal(value: Mapping[str, Any]) -> bytes:
    """The document's bytes."""
    return (json.dumps(oscal_value(value), indent=2, ensure_ascii=False) + "\n").encode()


def oscal_value(value: Mapping[str, Any]) -> dict[str, Any]:
    """The document: the same for the same pack."""
    made = _Document(value)
    return {"assessment-results": made.results()}


def control_id(framework: str, number: str) -> str:
    """A control as a token of OSCAL: `soc2_cc6.1`."""
    kept = "".join([one if one.isalnum() or one == "." else "-" for one in number.lower()])
    return f"{framework}_{'-'.join([part for part in kept.split('-') if part])}".replace(".-", "-")


def line_of(text: object) -> str:
    """One line of text: OSCAL's strings begin and end with something to see, and have no line break."""
    made = " ".join("".join([one if one.isprintable() else " " for one in str(text)]).split())
    return made[:_MAX_LINE].strip() or "-"


class _Document:
    def __init__(self, value: Mapping[str, Any]) -> None:
        self._value: Final = value
        # Of the log's state, the question and whether names are shown: another pack has other numbers.
        seed = json.dumps([value["asOf"], value["scope"], value["identities"]], sort_keys=True)
        self._base: Final[UUID] = uuid5(uuid5(NAMESPACE_URL, NAMESPACE), seed)
        self._time: Final[str] = value["asOf"]["time"]
        self._answers: Final = {one["question"]: one for one in value["answers"]}

    def _uuid(self, *parts: object) -> str:
        """RFC 9562 version 5."""
        return str(uuid5(self._base, "\n".join([str(one) for one in parts])))

    def _prop(self, name: str, value: object) -> dict[str, str]:
        return {"name": name, "ns": NAMESPACE, "value": line_of(value)}

    def _rests_on(self) -> list[dict[str, str]]:
        as_of = self._value["asOf"]
        return [
            self._prop("log-origin", as_of["origin"]),
            self._prop("log-size", as_of["size"]),
            self._prop("log-root", as_of["root"]),
            self._prop("proof-state", self._value["state"]),
        ]

    def results(self) -> dict[str, Any]:
        """`assessment-results`."""
        return {
            "uuid": self._uuid("document"),
            "metadata": {
                "title": line_of(f"Evidence of {self._value['asOf']['origin']}"),
                "last-modified": self._time,
                "version": str(self._value["asOf"]["size"]),
                "oscal-version": VERSION,
                "props": self._rests_on(),
                "remarks": self._value["controls"]["review"],
            },
            "import-ap": {
                "href": f"#{self._uuid('plan')}",
                "remarks": "There is no assessment plan: an assessor has it. This document is evidence that goes into an assessment.",
            },
            "results": [self._result()],
            "back-matter": {"resources": [*self._resources()]},
        }

    def _result(self) -> dict[str, Any]:
        scope = self._value["scope"]
        start = scope["since"] if "since" in scope else self._value["promotions"][0]["time"]
        until = scope["until"] if "since" in scope else self._value["promotions"][0]["time"]
        made: dict[str, Any] = {
            "uuid": self._uuid("result"),
            "title": "What the trail supports",
            "description": " ".join(self._value["shown"])
            + " Not shown: "
            + "; ".join(self._value["notShown"]),
            "start": start,
            "end": until or max(self._time, start),
            "props": self._rests_on(),
            "reviewed-controls": {
                "control-selections": [
                    {
                        "description": line_of(framework["name"]),
                        "include-controls": [
                            {"control-id": control_id(framework["id"], one["id"])}
                            for one in framework["controls"]
                        ],
                    }
                    for framework in self._value["controls"]["frameworks"]
                ],
                "remarks": self._value["controls"]["review"],
            },
            "observations": [*self._observations()],
        }
        risks, findings = [*self._risks()], [*self._findings()]
        if risks:
            made["risks"] = risks
        if findings:
            made["findings"] = findings
        return made

    def _controls(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for framework in self._value["controls"]["frameworks"]:
            for one in framework["controls"]:
                yield control_id(framework["id"], one["id"]), one

    def _observations(self) -> Iterator[dict[str, Any]]:
        for identifier, one in self._controls():
            for asked in one["questions"]:
                number = asked["question"]
                told = self._answers.get(number)
                here = "not in this pack" if told is None else f"{len(told['lines'])} lines in this pack"
                yield {
                    "uuid": self._uuid("observation", identifier, number),
                    "title": line_of(f"{identifier}: question {number}"),
                    "description": f"Supports: {one['supports']} Does not support: {one['doesNotSupport']}",
                    "methods": ["TEST"],
                    "types": ["historic"],
                    "props": [
                        self._prop("control", identifier),
                        self._prop("question", number),
                        self._prop("query", asked["query"]),
                        self._prop("lines", here),
                    ],
                    "relevant-evidence": self._evidence(told, asked["query"]),
                    "collected": self._time,
                }

    def _evidence(self, told: Mapping[str, Any] | None, query: str) -> list[dict[str, Any]]:
        if told is None:
            return [{"description": f"Not in this pack: {query}"}]
        return [
            {
                "href": "pack.json",
                "description": line_of(told["title"]),
                "props": [
                    self._prop("not-shown", one) for one in told["proven"]["notShown"]
                ] or [self._prop("not-shown", "nothing is named")],
            }
        ]  # fmt: skip

    def _findings(self) -> Iterator[dict[str, Any]]:
        for identifier, one in self._controls():
            for asked in one["questions"]:
                told = self._answers.get(asked["question"])
                if told is None or asked["question"] not in _AGAINST or not told["lines"]:
                    continue
                yield {
                    "uuid": self._uuid("finding", identifier, asked["question"]),
                    "title": line_of(told["title"]),
                    "description": f"{len(told['lines'])} lines that somebody has to look at: {_entries(told['lines'])}.",
                    "target": {
                        "type": "objective-id",
                        "target-id": f"{identifier}_{asked['question']}",
                        "status": {
                            "state": "not-satisfied",
                            "reason": "other",
                            "remarks": "Entries may speak against it, with leave of a policy or not: an assessor decides.",
                        },
                    },
                    "related-observations": [
                        {"observation-uuid": self._uuid("observation", identifier, asked["question"])}
                    ],
                }

    def _risks(self) -> Iterator[dict[str, Any]]:
        exemptions = self._answers.get("a2")
        for line in () if exemptions is None else exemptions["lines"]:
            if line["state"] != "active":
                continue
            made = {
                "uuid": self._uuid("risk", line["exemption"], line["entry"]),
                "title": line_of(f"Exemption {line['exemption']}"),
                "description": line_of(f"Granted by entry {line['entry']}, used {line['uses']} times."),
                "statement": "While it stands, policies that it names do not stop what it is for.",
                "status": "open",
            }
            if line["until"]:
                made["deadline"] = line["until"]
            yield made

    def _resources(self) -> Iterator[dict[str, Any]]:
        yield {
            "uuid": self._uuid("plan"),
            "title": "No assessment plan",
            "description": "An assessor's plan takes this place.",
        }
        for name, media in (("pack.json", "application/json"), ("checkpoint", "text/plain"), ("VERIFY.md", "text/markdown"), ("MANIFEST.sha256", "text/plain")):  # fmt: skip
            yield {
                "uuid": self._uuid("resource", name),
                "title": name,
                "rlinks": [{"href": name, "media-type": media}],
            }


def _entries(lines: Sequence[Mapping[str, Any]]) -> str:
    named = [str(line["entry"]) for line in lines if "entry" in line]
    return "entries " + ", ".join(named[:50]) + (" and others" if len(named) > 50 else "")
