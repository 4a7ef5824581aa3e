"""DeviceQuotas of files, read together."""

from collections.abc import Iterable

from lockgate.engine.documents.document import Document
from lockgate.engine.errors import PolicyError
from lockgate.gatekeeper.problems import PolicyErrors, Problem, flatten, policy_error
from lockgate.gatekeeper.quotas.device_quota import DeviceQuota, parse_device_quota
from lockgate.gatekeeper.quotas.kinds import is_device_quota


def load_quotas(documents: Iterable[Document]) -> tuple[DeviceQuota, ...]:
    """The DeviceQuotas among the documents, by name. Raises PolicyErrors with everything that is wrong."""
    found: dict[str, tuple[DeviceQuota, Document]] = {}
    errors: list[PolicyError] = []
    for document in sorted(documents, key=lambda one: one.file):
        if not is_device_quota(document.value):
            continue
        try:
            quota = parse_device_quota(document)
            _, other = found.setdefault(quota.name, (quota, document))
            if other is not document:
                message = f"the DeviceQuota {quota.name} is defined twice; the other is in {other.file}"
                raise policy_error(document, Problem(("metadata", "name"), message, "rename or remove one"))
        except PolicyError as error:
            errors.extend(flatten(error))
    if errors:
        raise PolicyErrors(errors)
    return tuple([quota for _, (quota, _) in sorted(found.items())])
