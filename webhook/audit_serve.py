"""`lockgate audit serve`: the auditor's API and pages over a trail."""

from contextlib import closing
from pathlib import Path
from socket import socket

import click
from lockgate.engine.errors import UsageError
from lockgate.webhook.audit_options import LOG_KEYS, TRAIL, TRUST
from lockgate.webhook.inventory_options import policy_key_option
from lockgate.webhook.terminal import printable

_MOST_AT_ONCE = 64


@click.command(
    epilog="Exit codes: 0 stopped; 2 wrong usage, or it could not be done; 3 tampering; 4 cannot verify."
)
@click.option(
    "--listen",
    default="127.0.0.1:8088",
    metavar="ADDRESS:PORT",
    show_default=True,
    help="Where it is asked. Port 0 takes a free one.",
)
@click.option(
    "--auditors",
    metavar="FILE",
    help="Who may ask what: auditors.toml (docs/auditor.md). Needed without --cluster.",
)
@click.option(
    "--cluster", is_flag=True, help="Know callers by TokenReview, and their rights by SubjectAccessReview."
)
@click.option("--context", default="", metavar="NAME", help="With --cluster: the context of the kubeconfig.")
@click.option("--audience", default="", metavar="TEXT", help="With --cluster: that tokens have to be for.")
@click.option(
    "--tls-cert", metavar="FILE", help="The certificate's chain, PEM. Needed to listen beyond this machine."
)
@click.option("--tls-key", metavar="FILE", help="Its private key, PEM.")
@click.option(
    "--policies",
    multiple=True,
    metavar="NAME=PATH",
    help="Policies that replays may be asked for by this name: a file, folder or PolicyBundle; may be repeated.",
)
@policy_key_option
@LOG_KEYS
@TRUST
@TRAIL
def serve(
    listen: str,
    auditors: str | None,
    cluster: bool,
    context: str,
    audience: str,
    tls_cert: str | None,
    tls_key: str | None,
    policies: tuple[str, ...],
    policy_keys: tuple[str, ...],
    log_keys: tuple[str, ...],
    trust: str | None,
    home: str,
) -> None:
    """Answers auditors over HTTP, by an API and by pages for a browser: read only, each for what they may see. Looks at identities, exports, replays and verifications are kept in the log.

    \b
    Examples:
      lockgate audit serve --auditors auditors.toml --trail trail/
      lockgate audit serve --auditors auditors.toml --policies now=policies/ --policies next=next.tar.gz --trail trail/
      lockgate audit serve --cluster --listen 0.0.0.0:8443 --tls-cert tls.crt --tls-key tls.key --trail trail/
    """
    from lockgate.webhook.extras import require_web

    require_web()
    import uvicorn
    from lockgate.audit.store.appender import system_clock
    from lockgate.audit.store.tallies import DayTallies
    from lockgate.audit.web.api import Api
    from lockgate.audit.web.app import make_app
    from lockgate.audit.web.caller import Authenticator, Rights
    from lockgate.audit.web.jobs import Jobs, Work
    from lockgate.audit.web.pages import Pages, page_routes
    from lockgate.webhook.audit_backend import TrailBackend
    from lockgate.webhook.audit_jobs import Commands, named_policies
    from lockgate.webhook.auditors_file import read_auditors
    from lockgate.webhook.trail_reading import open_reading

    host, port = _address(listen)
    if (tls_cert is None) != (tls_key is None):
        raise UsageError("--tls-cert and --tls-key go together")
    if tls_cert is None and host not in ("127.0.0.1", "::1", "localhost"):
        raise UsageError(
            "tokens would go over the network in the clear",
            hint="give --tls-cert and --tls-key, or listen on 127.0.0.1",
        )
    if auditors is None and not cluster:
        raise UsageError("nobody is known", hint="give --auditors FILE, or --cluster")
    if (context or audience) and not cluster:
        raise UsageError("--context and --audience go with --cluster")
    known = None if auditors is None else read_auditors(auditors, system_clock)
    authenticators: list[Authenticator] = [] if known is None else [known]
    rights: Rights | None = known
    if cluster:
        from lockgate.webhook.extras import require_cluster

        require_cluster()
        from lockgate.webhook.cluster.access_reviews import ClusterRights, ClusterTokens
        from lockgate.webhook.cluster.connection import open_client

        client = open_client(context)
        authenticators.append(ClusterTokens(client, audience))
        # A file beside says who else is known; what anybody may is the cluster's to say.
        rights = ClusterRights(client)
    assert rights is not None
    replayed = named_policies(policies)
    jobs = Jobs(Commands(str(Path(home).resolve()), replayed, policy_keys, log_keys, trust), system_clock)
    with closing(jobs), open_reading(home, log_keys, trust) as reading:
        if reading.trail is None:
            raise UsageError("an export is asked with `lockgate audit query`", hint="name a trail's home")
        backend = TrailBackend(reading, reading.trail)
        # Whoever starts it hears of tampering, and not only the first who asks.
        size = backend.engine("").size
        pages = Pages(backend, rights, authenticators, DayTallies(reading.trail.store))
        config = uvicorn.Config(
            make_app(Api(backend, rights, Work(jobs, tuple(replayed))), authenticators, page_routes(pages)),
            host=host,
            port=port,
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
            ws="none",
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            access_log=False,
            log_level="warning",
            limit_concurrency=_MOST_AT_ONCE,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=10,
        )
        sockets = [config.bind_socket()]
        # Whoever reads the line below may come at once.
        sockets[0].listen(_MOST_AT_ONCE)
        shown = sockets[0].getsockname()[1]
        scheme = "http" if tls_cert is None else "https"
        click.echo(
            f"{printable(reading.trust.origin)}, {size} entries: {scheme}://{host}:{shown}/v1/openapi.json",
            err=True,
        )
        click.echo(f"pages for a browser: {scheme}://{host}:{shown}/", err=True)

        class Serving(uvicorn.Server):
            """Stops what runs for callers too: behind this the signal that ends the server ends the process at once."""

            async def shutdown(self, sockets: list[socket] | None = None) -> None:
                jobs.close()
                await super().shutdown(sockets)

        Serving(config).run(sockets=sockets)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdecimal() or int(port[:6]) > 65_535:
        raise click.BadParameter(f"{text[:60]!r} is not written ADDRESS:PORT", param_hint="--listen")
    return host.strip("[]"), int(port)
