"""What `lockgate check` is given to judge the promotions of a change by, read once there is something to judge."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.webhook.base import Base
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.deciding import Deciding
from lockgate.webhook.first_pass import Learned, Request, learn
from lockgate.webhook.inputs import Inputs, find_inputs
from lockgate.webhook.inventory_options import ExternalRequest, refuse_brought
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promotions.changes import Change, Told, tell_change
from lockgate.webhook.promotions.knowing import GivenKnowledge
from lockgate.webhook.promotions.naming import ModelNames
from lockgate.webhook.walk import STDIN, Walk

if TYPE_CHECKING:
    from lockgate.engine.documents.document import Document
    from lockgate.webhook.promotions.known_facts import FactsReader


@record
class ChangeChecker:
    """external: signed facts of models, and what is said of promotions. request: who asks is its user, if there is one. now_ns: since 1970."""

    external: ExternalRequest
    request: Request
    now_ns: int

    def tell(self, deciding: Deciding, inputs: Inputs, walk: Walk, learned: Learned) -> Told | None:
        """What a change moves between environments; None where neither policies nor settings know any. Raises LockgateError."""
        base = deciding.base
        assert base is not None
        assert learned.old is not None

        def make() -> GivenKnowledge:
            names = ModelNames(open_library(SHIPPED, open_cache(None, os.environ), "named_models"))
            user = (self.request.user or {}).get("username")
            return GivenKnowledge(
                self.now_ns,
                user if type(user) is str else "",
                names,
                self._facts(names, base, inputs.cwd),
                self._promotions(base, inputs.cwd),
            )

        change = self._widened(inputs) or Change(inputs, walk, learned, learned.old)
        told = tell_change(change, deciding.loaded.promotions, make)
        return told if told is None or change.inputs is inputs else _about(told, inputs)

    def _widened(self, inputs: Inputs) -> Change | None:
        """All that the configuration judges, where only a part of it is judged now: where a version comes from is told by the rest."""
        config = inputs.config
        listed = [os.path.join(config.root, path) for path in config.paths]
        judged = [os.path.abspath(os.path.join(inputs.cwd, path)) for path in inputs.paths]
        more = [path for path in listed if os.path.exists(path) and path not in judged]
        if not more:
            return None
        own = [path for path in inputs.paths if path != STDIN]
        wide = replace(inputs, paths=(*own, *more), stdin=None)
        walk = find_inputs(wide)
        learned = learn(wide, walk, self.request)
        assert learned.old is not None
        return Change(wide, walk, learned, learned.old)

    def _facts(self, names: ModelNames, base: Base, cwd: str) -> "FactsReader | None":
        given = self.external.models
        if given is None:
            return None
        from lockgate.webhook.base_facts import facts_of_base
        from lockgate.webhook.extras import require_facts

        require_facts()
        from lockgate.webhook.promotions.known_facts import FactsReader

        return FactsReader(facts_of_base(given, base, cwd), names, cwd)

    def _promotions(self, base: Base, cwd: str) -> Mapping[str, Value] | None:
        """What is said of promotions, by reference, by the provider that rules ask too."""
        external = self.external
        if not (external.files or external.promotions):
            return None
        from lockgate.gatekeeper.external_data.fixtures import load_fixtures
        from lockgate.gatekeeper.external_data.kinds import PROMOTIONS_PROVIDER
        from lockgate.webhook.external_data import recorded_promotions
        from lockgate.webhook.policy_sources import read_fixtures

        refuse_brought(external.promotions, base)
        files: Sequence[str] = base.paths(external.files, "external data")
        documents: list[Document] = [
            *read_fixtures(files, base.folder),
            *recorded_promotions(external, cwd),
        ]
        found = [one for one in load_fixtures(documents) if one.provider == PROMOTIONS_PROVIDER]
        return {
            item.key: item.value
            for one in found
            if not one.system_error
            for item in one.items.values()
            if not item.error
        }


def _about(told: Told, inputs: Inputs) -> Told:
    """What is told of the files that are judged: the rest is judged by others."""
    paths = [os.path.abspath(os.path.join(inputs.cwd, path)) for path in inputs.paths if path != STDIN]

    def is_judged(file: str) -> bool:
        place = os.path.abspath(os.path.join(inputs.cwd, file))
        return any(place == path or place.startswith(path.rstrip("/") + "/") for path in paths)

    return Told(
        tuple([one for one in told.moved if is_judged(one.file)]),
        tuple([one for one in told.findings if is_judged(one.file)]),
        tuple([one for one in told.errors if is_judged(one.file)]),
        told.notices,
    )
