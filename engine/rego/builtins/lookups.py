"""`net.lookup_ip_addr`: the addresses of a host, from the resolver of the system."""

import ipaddress
import re
import socket
from typing import Final

from lockgate.engine.codegen.values import Set, Value
from lockgate.engine.rego.builtins.context import OutsideContext
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.builtins.operands import string
from lockgate.engine.rego.outside import Outside

# The C library takes these for addresses, in forms that nobody means.
_NUMERIC: Final = re.compile(r"[0-9a-fA-FxX.]*")
_LONGEST_NAME: Final = 253


def net_lookup_ip_addr(outside: Outside, context: OutsideContext, name: Value) -> Set:
    """The set of the host's addresses, the same during an evaluation; an address is its own."""
    host = string(name, 1)
    if not outside.may_reach(host):
        raise BuiltinError(f"disallowed host: {host[:_LONGEST_NAME]}")
    answers = outside.answers(context.budget)
    found = answers.get(("address", host))
    if found is None:
        found = answers["address", host] = _lookup(host)
    return Set(found)


def _lookup(host: str) -> list[Value]:
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        digits = any(char.isdigit() for char in host.rpartition(".")[2])
        if not host or len(host) > _LONGEST_NAME or (digits and _NUMERIC.fullmatch(host)):
            raise _no_such_host(host) from error
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _no_such_host(host) from error
    return list(dict.fromkeys([str(address[0]) for *_, address in found]))


def _no_such_host(host: str) -> BuiltinError:
    return BuiltinError(f"lookup {host[:_LONGEST_NAME]}: no such host")
