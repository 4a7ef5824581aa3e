"""Functions of the catalogue by name, each module imported when one of its functions is asked for.

For compiled expressions, which name a few of them; who checks expressions needs the whole catalogue.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Final, final

from lockgate.engine.cel.functions import Function
from lockgate.engine.cel.library.declaring import merged

# What each module declares, in the order of the catalogue.
_DECLARED: Final = {
    "operators": (
        "_?_:_ _&&_ _||_ !_ _==_ _!=_ _+_ _-_ _*_ _/_ _%_ -_ _<_ _<=_ _>_ _>=_ _[_] _[?_] _?._ @in"
    ),
    "standard": (
        "size type dyn bool bytes double duration int string timestamp uint contains endsWith "
        "startsWith matches getFullYear getMonth getDayOfYear getDayOfMonth getDate getDayOfWeek "
        "getHours getMinutes getSeconds getMilliseconds"
    ),
    "urls": "url getScheme getHost getHostname getPort getEscapedPath getQuery isURL",
    "regexes": "find findAll",
    "lists": (
        "isSorted sum max min indexOf lastIndexOf slice flatten sort @sortByAssociatedKeys "
        "lists.range reverse distinct"
    ),
    "authorizer": (
        "path group serviceAccount resource subresource namespace name fieldSelector "
        "labelSelector check errored error allowed reason"
    ),
    "optionals": (
        "optional.of optional.ofNonZeroValue optional.none value hasValue or orValue last first "
        "optional.unwrap unwrapOpt"
    ),
    "quantities": (
        "quantity isQuantity sign isGreaterThan isLessThan compareTo asApproximateFloat asInteger "
        "isInteger add sub"
    ),
    "strings": (
        "charAt indexOf lastIndexOf lowerAscii replace split substring trim upperAscii format "
        "strings.quote join"
    ),
    "sets": "sets.contains sets.equivalent sets.intersects",
    "networks": (
        "ip family ip.isCanonical isUnspecified isLoopback isLinkLocalMulticast "
        "isLinkLocalUnicast isGlobalUnicast isIP string cidr containsIP containsCIDR prefixLength "
        "masked isCIDR"
    ),
    "named_formats": (
        "format.dns1123Label format.dns1123Subdomain format.dns1035Label format.qualifiedName "
        "format.dns1123LabelPrefix format.dns1123SubdomainPrefix format.dns1035LabelPrefix "
        "format.labelValue format.uri format.uuid format.byte format.date format.datetime "
        "format.named validate"
    ),
    "semvers": "semver isSemver isGreaterThan isLessThan compareTo major minor patch",
}


@final
class FunctionsByName(Mapping[str, Function]):
    """As `{one.name: one for one in FUNCTIONS}`, and cheaper where few are asked for."""

    __slots__ = ("_found", "_modules")

    def __init__(self) -> None:
        self._modules: dict[str, list[str]] = {}
        for module, names in _DECLARED.items():
            for name in names.split():
                self._modules.setdefault(name, []).append(module)
        self._found: dict[str, Function] = {}

    def __getitem__(self, name: str) -> Function:
        found = self._found.get(name)
        if found is None:
            declared: list[Function] = []
            for module in self._modules[name]:
                functions = import_module(f"lockgate.engine.cel.library.{module}").FUNCTIONS
                declared += [one for one in functions if one.name == name]
            (found,) = merged(declared)
            self._found[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)
