"""What manifests ask for, without what must not be shown: names keep their words, everything else loses known secrets too."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from lockgate.engine.documents.document import Path
from lockgate.webhook.claims.asked import Asked, Charge, DeviceClass, Named, Unreadable
from lockgate.webhook.claims.drivers import Reach
from lockgate.webhook.claims.linking import Row
from lockgate.webhook.report import Resource

if TYPE_CHECKING:
    from lockgate.engine.masking.masker import Masker


def mask(asked: Sequence[Asked], rows: Sequence[Row], masker: "Masker") -> tuple[list[Asked], list[Row]]:
    """Both as they may be shown; the rows are of those objects."""
    masking = _Masking(masker)
    masked = {id(one): masking.asked(one) for one in asked}
    return list(masked.values()), [masking.row(one, masked[id(one.asked)]) for one in rows]


@final
class _Masking:
    """One Masker over strings of which most recur."""

    def __init__(self, masker: "Masker") -> None:
        self._masker = masker
        self._texts: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def _text(self, text: str) -> str:
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = self._masker.text(text)
        return known

    def _name(self, text: str) -> str:
        known = self._names.get(text)
        if known is None:
            known = self._names[text] = self._masker.name(text)
        return known

    def _path(self, path: Path) -> Path:
        return tuple([self._text(part) if isinstance(part, str) else part for part in path])

    def asked(self, one: Asked) -> Asked:
        resource = one.resource
        return Asked(
            one.file,
            one.line,
            Resource(
                self._name(resource.api_version),
                self._name(resource.kind),
                self._name(resource.namespace),
                self._name(resource.name),
            ),
            tuple([self._charge(charge) for charge in one.charges]),
            tuple([self._named(named) for named in one.named]),
            tuple([self._class(found) for found in one.classes]),
            tuple(
                [
                    Unreadable(self._path(problem.path), self._text(problem.what), self._text(problem.fix))
                    for problem in one.unreadable
                ]
            ),
            tuple([self._path(path) for path in one.undecidable]),
            one.rules,
        )

    def _charge(self, one: Charge) -> Charge:
        return Charge(
            self._path(one.path),
            self._text(one.name),
            one.how,
            self._text(one.class_name),
            self._text(one.resource),
            one.devices,
            one.pods,
            one.total,
            tuple([self._text(selector) for selector in one.selectors]),
        )

    def _named(self, one: Named) -> Named:
        return Named(
            self._path(one.path),
            self._text(one.name),
            one.is_template,
            self._text(one.reference),
            one.used,
            one.pods,
        )

    def _class(self, one: DeviceClass) -> DeviceClass:
        selectors = tuple([self._text(selector) for selector in one.selectors])
        return DeviceClass(self._text(one.name), selectors, self._text(one.extended_resource))

    def row(self, one: Row, asked: Asked) -> Row:
        devices = one.reach.devices
        reach = Reach(None if devices is None else {self._text(name): n for name, n in devices.items()})
        return Row(
            asked,
            self._text(one.name),
            self._text(one.class_name),
            self._text(one.resource),
            reach,
            one.devices,
            one.pods,
            one.charge,
            one.how,
            self._text(one.target),
            one.known,
        )
