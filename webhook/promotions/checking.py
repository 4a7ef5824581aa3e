"""What `lockgate check` is given to judge the promotions of a change by, read once there is something to judge."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record
from lockgate.webhook.base import Base
from lockgate.webhook.claims.library import open_library
from lockgate.webhook.deciding import Deciding
from lockgate.webhook.first_pass import Learned
from lockgate.webhook.inputs import Inputs
from lockgate.webhook.inventory_options import ExternalRequest
from lockgate.webhook.policy_sources import SHIPPED
from lockgate.webhook.promotions.changes import Change, Told, tell_change
from lockgate.webhook.promotions.knowing import GivenKnowledge
from lockgate.webhook.promotions.naming import ModelNames
from lockgate.webhook.walk import Walk

if TYPE_CHECKING:
    from lockgate.webhook.promotions.known_facts import FactsReader


@record
class ChangeChecker:
    """external: signed facts of models, and what is said of promotions. requester: who asks, "" for nobody known. now_ns: since 1970."""

    external: ExternalRequest
    requester: str
    now_ns: int

    def tell(self, deciding: Deciding, inputs: Inputs, walk: Walk, learned: Learned) -> Told | None:
        """What a change moves between environments; None where neither policies nor settings know any. Raises LockgateError."""
        base = deciding.base
        assert base is not None
        assert learned.old is not None

        def make() -> GivenKnowledge:
            names = ModelNames(open_library(SHIPPED, open_cache(None, os.environ), "named_models"))
            return GivenKnowledge(
                self.now_ns,
                self.requester,
                names,
                self._facts(names, base, inputs.cwd),
                self._promotions(base),
            )

        return tell_change(Change(inputs, walk, learned, learned.old), deciding.loaded.promotions, make)

    def _facts(self, names: ModelNames, base: Base, cwd: str) -> "FactsReader | None":
        given = self.external.models
        if given is None:
            return None
        from lockgate.webhook.base_facts import facts_of_base
        from lockgate.webhook.extras import require_facts

        require_facts()
        from lockgate.webhook.promotions.known_facts import FactsReader

        return FactsReader(facts_of_base(given, base, cwd), names, cwd)

    def _promotions(self, base: Base) -> Mapping[str, Value] | None:
        if not self.external.files:
            return None
        from lockgate.gatekeeper.external_data.fixtures import load_fixtures
        from lockgate.gatekeeper.external_data.kinds import PROMOTIONS_PROVIDER
        from lockgate.webhook.policy_sources import read_fixtures

        files: Sequence[str] = base.paths(self.external.files, "external data")
        found = [
            one
            for one in load_fixtures(read_fixtures(files, base.folder))
            if one.provider == PROMOTIONS_PROVIDER
        ]
        return {
            item.key: item.value
            for one in found
            if not one.system_error
            for item in one.items.values()
            if not item.error
        }
