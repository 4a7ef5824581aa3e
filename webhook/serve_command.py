"""`lockgate serve`: the command line of the admission server."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lockgate.webhook.app.logs import Level
    from lockgate.webhook.app.serving_options import Address, OwnCertificates
    from lockgate.webhook.cluster.follower import ClusterAccess

MAX_WORKERS = 64
MIN_TOKEN = 24
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
    if value == "auto":
        from lockgate.webhook.jobs import cores

        return max(1, min(cores(), MAX_WORKERS))
    if not value.isascii() or not value.isdecimal() or not 1 <= int(value[:6]) <= MAX_WORKERS:
        raise click.BadParameter(
            f"{value[:40]!r} is neither auto nor a number from 1 to {MAX_WORKERS}", param_hint="--workers"
        )
    return int(value)


def _level(name: str) -> "Level":
    from lockgate.webhook.app.logs import LEVELS

    return next(level for level in LEVELS if level == name)


def _token(path: str | None) -> str:
    from lockgate.engine.errors import UsageError

    if path is None:
        return ""
    try:
        with open(path, encoding="ascii") as file:
            token = file.read(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no ASCII text"
        raise UsageError(f"cannot read the token in {path}: {(said or str(error)).lower()}") from None
    if len(token) < MIN_TOKEN or not all(one.isalnum() or one in "-_." for one in token):
        raise UsageError(
            f"the token in {path} is not {MIN_TOKEN} or more letters, digits, - _ or .",
            hint=f"make one: openssl rand -hex {MIN_TOKEN}",
        )
    return token


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


def _pod_namespace() -> str:
    from lockgate.webhook.install.settings import NAMESPACE

    try:
        with open(POD_NAMESPACE, encoding="utf-8") as file:
            return file.read(256).strip() or NAMESPACE
    except OSError:
        return NAMESPACE


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
    help="Only clients with a certificate of this CA are answered, or with the token.",
)
@click.option(
    "--token-file", metavar="FILE", help="Only /v1/admit/TOKEN is answered, or clients with a certificate."
)
@click.option("--workers", default="auto", show_default=True, metavar="N", help="Processes that judge.")
@click.option("--probes", metavar="ADDRESS:PORT", help="Plain HTTP for /healthz, /readyz and /metrics.")
@click.option("--trail", metavar="HOME", help="Record every decision in this trail, or answer closed.")
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
    "--drain",
    default=0.0,
    type=click.FloatRange(0, 120),
    show_default=True,
    metavar="SECONDS",
    help="How long answers end their connections before the server stops.",
)
@click.option(
    "--engine", type=click.Choice(["rego"]), help="Evaluate the Rego of templates that also have CEL."
)
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
    token_file: str | None,
    workers: str,
    probes: str | None,
    trail: str | None,
    mode: str,
    excluded: tuple[str, ...],
    drain: float,
    engine: str | None,
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
    from lockgate.webhook.app.serving_options import ServeOptions, TlsOptions

    if trail is not None:
        require_audit()
    cluster = None
    if not policies or inventory is not None:
        cluster = _cluster(kubeconfig or "", context or "", namespace, policies)
    elif (kubeconfig is not None or context is not None) and not (certificates or "").startswith("secret:"):
        raise UsageError(
            "a cluster is named, and with -p nothing is asked of it",
            hint="give --inventory cluster too, or leave out -p",
        )
    own = None if certificates is None else _own_certificates(certificates, names)
    if own is not None:
        own = replace(own, context=context or "", kubeconfig=kubeconfig or "")
        if tls_cert is not None or tls_key is not None:
            raise UsageError("--certificates and --tls-cert", hint="give one of both")
        tls_cert, tls_key = f"{own.folder}/tls.crt", f"{own.folder}/tls.key"
    if tls_cert is None or tls_key is None:
        raise UsageError(
            "the API server calls over TLS",
            hint="name a certificate and its key, --tls-cert and --tls-key, or a place for our own: --certificates",
        )
    cache = open_cache(None, os.environ)
    options = ServeOptions(
        policies=policies,
        exemptions=exemptions,
        cwd=os.getcwd(),
        listen=_address(listen, "--listen"),
        tls=TlsOptions(tls_cert, tls_key, client_ca or ""),
        workers=_workers(workers),
        probes=None if probes is None else _address(probes, "--probes"),
        mode="observe" if mode == "observe" else "enforce",
        excluded_namespaces=excluded,
        token=_token(token_file),
        break_glass=break_glass,
        spool=spool or "",
        trail=trail or "",
        drain_s=drain,
        engine="rego" if engine == "rego" else "default",
        cache="" if cache is None else cache.folder,
        log_format="text" if log_format == "text" else "json",
        log_level=_level(log_level),
        certificates=own,
        cluster=cluster,
    )
    try:
        run_main(options)
    finally:
        if own is not None and own.secret is not None:
            # Copies of what the Secret keeps.
            rmtree(own.folder, ignore_errors=True)
    return 0
