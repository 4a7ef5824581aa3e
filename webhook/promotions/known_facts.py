"""What signed facts tell of models in an environment: the bytes of references, and evidence on those bytes."""

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Final, final

from lockgate.audit.errors import FormatError
from lockgate.engine.errors import InputError
from lockgate.engine.promotions.asking import Evidence
from lockgate.engine.record import record
from lockgate.webhook.model_facts import ModelFacts
from lockgate.webhook.promoting.facts import evidence_in, evidence_of
from lockgate.webhook.promotions.naming import ModelNames
from lockgate.webhook.promotions.reading import Digests
from lockgate.webhook.scan_verify import read_records
from lockgate.webhook.scanning.answers import external_data
from lockgate.webhook.scanning.known_models import Verifying, count_signed, proofs_beside, signed_files
from lockgate.webhook.scanning.trust_file import read_facts_trust

_MS_NS: Final = 1_000_000


@record
class KnownFacts:
    """digests: of references, by key and version of subjects. evidence: by digest (`sha256:…`).

    reasons: why facts of a reference do not count, by key and version.
    """

    digests: Digests
    evidence: Mapping[str, tuple[Evidence, ...]]
    reasons: Mapping[tuple[str, str], tuple[str, ...]]


@final
class FactsReader:
    """Reads signed facts as they count in one environment or another. given: its own environment counts for all, if it has one."""

    def __init__(self, given: ModelFacts, names: ModelNames, cwd: str) -> None:
        self._given: Final = given
        self._names: Final = names
        self._cwd: Final = cwd
        self._known: Final[dict[str, KnownFacts]] = {}

    def facts_of(self, environment: str) -> KnownFacts:
        """What counts in an environment. Raises LockgateError, naming the file that cannot be read."""
        name = self._given.environment or environment
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, environment: str) -> KnownFacts:
        given, now_ms = self._given, time.time_ns() // _MS_NS
        trust = read_facts_trust(os.path.join(self._cwd, given.trust))
        files = [*signed_files(given.paths, self._cwd)]
        records = read_records(proofs_beside(files, given.log_keys), given.log_keys, now_ms)
        counted, resolutions = count_signed(files, self._cwd, trust, Verifying(environment, records, now_ms))
        # As rules on models are answered: what a reference is said to be counts, and facts of different bytes are of none.
        answered = external_data(counted.facts, counted.reasons(), resolutions)["providers"][0]["values"]
        named = self._names.of([*answered, *[reference for _, reference, _ in counted.left_out]])
        reasons: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for file, reference, reason in counted.left_out:
            if reference in named:
                reasons[named[reference]].append(f"{file}: {reason}")
        evidence: defaultdict[str, dict[Evidence, None]] = defaultdict(dict)
        for reference, found in counted.facts.items():
            for facts in found:
                digest = f"sha256:{facts.statement.digest}"
                try:
                    shown = evidence_of(digest, tuple(evidence_in(facts, "")))
                except (FormatError, InputError) as error:
                    if reference in named:
                        reasons[named[reference]].append(error.message)
                    continue
                evidence[digest].update(dict.fromkeys(shown))
        return KnownFacts(
            {named[uri]: answer["digest"] for uri, answer in answered.items() if uri in named},
            {digest: tuple(told) for digest, told in evidence.items()},
            {key: tuple(told) for key, told in reasons.items()},
        )
