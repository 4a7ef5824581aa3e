"""`lockgate quota reconcile`: counts the live objects of a cluster, and compares the ledger with them or mends it."""

import json
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click
from lockgate.webhook.quota.ledger_options import database_of, ledger_options
from lockgate.webhook.terminal import printable

if TYPE_CHECKING:
    from lockgate.engine.quota.store.ledger import Listing
    from lockgate.webhook.cluster.quota_objects import QuotaObjects
    from lockgate.webhook.quota.accounts import Accounts
    from lockgate.webhook.quota.reconciling import Counted, Disagreement

EXIT_DIFFERS: Final = 1
EXIT_UNCOUNTED: Final = 2


@click.command(
    epilog="Exit codes: 0 the ledger says what the cluster has, or does now; 1 with --dry-run: it differs; 2 something could not "
    "be listed or counted, or wrong usage."
)
@ledger_options
@click.option("--context", default="", metavar="NAME", help="The context of the kubeconfig.")
@click.option("--dry-run", is_flag=True, help="Change nothing; end with 1 where the ledger differs.")
@click.option("--format", "chosen", type=click.Choice(["text", "json"]), default="text", show_default=True)
def reconcile(ledger: str, cluster: str, context: str, dry_run: bool, chosen: str) -> int:
    """Compares what live claims and pods are charged with what the ledger says is used, and mends the ledger.

    What was reserved and not seen yet stays. An object that cannot be counted is told, and the ledger is not changed then.

    \b
    Examples:
      lockgate quota reconcile --ledger ledger.db --cluster prod --dry-run
      lockgate quota reconcile --ledger postgresql://db/lockgate --cluster prod --context prod
    """
    from lockgate.engine.quota.store.ledger import Ledger
    from lockgate.engine.quota.store.reader import reading_ledger
    from lockgate.engine.quota.store.schema import open_ledger
    from lockgate.webhook.extras import require_cluster
    from lockgate.webhook.quota.reconciling import (
        charged_over_time,
        disagreements,
        disagreements_over_time,
    )

    require_cluster()
    from lockgate.webhook.cluster.quota_objects import list_quota_objects

    database = database_of(ledger)
    counted = _count(list_quota_objects(context), cluster)
    listings = [one.listing for one in counted]
    uncounted = [one for each in counted for one in each.uncounted]
    now_ns = time.time_ns()
    with reading_ledger(database, cluster) as reader:
        over_time = disagreements_over_time(
            reader.holdings_over_time(charged_over_time(listings)), listings, now_ns
        )
        found = sorted([*disagreements(reader.usages(), listings), *over_time], key=lambda one: one.key)
    is_mended = False
    if not (dry_run or uncounted):
        engine = open_ledger(database)
        try:
            Ledger(engine, cluster).rebuild(listings, now_ns)
        finally:
            engine.dispose()
        is_mended = True
    click.echo(
        _json(found, uncounted, listings, is_mended)
        if chosen == "json"
        else _text(found, listings, is_mended)
    )
    for one in uncounted:
        click.echo(f"error: cannot be counted: {printable(one)}", err=True)
    if uncounted:
        return EXIT_UNCOUNTED
    return EXIT_DIFFERS if found and dry_run else 0


def _count(objects: "QuotaObjects", cluster: str) -> "list[Counted]":
    """The live objects as the ledger is told of them."""
    from lockgate.gatekeeper.match import name_of
    from lockgate.webhook.quota.paid import paid_claims
    from lockgate.webhook.quota.reconciling import CLAIMS, PODS, count_objects

    accounts = _accounts(objects, cluster)
    namespaces = {name_of(one): one for one in objects.namespaces}
    pods = objects.pods
    made = [count_objects(PODS, pods.objects, pods.version, accounts, namespaces, cluster)]
    if objects.claims is not None:
        claims, paid = objects.claims, paid_claims(pods.objects)
        made.append(
            count_objects(CLAIMS, claims.objects, claims.version, accounts, namespaces, cluster, paid)
        )
    return made


def _accounts(objects: "QuotaObjects", cluster: str) -> "Accounts":
    from lockgate.engine.codegen.cache import open_cache
    from lockgate.gatekeeper.match import name_of
    from lockgate.gatekeeper.quotas.device_quota import parse_device_quota
    from lockgate.webhook.claims.library import open_library
    from lockgate.webhook.policy_sources import SHIPPED
    from lockgate.webhook.quota.accounts import Accounts
    from lockgate.webhook.quota.charging import Charger
    from lockgate.webhook.quota.checking import learn_known
    from lockgate.webhook.serving.object_text import object_document

    quotas = [
        parse_device_quota(object_document(one, f"DeviceQuota/{name_of(one)}")) for one in objects.quotas
    ]
    library = open_library(SHIPPED, open_cache(None, os.environ), "quota")
    return Accounts(cluster, quotas, Charger(library, learn_known([*objects.classes, *objects.slices])))


def _text(found: "Sequence[Disagreement]", listings: "Sequence[Listing]", is_mended: bool) -> str:
    from lockgate.engine.quota.telling import tell_amount, tell_dimension, tell_window

    lines = [
        f"{one.key.scope}: {tell_dimension(one.key)}{tell_window(one.key)}: the ledger says {tell_amount(one.key, one.ledger)}, live objects are "
        f"charged {tell_amount(one.key, one.cluster)}"
        for one in found
    ]
    seen = ", ".join([f"{len(one.objects)} {one.resource}" for one in listings])
    outcome = "the ledger says the same" if not found else "mended" if is_mended else "nothing was changed"
    return "\n".join([printable(line) for line in [*lines, f"{seen}: {outcome}"]])


def _json(
    found: "Sequence[Disagreement]",
    uncounted: "Sequence[str]",
    listings: "Sequence[Listing]",
    is_mended: bool,
) -> str:
    return json.dumps(
        {
            "version": 1,
            "objects": {one.resource: len(one.objects) for one in listings},
            "differences": [
                {
                    "scope": one.key.scope,
                    "dimension": one.key.dimension,
                    **({"window": one.key.window} if one.key.window else {}),
                    "ledger": one.ledger,
                    "cluster": one.cluster,
                }
                for one in found
            ],
            "uncounted": list(uncounted),
            "mended": is_mended,
        },
        ensure_ascii=False,
        indent=1,
    )
