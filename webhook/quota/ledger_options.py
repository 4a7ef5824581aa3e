"""The options that the commands of the ledger have in common, and what they name."""

import os
from collections.abc import Callable, Sequence
from typing import Any, Final

import click
from lockgate.engine.codegen.values import Value
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.gatekeeper.match import is_namespace, name_of
from lockgate.gatekeeper.quotas.kinds import GROUP, is_device_quota
from lockgate.webhook.policy_sources import parse_documents, policy_files
from lockgate.webhook.walk import shown_path

# As `lockgate serve` names the cluster where nobody says otherwise.
DEFAULT_CLUSTER: Final = "cluster"
_SQLITE: Final = "sqlite:///"
# A file of a folder that does not have it has no quota.
_MARK: Final = GROUP.encode()


@record
class Given:
    """DeviceQuotas and Namespaces of files."""

    quotas: tuple[Document, ...]
    namespaces: dict[str, dict[str, Value]]


def ledger_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --ledger and --cluster."""
    for option in (
        click.option(
            "--cluster", required=True, metavar="NAME", help="The cluster's name, as the server has it."
        ),
        click.option(
            "--ledger",
            required=True,
            metavar="DATABASE",
            help="The database of the ledger: a file of SQLite, or postgresql://…, whose password comes from PGPASSWORD "
            "or ~/.pgpass.",
        ),
    ):
        command = option(command)
    return command


def database_of(given: str) -> str:
    """The database that --ledger names. Raises UsageError where there is no such file: none is made here."""
    path = given.removeprefix(_SQLITE)
    if "://" not in path and not os.path.isfile(path):
        raise UsageError(
            f"there is no ledger at {path}", hint="name the database that the server keeps it in"
        )
    return given


def read_given(paths: Sequence[str], cwd: str) -> Given:
    """The DeviceQuotas and Namespaces in files and folders. Raises UsageError, PolicyErrors."""
    quotas: dict[str, Document] = {}
    namespaces: dict[str, dict[str, Value]] = {}
    for path in paths:
        found = False
        for file in policy_files(path, cwd):
            data = file.read()
            if not file.is_named and _MARK not in data:
                continue
            for one in parse_documents(file.shown, data):
                name = name_of(one.value)
                if is_namespace(one.value):
                    namespaces[name] = one.value
                elif is_device_quota(one.value):
                    found = True
                    if name in quotas and quotas[name].file != one.file:
                        raise UsageError(
                            f"DeviceQuota {name} is in {quotas[name].file} and in {one.file}",
                            hint="name one of them",
                        )
                    quotas[name] = one
        if not found:
            raise UsageError(
                f"{shown_path(path, cwd)} has no DeviceQuota",
                hint="kubectl get devicequotas,namespaces -o yaml makes such a file",
            )
    return Given(tuple([quotas[name] for name in sorted(quotas)]), namespaces)
