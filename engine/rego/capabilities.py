"""What a policy may use: the builtins by name."""

from dataclasses import field

from lockgate.engine.record import record

# Builtins that reach outside the evaluation, or whose answer changes from run to run.
OUTSIDE = frozenset({"http.send", "net.lookup_ip_addr", "opa.runtime", "rand.intn"})


@record
class Capabilities:
    """`forbidden` builtins fail at load; `external_data` tells whether Gatekeeper's function exists."""

    forbidden: frozenset[str] = field(default=OUTSIDE)
    external_data: bool = False

    def allows(self, builtin: str) -> bool:
        """May a policy call this builtin?"""
        if builtin == "external_data":
            return self.external_data
        return builtin not in self.forbidden
