"""What a policy may use: builtins, hosts, keywords and features of the language, as in OPA's capabilities files."""

from collections.abc import Iterable
from dataclasses import field, replace

from lockgate.engine.record import record
from lockgate.engine.rego.builtins.catalogue import BEYOND_OPA, ENTRIES

# Builtins that reach outside the evaluation, or whose answer changes from run to run.
OUTSIDE = frozenset({"http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn"})
ALL_BUILTINS = frozenset(ENTRIES) - BEYOND_OPA
# Keywords that a policy imports from `future.keywords`: those that have become part of the language, and those not.
KEYWORDS_OF_V1 = frozenset(["contains", "every", "if", "in"])
FUTURE_KEYWORDS = frozenset(["and", "not", "or"])
FEATURES = frozenset(["keywords_in_refs", "rego_v1", "rego_v2", "rego_v2_import", "template_strings"])


@record
class Capabilities:
    """The builtins by name, the hosts that they may reach (None: any), and what of the language there is.

    `external_data` tells whether Gatekeeper's function of that name exists. A policy that uses anything else fails
    at load. Without more being said, nothing reaches outside of an evaluation.
    """

    builtins: frozenset[str] = field(default=ALL_BUILTINS - OUTSIDE)
    external_data: bool = False
    allow_net: frozenset[str] | None = field(default=frozenset())
    future_keywords: frozenset[str] = field(default=FUTURE_KEYWORDS)
    features: frozenset[str] = field(default=FEATURES)

    def allows(self, builtin: str) -> bool:
        """May a policy call this builtin?"""
        if builtin == "external_data":
            return self.external_data
        return builtin in self.builtins

    def without(self, builtins: Iterable[str]) -> "Capabilities":
        """The same without some builtins."""
        return replace(self, builtins=self.builtins.difference(builtins))

    def with_builtins(self, builtins: Iterable[str]) -> "Capabilities":
        """The same with more builtins."""
        return replace(self, builtins=self.builtins.union(builtins))

    def fingerprint(self) -> str:
        """A text that is the same for equal capabilities."""
        hosts = ["any host"] if self.allow_net is None else sorted(self.allow_net)
        parts = [sorted(self.builtins), [str(self.external_data)], hosts]
        parts += [sorted(self.future_keywords), sorted(self.features)]
        return "\n".join([" ".join(part) for part in parts])


# All that OPA has, on any host: for policies that are trusted as one's own program is.
EVERYTHING = Capabilities(builtins=ALL_BUILTINS, external_data=True, allow_net=None)


def why_absent(builtin: str) -> str:
    """What to tell about a builtin of ours that the capabilities do not have."""
    if builtin in OUTSIDE:
        return "this builtin is off here: it reaches outside of the evaluation"
    return "this builtin is off here: the capabilities do not have it"
