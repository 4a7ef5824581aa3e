"""`lockgate install`: prints what an installation in a cluster is made of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click
from lockgate.engine.errors import UsageError
from lockgate.webhook.call_token import read_call_token
from lockgate.webhook.install.settings import (
    CLUSTER_NAME,
    NAMESPACE,
    CertificateSource,
    Database,
    InstallSettings,
    Mode,
    check_settings,
)
from lockgate.webhook.output import write_files, write_output

if TYPE_CHECKING:
    from lockgate.webhook.install.manifests import ManifestFile

_EPILOG: Final = "Exit codes: 0 printed or written; 2 wrong usage. Nothing is applied: kubectl does that."


@click.command(epilog=_EPILOG)
@click.option(
    "--image",
    required=True,
    metavar="IMAGE",
    help="The server's image, best by its digest: REGISTRY/lockgate@sha256:…",
)
@click.option("--print", "printed", is_flag=True, help="Print to standard output (what happens anyway).")
@click.option("--output", metavar="DIR", help="Write files and a kustomization.yaml into a folder instead.")
@click.option("--namespace", default=NAMESPACE, show_default=True, metavar="NS", help="Where it runs.")
@click.option(
    "--mode",
    type=click.Choice(["observe", "enforce"]),
    default="observe",
    show_default=True,
    help="Record what would be denied, or deny it.",
)
@click.option(
    "--enforce-namespace",
    "enforced",
    multiple=True,
    metavar="NS",
    help="With --mode observe: enforce in this namespace. May be repeated.",
)
@click.option(
    "--namespace-editor",
    "editors",
    multiple=True,
    metavar="NAME",
    help="User, or group:NAME, who may change labels of Namespaces that policies select by. May be repeated.",
)
@click.option(
    "--guarded-label",
    "guarded_labels",
    multiple=True,
    metavar="KEY",
    help="A label of Namespaces that policies read in their code: guarded as those that they select by. May be repeated.",
)
@click.option("--replicas", type=int, metavar="N", help="1 on SQLite; 3 on PostgreSQL without it.")
@click.option(
    "--database",
    type=click.Choice(["sqlite", "postgres"]),
    default="sqlite",
    show_default=True,
    help="Where the trail is kept: on a volume, for one replica, or in PostgreSQL, for any number.",
)
@click.option(
    "--database-namespace", default="", metavar="NS", help="Where PostgreSQL runs, if it is in the cluster."
)
@click.option(
    "--exclude-namespace",
    "excluded",
    multiple=True,
    metavar="NS",
    help="Objects of this namespace are not judged either; may be repeated.",
)
@click.option(
    "--api-server",
    "ranges",
    multiple=True,
    metavar="CIDR",
    help="From where the API server calls; nobody else may then. May be repeated.",
)
@click.option(
    "--client-name",
    "client_names",
    multiple=True,
    metavar="NAME",
    help="Only callers with a certificate for this name, of the CA in ConfigMap lockgate-callers, are answered. May be "
    "repeated.",
)
@click.option(
    "--token-file",
    metavar="FILE",
    help="Only callers that know the token in this file are answered: the webhooks' paths end in it, and the server has it "
    "from Secret lockgate-token. Goes with --api-server.",
)
@click.option(
    "--certificates",
    type=click.Choice(["own", "cert-manager"]),
    default="own",
    show_default=True,
    help="An authority of Lockgate's own, or certificates of cert-manager.",
)
@click.option("--storage", default="10Gi", show_default=True, metavar="SIZE", help="Of SQLite's volume.")
@click.option(
    "--memory",
    default="1Gi",
    show_default=True,
    metavar="SIZE",
    help="The limit on the server's memory; more for a large inventory.",
)
@click.option(
    "--workers",
    type=int,
    default=0,
    metavar="N",
    help="Processes that judge; 0, the default: one a processor, as far as --memory has room.",
)
@click.option(
    "--cluster-name",
    default=CLUSTER_NAME,
    show_default=True,
    metavar="NAME",
    help="As the ledger of quotas and the EnvironmentMap call the cluster.",
)
@click.option(
    "--sweep-interval",
    type=int,
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How often what lives in the cluster is judged too; 0: never, and nothing may be listed for it.",
)
@click.option(
    "--with-gatekeeper-crds",
    "with_definitions",
    is_flag=True,
    help="With the definitions of Gatekeeper's kinds, for a cluster without Gatekeeper.",
)
@click.option(
    "--beside-gatekeeper",
    "beside",
    is_flag=True,
    help="Gatekeeper runs in the cluster too, and makes the kinds of constraints.",
)
@click.option(
    "--with",
    "parts",
    type=click.Choice(
        ["monitoring", "external-data", "gatekeeper-providers", "promotions", "raised-namespaces"]
    ),
    multiple=True,
    help="monitoring: alerts, what is scraped (for Prometheus' operator) and a dashboard. external-data: what providers "
    "answer is in ConfigMap lockgate-external-data. gatekeeper-providers: Gatekeeper is answered by that too, and told which "
    "devices requests can reach; the CA of its certificate is in ConfigMap lockgate-provider-clients. promotions: rules on models "
    "go by the promotions in the server's trail. raised-namespaces: a Namespace whose environment rises is judged by what runs "
    "in it.",
)
@click.option(
    "--provider-port",
    "provider_ports",
    multiple=True,
    metavar="PORT",
    help="Where Pods of providers of external data listen, besides 443: the network policy lets the server reach them. May "
    "be repeated.",
)
@click.option(
    "--node-agent",
    "node_agents",
    multiple=True,
    metavar="NAME",
    help="User, or group:NAME, by whom nodes come up (of an autoscaler): where a policy is about nodes, what it writes of "
    "them is not judged. May be repeated.",
)
@click.option(
    "-p",
    "--policies",
    "policies",
    multiple=True,
    metavar="PATH",
    help="Derive the webhook's rules from these policies; without it the server does, from those it finds.",
)
def install(
    image: str,
    printed: bool,
    output: str | None,
    namespace: str,
    mode: Mode,
    enforced: tuple[str, ...],
    editors: tuple[str, ...],
    guarded_labels: tuple[str, ...],
    replicas: int | None,
    database: Database,
    database_namespace: str,
    excluded: tuple[str, ...],
    ranges: tuple[str, ...],
    client_names: tuple[str, ...],
    token_file: str | None,
    certificates: CertificateSource,
    storage: str,
    memory: str,
    workers: int,
    cluster_name: str,
    sweep_interval: int,
    with_definitions: bool,
    beside: bool,
    parts: tuple[str, ...],
    provider_ports: tuple[str, ...],
    node_agents: tuple[str, ...],
    policies: tuple[str, ...],
) -> None:
    """Prints the manifests of the admission server; docs/install.md takes it from there.

    \b
    Examples:
      lockgate install --image registry.example.com/lockgate@sha256:… --with-gatekeeper-crds | kubectl apply -f -
      lockgate install --image … --mode enforce --database postgres --replicas 3 --output deploy/lockgate
    """
    if printed and output is not None:
        raise UsageError("--print and --output", hint="give one of both")
    if beside and with_definitions:
        raise UsageError(
            "Gatekeeper has its definitions already", hint="leave --with-gatekeeper-crds out beside it"
        )
    chosen = replicas if replicas is not None else (1 if database == "sqlite" else 3)
    settings = InstallSettings(
        image,
        namespace,
        mode,
        chosen,
        database,
        database_namespace,
        tuple(sorted(set(excluded))),
        tuple(sorted(set(ranges))),
        certificates,
        beside,
        storage,
        "monitoring" in parts,
        sweep_interval,
        tuple(sorted(set(client_names))),
        tuple(sorted(set(enforced))),
        tuple(sorted(set(editors))),
        "external-data" in parts,
        "gatekeeper-providers" in parts,
        tuple(sorted(set(provider_ports))),
        tuple(sorted(set(node_agents))),
        token_file is not None,
        memory,
        workers,
        tuple(sorted(set(guarded_labels))),
        cluster_name,
        "promotions" in parts,
        "raised-namespaces" in parts,
    )
    check_settings(settings)
    from lockgate.webhook.install.definitions import gatekeeper_definitions
    from lockgate.webhook.install.manifests import manifest_files

    rules, node_rules = _rules(policies)
    files = manifest_files(
        settings,
        rules=rules,
        node_rules=node_rules,
        token="" if token_file is None else read_call_token(token_file),
        definitions=gatekeeper_definitions() if with_definitions else (),
    )
    if output is None:
        from lockgate.webhook.install.yaml_text import render_documents

        write_output(render_documents([one for file in files for one in file.objects]), None)
    else:
        _write(files, output)


def _rules(policies: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rules that policies ask for, and those of the kinds around nodes; none without policies."""
    if not policies:
        return [], []
    import os

    from lockgate.webhook.check_command import make_loader
    from lockgate.webhook.serving.webhook_rules import (
        guess_names,
        node_rules,
        parent_demands,
        policy_demands,
        render_rule,
        webhook_rules,
    )

    loaded = make_loader(None, None).given(policies, os.getcwd()).loaded
    demands = policy_demands(loaded.policies.policies, loaded.templates)
    if loaded.expansion is not None:
        templates = loaded.expansion.templates
        demands = parent_demands(demands, [(one.applies_to, one.generates) for one in templates])
    return (
        [render_rule(rule) for rule in webhook_rules(demands, guess_names)],
        [render_rule(rule) for rule in node_rules(demands)],
    )


def _write(files: Sequence["ManifestFile"], folder: str) -> None:
    from lockgate.webhook.install.manifests import kustomization
    from lockgate.webhook.install.yaml_text import render_documents, render_yaml

    texts = {file.name: render_documents(file.objects) for file in files}
    write_files({**texts, "kustomization.yaml": render_yaml(kustomization(files))}, folder)
