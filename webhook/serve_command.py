"""`lockgate serve`: the command line of the admission server."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click
from lockgate.webhook.call_token import read_call_token
from lockgate.webhook.inventory_options import opa_options
from lockgate.webhook.model_facts import facts_options

if TYPE_CHECKING:
    from lockgate.webhook.app.logs import Level
    from lockgate.webhook.app.serving_options import Address, OwnCertificates, PromotedOptions
    from lockgate.webhook.cluster.follower import ClusterAccess
    from lockgate.webhook.install.settings import InstallSettings
    from lockgate.webhook.model_facts import ModelFacts
    from lockgate.webhook.opa_engine import OpaServers

# `lockgate.engine.quota.expiry` has it, which the command line need not import.
TTL_S = 180.0
# As often as Gatekeeper's audit.
SWEEP_S = 60.0
# As Gatekeeper names itself in the certificate that it shows to providers.
GATEKEEPER = "gatekeeper-webhook-service.gatekeeper-system.svc"
# Where a Pod is told in which namespace it is.
POD_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


def _address(value: str, option: str) -> "Address":
    from lockgate.webhook.app.serving_options import Address

    host, colon, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isascii() or not port.isdecimal() or int(port[:6]) > 65_535:
        raise click.BadParameter(f"{value[:60]!r} is not written ADDRESS:PORT", param_hint=option)
    return Address(host or "0.0.0.0", int(port))  # noqa: S104 - as the option says


def _workers(value: str) -> int:
    from lockgate.webhook.serving.worker_count import MAX_WORKERS, workers_for

    if value == "auto":
        from lockgate.webhook.container_limits import memory_limit
        from lockgate.webhook.jobs import cores

        return workers_for(cores(), memory_limit())
    if not value.isascii() or not value.isdecimal() or not 1 <= int(value[:6]) <= MAX_WORKERS:
        raise click.BadParameter(
            f"{value[:40]!r} is neither auto nor a number from 1 to {MAX_WORKERS}", param_hint="--workers"
        )
    return int(value)


def _level(name: str) -> "Level":
    from lockgate.webhook.app.logs import LEVELS

    return next(level for level in LEVELS if level == name)


def _check_enforced(mode: str, enforced: tuple[str, ...], excluded: tuple[str, ...]) -> None:
    """Raises UsageError where namespaces are to be enforced that are anyway, or are left out."""
    from lockgate.engine.errors import UsageError

    if enforced and mode == "enforce":
        raise UsageError(
            "--enforce-namespace is for --mode observe: everything is enforced", hint="leave it out"
        )
    both = sorted(set(enforced) & set(excluded))
    if both:
        raise UsageError(f"{', '.join(both)} is both enforced and left out", hint="name it once")


def _check_clients(client_ca: str | None, names: tuple[str, ...]) -> None:
    """Whose certificates count has to be said: a cluster's CA has signed those of every node and user too."""
    from lockgate.engine.errors import UsageError

    if client_ca is not None and not names:
        raise UsageError(
            "--client-ca without --client-name: whose certificates count is not said",
            hint="name the API server's, such as --client-name kube-apiserver, or '*' where the CA signs for nobody else",
        )
    if names and client_ca is None:
        raise UsageError("--client-name without --client-ca", hint="name the CA of the callers' certificates")
    if any(not one.strip() for one in names):
        raise UsageError("--client-name is empty", hint="give a name that the certificate has")


def _label_keys(names: tuple[str, ...]) -> tuple[str, ...]:
    from lockgate.engine.errors import UsageError
    from lockgate.gatekeeper.labels import is_label_key

    for one in names:
        if not is_label_key(one):
            raise UsageError(
                f"--guarded-label: {one[:80]!r} is no label's key", hint="such as example.com/tier"
            )
    return names


def _asker_names(asker_ca: str | None, names: tuple[str, ...], answers: bool) -> tuple[str, ...]:
    """Whose certificates count for questions to providers."""
    from lockgate.engine.errors import UsageError

    if asker_ca is None:
        if names:
            raise UsageError(
                "--provider-client-name without --provider-client-ca",
                hint="name the CA of the certificates of those who ask",
            )
        return ()
    if not answers:
        raise UsageError(
            "--provider-client-ca with neither a cluster nor --external-data: no provider answers here",
            hint="name files with objects of kind ExternalData",
        )
    if any(not one.strip() for one in names):
        raise UsageError("--provider-client-name is empty", hint="give a name that the certificate has")
    return names or (GATEKEEPER,)


def _own_certificates(place: str, names: tuple[str, ...]) -> "OwnCertificates":
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.app.serving_options import OwnCertificates

    if not place.startswith("secret:"):
        return OwnCertificates(place, ("localhost", "127.0.0.1", "::1", *names))
    namespace, slash, name = place.removeprefix("secret:").partition("/")
    if not slash or not namespace or not name or "/" in name:
        raise UsageError(f"{place!r} is not written secret:NAMESPACE/NAME")
    from tempfile import mkdtemp

    from lockgate.webhook.certificates.authority import service_names
    from lockgate.webhook.extras import require_cluster
    from lockgate.webhook.install.settings import CONFIGURATION, NAME

    require_cluster()
    # Only its owner may read it.
    folder = mkdtemp(prefix="lockgate-tls-")
    return OwnCertificates(
        folder, (*service_names(NAME, namespace), *names), (namespace, name), (CONFIGURATION,)
    )


def _cluster(
    kubeconfig: str, context: str, namespace: str | None, policies: tuple[str, ...]
) -> "ClusterAccess":
    import secrets
    import socket

    from lockgate.webhook.extras import require_cluster

    require_cluster()
    from lockgate.webhook.cluster.follower import ClusterAccess

    identity = f"{socket.gethostname()}_{secrets.token_hex(8)}"
    where = namespace or _pod_namespace()
    return ClusterAccess(kubeconfig, context, where, identity, "files" if policies else "cluster")


def _installed(
    namespace: str,
    mode: str,
    excluded: tuple[str, ...],
    enforced: tuple[str, ...],
    node_agents: tuple[str, ...],
) -> "InstallSettings":
    """What the webhook configuration is to be, as `lockgate install` would print it for these options."""
    from lockgate.webhook.install.settings import InstallSettings

    made = InstallSettings(
        "",
        namespace,
        "observe" if mode == "observe" else "enforce",
        enforced_namespaces=tuple(sorted(set(enforced))),
        node_agents=tuple(sorted(set(node_agents))),
    )
    return replace(made, excluded_namespaces=tuple(sorted(set(excluded) - set(made.fixed_namespaces))))


def _promoted(
    name: str | None,
    environment: str | None,
    policies: tuple[str, ...],
    promotions: str | None,
    exemptions: tuple[str, ...],
) -> "PromotedOptions | None":
    """The policies that only a promotion puts in force; None where others may. Raises UsageError."""
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.app.serving_options import PromotedOptions

    if name is None:
        if environment is not None:
            raise UsageError("--environment is for --promoted-policies", hint="give both, or none")
        return None
    if environment is None:
        raise UsageError(
            "--promoted-policies without --environment: into which they have to be promoted is not said"
        )
    if promotions is None:
        raise UsageError(
            "--promoted-policies without --promotions: which trail tells what was promoted is not said"
        )
    if len(policies) != 1:
        raise UsageError("--promoted-policies takes one folder of PolicyBundles", hint="give -p FOLDER once")
    if exemptions:
        raise UsageError(
            "--exemptions with --promoted-policies: exemptions count where they were promoted",
            hint="put them into the PolicyBundle, beside the constraints that they are from",
        )
    return PromotedOptions(name, environment)


def _database(given: str, trail: str | None) -> str:
    """The ledger's database, as workers find it. Raises UsageError for `trail` without one."""
    if given == "trail":
        from pathlib import Path

        from lockgate.engine.errors import UsageError
        from lockgate.webhook.trail_config import read_trail_config, store_url

        if trail is None:
            raise UsageError("--ledger trail without --trail", hint="name a trail, or a database")
        home = Path(trail).absolute()
        return store_url(home, read_trail_config(home).store)
    # A file counts from here, wherever workers are started.
    return (
        given
        if "://" in given and not given.startswith("sqlite:///")
        else os.path.abspath(given.removeprefix("sqlite:///"))
    )


def _pod_namespace() -> str:
    from lockgate.webhook.install.settings import NAMESPACE

    try:
        with open(POD_NAMESPACE, encoding="utf-8") as file:
            return file.read(256).strip() or NAMESPACE
    except OSError:
        return NAMESPACE


def _opa(
    engine: str | None, urls: tuple[str, ...], authorities: str | None, token_file: str | None
) -> "OpaServers":
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.opa_engine import OpaServers, named_servers

    if engine == "opa":
        return named_servers(urls, authorities, token_file, os.environ)
    if urls or authorities or token_file:
        raise UsageError("--opa-url, --opa-ca and --opa-token-file are for --engine opa")
    return OpaServers()


@click.command(
    epilog="Exit codes: 0 stopped when it was asked to; 2 it could not begin: wrong usage, policies or certificates."
)
@click.option(
    "-p",
    "--policies",
    multiple=True,
    metavar="PATH",
    help="Templates and constraints: files, folders or PolicyBundles; without, those of the cluster.",
)
@click.option(
    "--kubeconfig",
    metavar="FILE",
    help="How the cluster is reached; without, the cluster around, or KUBECONFIG.",
)
@click.option("--context", metavar="NAME", help="A context of the kubeconfig in place of its current one.")
@click.option(
    "--inventory",
    type=click.Choice(["cluster"]),
    help="With -p: Namespaces and what policies read are the cluster's all the same.",
)
@click.option(
    "--namespace",
    metavar="NAMESPACE",
    help="Where Lockgate is installed, and its Lease is; by default the Pod's, else lockgate-system.",
)
@click.option(
    "--break-glass",
    "break_glass",
    multiple=True,
    metavar="PATH",
    help="Break-glass grants and the policy about them: files or folders, followed.",
)
@click.option(
    "--break-glass-spool",
    "spool",
    metavar="DIR",
    help="Keep there what break-glass lets through while the trail cannot be reached; else it is denied.",
)
@click.option("--exemptions", multiple=True, metavar="PATH", help="Exemptions: files or folders.")
@click.option(
    "--listen",
    default="0.0.0.0:8443",
    show_default=True,
    metavar="ADDRESS:PORT",
    help="Where the API server calls; port 0: a free one.",
)
@click.option("--tls-cert", metavar="FILE", help="The certificate's chain (PEM); read again when it changes.")
@click.option("--tls-key", metavar="FILE", help="Its private key (PEM).")
@click.option(
    "--certificates",
    metavar="PLACE",
    help="In place of both: certificates of an authority of Lockgate's own, kept in a folder, or in secret:NAMESPACE/NAME "
    "and told to the webhook configuration `lockgate`.",
)
@click.option(
    "--certificate-name",
    "names",
    multiple=True,
    metavar="NAME",
    help="What they are for besides localhost, or the Service `lockgate` of the Secret's namespace.",
)
@click.option(
    "--client-ca",
    metavar="FILE",
    help="Only clients with a certificate of this CA, for a --client-name, are answered, or with the token.",
)
@click.option(
    "--client-name",
    "client_names",
    multiple=True,
    metavar="NAME",
    help="Common name or alternative name of a certificate of --client-ca that counts; may be repeated. '*': any.",
)
@click.option(
    "--token-file", metavar="FILE", help="Only /v1/admit/TOKEN is answered, or clients with a certificate."
)
@facts_options
@click.option(
    "--external-data",
    "answers",
    multiple=True,
    metavar="PATH",
    help="What providers of external data answer here (kind ExternalData): files or folders, followed. Other providers "
    "are the Providers among the policies, which are asked over HTTPS.",
)
@click.option(
    "--promoted-policies",
    metavar="NAME",
    help="Only what was promoted is in force: -p is a folder of PolicyBundles, of which the one counts that --promotions tells was promoted last as "
    "NAME into --environment (lockgate policy promote).",
)
@click.option(
    "--environment", metavar="NAME", help="With --promoted-policies: the environment that this cluster is."
)
@click.option(
    "--promotions",
    metavar="HOME",
    help="The home of the trail that promotions are recorded in, which may be that of --trail: the provider "
    "lockgate-promotions answers from it, and what the trail has counts within seconds.",
)
@click.option(
    "--provider-certificate",
    metavar="FILE",
    help="The certificate that providers are shown, with its chain (PEM); read again when it changes.",
)
@click.option("--provider-key", metavar="FILE", help="Its private key (PEM).")
@click.option(
    "--provider-client-ca",
    "asker_ca",
    metavar="FILE",
    help="Offer lockgate-devices (which devices of the cluster a request can reach), lockgate-environments (in which "
    "environment an object is) and what --external-data and --promotions say to Gatekeeper, at /providers/NAME, to clients with a certificate of this CA.",
)
@click.option(
    "--provider-client-name",
    "asker_names",
    multiple=True,
    metavar="NAME",
    help=f"A name of a certificate of --provider-client-ca that counts; may be repeated. '*': any. By default {GATEKEEPER}.",
)
@click.option(
    "--workers",
    default="auto",
    show_default=True,
    metavar="N",
    help="Processes that judge; auto: one a processor, as far as the container's limits on time and memory have room.",
)
@click.option("--probes", metavar="ADDRESS:PORT", help="Plain HTTP for /healthz, /readyz and /metrics.")
@click.option("--trail", metavar="HOME", help="Record every decision in this trail, or answer closed.")
@click.option(
    "--ledger",
    metavar="DATABASE",
    help="Hold objects to the cluster's DeviceQuotas by this ledger: a file of SQLite, or postgresql://…, which replicas share; "
    "trail: in the trail's database.",
)
@click.option(
    "--cluster-name",
    default="cluster",
    show_default=True,
    metavar="NAME",
    help="The cluster's name in the ledger, which may be that of several clusters, and in the EnvironmentMap.",
)
@click.option(
    "--judge-raised-namespaces",
    "living",
    is_flag=True,
    help="When the environment of a Namespace rises, judge what runs in it as if it entered there: refused, or warned of, by the "
    "constraint's enforcement action. Workloads are watched for it.",
)
@click.option(
    "--reservation-ttl",
    "ttl_s",
    default=TTL_S,
    show_default=True,
    type=click.FloatRange(1, 3_600),
    metavar="SECONDS",
    help="How old a reservation is before it is looked whether its object came to be: longer than the API server takes for a "
    "request.",
)
@click.option(
    "--sweep-interval",
    # As `install` has it.
    type=click.FloatRange(0, 3_600),
    metavar="SECONDS",
    help="Judge what lives in the cluster too, so often; 0: never. By default 60, where policies are the cluster's.",
)
@click.option(
    "--mode",
    type=click.Choice(["enforce", "observe"]),
    default="enforce",
    show_default=True,
    help="observe: everything is judged, nothing is denied.",
)
@click.option(
    "--exclude-namespace",
    "excluded",
    multiple=True,
    metavar="NAMESPACE",
    help="Its objects are let through unseen.",
)
@click.option(
    "--enforce-namespace",
    "enforced",
    multiple=True,
    metavar="NAMESPACE",
    help="With --mode observe: in this namespace it is enforced all the same.",
)
@click.option(
    "--namespace-editor",
    "editors",
    multiple=True,
    metavar="NAME",
    help="User, or group:NAME, who may change labels of Namespaces that policies and exemptions select by, besides "
    "system:masters and kubeadm:cluster-admins.",
)
@click.option(
    "--guarded-label",
    "guarded_labels",
    multiple=True,
    metavar="KEY",
    help="A label of Namespaces that policies read in their code: it is guarded as those that they select by are.",
)
@click.option(
    "--node-agent",
    "node_agents",
    multiple=True,
    metavar="NAME",
    help="As `lockgate install` was told: user, or group:NAME, by whom nodes come up. The webhook configuration leaves out "
    "what it writes of nodes.",
)
@click.option(
    "--drain",
    default=0.0,
    type=click.FloatRange(0, 120),
    show_default=True,
    metavar="SECONDS",
    help="How long answers end their connections before the server stops.",
)
@click.option(
    "--engine",
    type=click.Choice(["rego", "opa"]),
    help="rego: evaluate the Rego of templates that also have CEL; opa: have OPA servers evaluate the Rego.",
)
@opa_options
@click.option("--log-format", type=click.Choice(["json", "text"]), default="json", show_default=True)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def serve(
    policies: tuple[str, ...],
    kubeconfig: str | None,
    context: str | None,
    inventory: str | None,
    namespace: str | None,
    break_glass: tuple[str, ...],
    spool: str | None,
    exemptions: tuple[str, ...],
    listen: str,
    tls_cert: str | None,
    tls_key: str | None,
    certificates: str | None,
    names: tuple[str, ...],
    client_ca: str | None,
    client_names: tuple[str, ...],
    token_file: str | None,
    answers: tuple[str, ...],
    model_facts: "ModelFacts | None",
    promoted_policies: str | None,
    environment: str | None,
    promotions: str | None,
    provider_certificate: str | None,
    provider_key: str | None,
    asker_ca: str | None,
    asker_names: tuple[str, ...],
    workers: str,
    probes: str | None,
    trail: str | None,
    ledger: str | None,
    cluster_name: str,
    living: bool,
    ttl_s: float,
    sweep_interval: float | None,
    mode: str,
    excluded: tuple[str, ...],
    enforced: tuple[str, ...],
    editors: tuple[str, ...],
    guarded_labels: tuple[str, ...],
    node_agents: tuple[str, ...],
    drain: float,
    engine: str | None,
    opa_urls: tuple[str, ...],
    opa_ca: str | None,
    opa_token_file: str | None,
    log_format: str,
    log_level: str,
) -> int:
    """Answers the admission reviews of a Kubernetes API server.

    \b
    Examples:
      lockgate serve --kubeconfig ~/.kube/config --tls-cert tls.crt --tls-key tls.key
      lockgate serve -p policies/ --listen 0.0.0.0:8443 --probes 0.0.0.0:8081 \\
        --tls-cert tls.crt --tls-key tls.key
    """
    from shutil import rmtree

    from lockgate.webhook.extras import require_audit, require_serve

    require_serve()
    from lockgate.engine.codegen.cache import open_cache
    from lockgate.engine.errors import UsageError
    from lockgate.webhook.app.main_process import run_main
    from lockgate.webhook.app.serving_options import LedgerOptions, ProviderOptions, ServeOptions, TlsOptions
    from lockgate.webhook.serving.namespace_labels import EDITORS

    if trail is not None or promotions is not None:
        require_audit()
    cluster = None
    if not policies or inventory is not None:
        cluster = _cluster(kubeconfig or "", context or "", namespace, policies)
        cluster = replace(
            cluster,
            policies_from="promoted" if promoted_policies is not None else cluster.policies_from,
            claims="none" if trail is None else "looked for",
            installed=_installed(cluster.namespace, mode, excluded, enforced, node_agents),
        )
    elif (kubeconfig is not None or context is not None) and not (certificates or "").startswith("secret:"):
        raise UsageError(
            "a cluster is named, and with -p nothing is asked of it",
            hint="give --inventory cluster too, or leave out -p",
        )
    if living and cluster is None:
        raise UsageError(
            "--judge-raised-namespaces with -p: what runs has to be seen in a cluster",
            hint="give --inventory cluster too",
        )
    if ledger is not None and cluster is None:
        raise UsageError(
            "--ledger with -p: what is charged has to be seen in a cluster",
            hint="give --inventory cluster too",
        )
    if ledger is not None:
        require_audit()
    own = None if certificates is None else _own_certificates(certificates, names)
    if own is not None:
        own = replace(
            own, context=context or "", kubeconfig=kubeconfig or "", answers_providers=asker_ca is not None
        )
        if tls_cert is not None or tls_key is not None:
            raise UsageError("--certificates and --tls-cert", hint="give one of both")
        tls_cert, tls_key = f"{own.folder}/tls.crt", f"{own.folder}/tls.key"
    if tls_cert is None or tls_key is None:
        raise UsageError(
            "the API server calls over TLS",
            hint="name a certificate and its key, --tls-cert and --tls-key, or a place for our own: --certificates",
        )
    if (provider_certificate is None) != (provider_key is None):
        raise UsageError("--provider-certificate and --provider-key belong together")
    if policies and sweep_interval:
        raise UsageError(
            "--sweep-interval and -p: the server sweeps by the cluster's policies",
            hint="`lockgate sweep -p` judges what lives in a cluster by policies in files",
        )
    sweep_s = 0.0 if policies else SWEEP_S if sweep_interval is None else sweep_interval
    _check_clients(client_ca, client_names)
    _check_enforced(mode, enforced, excluded)
    cache = open_cache(None, os.environ)
    options = ServeOptions(
        policies=policies,
        exemptions=exemptions,
        cwd=os.getcwd(),
        listen=_address(listen, "--listen"),
        tls=TlsOptions(
            tls_cert,
            tls_key,
            client_ca or "",
            client_names,
            asker_ca or "",
            _asker_names(
                asker_ca, asker_names, bool(answers or model_facts or promotions) or cluster is not None
            ),
        ),
        workers=_workers(workers),
        probes=None if probes is None else _address(probes, "--probes"),
        mode="observe" if mode == "observe" else "enforce",
        excluded_namespaces=excluded,
        enforced_namespaces=enforced,
        namespace_editors=(*EDITORS, *editors),
        node_agents=node_agents,
        guarded_labels=_label_keys(guarded_labels),
        token="" if token_file is None else read_call_token(token_file),
        break_glass=break_glass,
        spool=spool or "",
        trail=trail or "",
        drain_s=drain,
        engine="default" if engine is None else "rego",
        opa=_opa(engine, opa_urls, opa_ca, opa_token_file),
        cache="" if cache is None else cache.folder,
        log_format="text" if log_format == "text" else "json",
        log_level=_level(log_level),
        certificates=own,
        cluster=cluster,
        providers=ProviderOptions(
            answers, provider_certificate or "", provider_key or "", model_facts, promotions or ""
        ),
        sweep_s=sweep_s,
        ledger=None if ledger is None else LedgerOptions(_database(ledger, trail), cluster_name, ttl_s),
        cluster_name=cluster_name,
        living=living,
        promoted=_promoted(promoted_policies, environment, policies, promotions, exemptions),
    )
    try:
        run_main(options)
    finally:
        if own is not None and own.secret is not None:
            # Copies of what the Secret keeps.
            rmtree(own.folder, ignore_errors=True)
    return 0
