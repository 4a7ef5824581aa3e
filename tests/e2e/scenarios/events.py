"""Scenarios in which something happens to the server, to its policies or to the API server."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lockgate.webhook.cli import run
from lockgate.webhook.cluster.webhook_configurations import PATH

from tests.e2e.cluster import kubectl
from tests.e2e.postgres import running_postgres
from tests.e2e.scenarios import beside
from tests.e2e.scenarios.installation import EXCLUDED, Installation, recorded
from tests.e2e.scenarios.objects import OWNED, config_map
from tests.e2e.scenarios.policies import rule
from tests.e2e.scenarios.scenario import Json, Scenario, Step, denied, warned
from tests.e2e.scenarios.traffic import traffic
from tests.e2e.scenarios.users import LABELLER
from tests.gatekeeper.break_glass.making import ADA
from tests.gatekeeper.exemptions.making import exemption
from tests.webhook.serving.server_processes import SECONDS, STEP_SECONDS, write_identity

CREATED = "configmap/settings created\n"


def _change_policies(installation: Installation) -> None:
    """The constraint warns from now on; what is asked meanwhile is answered by it as it was or as it is."""
    count = len(installation.server.events("policies changed"))
    with traffic(installation.cluster, "under-traffic", "[steady] ConfigMap asked has no owner") as going:
        installation.apply(rule("NeedsOwner", "changes", "policy-changed", "ConfigMap", action="warn"))
        installation.server.wait_for("policies changed", count + 1)
        installation.until_in_force("NeedsOwner", "changes")
        going.more(20)


def _rotate(installation: Installation) -> None:
    """The API server is told of the next authority, then the server shows its certificate."""
    folder = installation.folder / "next"
    folder.mkdir()
    new, shown = write_identity(folder), installation.server.identity
    both = new.certificate.read_bytes() + shown.certificate.read_bytes()
    with traffic(installation.cluster, "under-traffic", "[steady] ConfigMap asked has no owner") as going:
        bundle = base64.b64encode(both).decode()
        status, configuration = installation.cluster.ask("GET", f"{PATH}/lockgate")
        assert status == 200, configuration
        change = [
            {"op": "replace", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": bundle}
            for index in range(len(configuration["webhooks"]))
        ]
        arguments = (
            "patch",
            "validatingwebhookconfiguration",
            "lockgate",
            "--type=json",
            "-p",
            json.dumps(change),
        )
        done = kubectl(installation.cluster, *arguments)
        assert done.returncode == 0, done.stderr
        going.more(10)
        shown.key.write_bytes(new.key.read_bytes())
        shown.certificate.write_bytes(both)
        installation.server.wait_for("certificate changed")
        going.more(20)


def _kill_worker(installation: Installation) -> None:
    main = installation.server.process.pid
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(main)], capture_output=True, text=True, check=True
    )
    workers = [line.split()[0] for line in listed.stdout.splitlines() if "worker_main" in line]
    os.kill(int(workers[0]), signal.SIGKILL)
    installation.server.wait_for("worker ended")
    end = time.monotonic() + SECONDS
    while installation.server.probe("/readyz")[0] != 200:
        assert time.monotonic() < end
        time.sleep(STEP_SECONDS)


def _lose_watches(installation: Installation) -> None:
    """The API server is away, and has forgotten where the watches were; meanwhile a constraint has changed."""
    cluster, server = installation.cluster, installation.server
    cluster.server.kill()
    server.wait_for("cluster not reached")
    assert server.probe("/readyz")[0] == 200
    cluster.server.start()
    installation.apply(rule("NeedsOwner", "restarted", "api-server-restarted", "ConfigMap", action="warn"))
    cluster.compact()
    installation.until_in_force("NeedsOwner", "restarted")


def _kill_webhook(installation: Installation) -> None:
    server = beside.start(installation, "webhook-killed")
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()


def _shut_down(installation: Installation) -> None:
    """What was asked until clients went elsewhere was answered."""
    server = beside.start(installation, "shut-down", ("--drain", "5"))
    with traffic(installation.cluster, "shut-down", "[owners] asked has no owner") as going:
        going.more(10)
        server.process.terminate()
        server.wait_for("stopping")
        assert server.probe("/readyz")[0] == 503
        going.more(10)
    assert server.process.wait(SECONDS) == 0
    beside.start(installation, "shut-down")


def _replicate(installation: Installation) -> None:
    """Two servers record in one log; the API server asks the second after the first."""
    postgres = installation.beside.enter_context(running_postgres())
    folder = Path(mkdtemp(dir=installation.folder))
    homes = [folder / name for name in ("one", "two")]
    origin = ["--origin", "lockgate.test/replicas", "--store", postgres.url]
    assert run(["audit", "init", str(homes[0]), *origin]) == 0
    shutil.copytree(homes[0], homes[1])
    first, second = [beside.start(installation, "replicas", ("--trail", str(home))) for home in homes]
    beside.ask(installation, first, "replicas")
    step = Step("create -f -", "", given=config_map("by-one", labels=OWNED))
    assert installation.run(step, "replicas") == (0, "configmap/by-one created\n")
    beside.ask(installation, second, "replicas")
    step = Step("create -f -", "", given=config_map("by-two"))
    said = denied("[owners] by-two has no owner", webhook=beside.WEBHOOK)
    assert installation.run(step, "replicas") == (1, said)
    written = ("allow CREATE v1/ConfigMap", "deny CREATE v1/ConfigMap")
    assert recorded(homes[0]) == recorded(homes[1]) == written
    # The first is lost; the other goes on.
    os.kill(first.process.pid, signal.SIGKILL)


def _grant(installation: Installation) -> str:
    """What `lockgate break-glass` prints."""
    key = installation.folder / "ada.pem"
    key.write_bytes(ADA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key.chmod(0o600)
    command = [sys.executable, "-m", "lockgate.webhook", "break-glass", "--reason", "the registry is down"]
    command += ["--ticket", "OPS-1", "--for", "20m", "--key", str(key), "--signer", "ada"]
    command += ["--audience", "prod-eu-1", "--namespace", "break-glass"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


def _break_glass(installation: Installation) -> None:
    installation.server.wait_for("break-glass granted")


def _return(installation: Installation) -> None:
    installation.server.wait_for("break-glass revoked")


def _exempting(name: str, policy: str, namespace: str, issued: int, expires: int) -> Json:
    """An Exemption from some days ago until some days from now."""
    now = datetime.now(UTC)
    texts = [(now + timedelta(days=one)).strftime("%Y-%m-%dT%H:%M:%SZ") for one in (issued, expires)]
    return exemption(
        name,
        policies=[{"kind": "NeedsOwner", "name": policy}],
        match={"namespaces": [namespace]},
        issuedAt=texts[0],
        expiresAt=texts[1],
    )


# A Namespace is in itself for RBAC: whoever administers one may be given its labels.
_MAY_LABEL: list[Json] = [
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "labels"},
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["namespaces", "namespaces/status"],
                "verbs": ["get", "patch", "update"],
            }
        ],
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "labels"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "labels"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": LABELLER}],
    },
]

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        EXCLUDED,
        [Step("create -f -", CREATED, given=config_map())],
        in_force=[rule("NeedsOwner", "of-excluded", EXCLUDED, "ConfigMap")],
    ),
    Scenario(
        "exempted",
        [Step("create -f -", CREATED, given=config_map())],
        in_force=[
            rule("NeedsOwner", "exempt", "exempted", "ConfigMap"),
            _exempting("until-tomorrow", "exempt", "exempted", -1, 1),
        ],
        trail=["allow CREATE v1/ConfigMap", "exempted by until-tomorrow"],
    ),
    Scenario(
        "exemption-expired",
        [Step("create -f -", denied("[was-exempt] ConfigMap settings has no owner"), 1, config_map())],
        in_force=[
            rule("NeedsOwner", "was-exempt", "exemption-expired", "ConfigMap"),
            _exempting("until-yesterday", "was-exempt", "exemption-expired", -2, -1),
        ],
        trail=["deny CREATE v1/ConfigMap"],
    ),
    Scenario(
        "under-traffic",
        [Step("create -f -", CREATED, given=config_map(labels=OWNED))],
        in_force=[rule("NeedsOwner", "steady", "under-traffic", "ConfigMap")],
        trail=["allow CREATE v1/ConfigMap"],
    ),
    Scenario(
        "policy-changed",
        [
            Step("create -f -", denied("[changes] ConfigMap settings has no owner"), 1, config_map()),
            Step(
                "create -f -",
                warned("[changes] ConfigMap settings has no owner") + CREATED,
                given=config_map(),
                first=_change_policies,
            ),
        ],
        in_force=[rule("NeedsOwner", "changes", "policy-changed", "ConfigMap")],
        trail=["deny CREATE v1/ConfigMap", "warn CREATE v1/ConfigMap"],
    ),
    Scenario(
        "certificate-rotated",
        [
            Step(
                "create -f -",
                denied("[rotated] ConfigMap settings has no owner"),
                1,
                config_map(),
                first=_rotate,
            )
        ],
        in_force=[rule("NeedsOwner", "rotated", "certificate-rotated", "ConfigMap")],
        trail=["deny CREATE v1/ConfigMap"],
    ),
    Scenario(
        "worker-killed",
        [
            Step(
                "create -f -",
                denied("[alive] ConfigMap settings has no owner"),
                1,
                config_map(),
                first=_kill_worker,
            )
        ],
        in_force=[rule("NeedsOwner", "alive", "worker-killed", "ConfigMap")],
        trail=["deny CREATE v1/ConfigMap"],
    ),
    Scenario(
        "api-server-restarted",
        [
            Step(
                "create -f -",
                warned("[restarted] ConfigMap settings has no owner") + CREATED,
                given=config_map(),
                first=_lose_watches,
            )
        ],
        in_force=[rule("NeedsOwner", "restarted", "api-server-restarted", "ConfigMap")],
        trail=["warn CREATE v1/ConfigMap"],
    ),
    Scenario(
        "webhook-killed",
        [
            Step(
                "create -f -",
                'Error from server (InternalError): error when creating "STDIN": Internal error occurred: failed calling '
                f'webhook "{beside.WEBHOOK}": failed to call webhook: Post "https://127.0.0.1:PORT/v1/admit?timeout=8s": '
                "dial tcp 127.0.0.1:PORT: connect: connection refused\n",
                1,
                config_map(labels=OWNED),
                first=_kill_webhook,
            ),
            Step(
                "create -f -",
                CREATED,
                given=config_map(labels=OWNED),
                first=beside.starting("webhook-killed"),
            ),
        ],
    ),
    Scenario(
        "shut-down",
        [
            Step(
                "create -f -",
                denied("[owners] settings has no owner", webhook=beside.WEBHOOK),
                1,
                config_map(),
                first=_shut_down,
            )
        ],
    ),
    Scenario(
        "observed-then-enforced",
        [
            Step(
                "create -f -",
                CREATED,
                given=config_map(),
                first=beside.starting("observed-then-enforced", "--mode", "observe"),
            ),
            Step(
                "create -f -",
                denied("[owners] later has no owner", webhook=beside.WEBHOOK),
                1,
                config_map("later"),
                first=beside.starting("observed-then-enforced", "--mode", "enforce"),
            ),
        ],
    ),
    Scenario(
        "one-namespace-enforced",
        [
            Step(
                "create -f -",
                CREATED,
                given=config_map(),
                first=beside.starting(
                    "one-namespace-enforced", "--mode", "observe", "--enforce-namespace", "another"
                ),
            ),
            Step(
                "create -f -",
                denied("[owners] later has no owner", webhook=beside.WEBHOOK),
                1,
                config_map("later"),
                first=beside.starting(
                    "one-namespace-enforced",
                    "--mode",
                    "observe",
                    "--enforce-namespace",
                    "one-namespace-enforced",
                ),
            ),
        ],
    ),
    Scenario(
        "label-of-a-namespace",
        [
            Step(
                "label namespace label-of-a-namespace judged=no --overwrite",
                denied(
                    "labels of Namespace label-of-a-namespace decide what is judged in it: judged ('yes' → 'no'); "
                    "only accounts that --namespace-editor names may change them",
                    doing="",
                    webhook="namespaces.lockgate.dev",
                ),
                1,
                user=LABELLER,
            ),
            Step(
                "label namespace label-of-a-namespace other=no",
                "namespace/label-of-a-namespace labeled\n",
                user=LABELLER,
            ),
            # The labels can be reached through a subresource too.
            Step(
                'patch namespace label-of-a-namespace --subresource=status --type=merge -p {"metadata":{"labels":{"judged":null}}}',
                denied(
                    "labels of Namespace label-of-a-namespace decide what is judged in it: judged ('yes' → none); "
                    "only accounts that --namespace-editor names may change them",
                    doing="",
                    webhook="namespaces.lockgate.dev",
                ),
                1,
                user=LABELLER,
            ),
            Step("create -f -", denied("[labelled] ConfigMap settings has no owner"), 1, config_map()),
            Step(
                "label namespace label-of-a-namespace judged=no --overwrite",
                "namespace/label-of-a-namespace labeled\n",
            ),
        ],
        in_force=[
            rule(
                "NeedsOwner",
                "labelled",
                "",
                "ConfigMap",
                match={"namespaceSelector": {"matchLabels": {"judged": "yes"}}},
            )
        ],
        there=_MAY_LABEL,
        labels=(("judged", "yes"),),
        trail=["deny CREATE v1/ConfigMap"],
    ),
    Scenario(
        "replicas",
        [
            Step(
                "create -f -",
                denied("[owners] settings has no owner", webhook=beside.WEBHOOK),
                1,
                config_map(),
                first=_replicate,
            )
        ],
    ),
    Scenario(
        "break-glass",
        [
            Step("create -f -", denied("[glass] ConfigMap settings has no owner"), 1, config_map()),
            Step("apply -f -", "breakglass.breakglass.lockgate.dev/GLASS created\n", given=_grant),
            Step(
                "create -f -",
                warned("[break-glass] GLASS (OPS-1) until TIME lets through what NeedsOwner/glass denies")
                + CREATED,
                given=config_map(),
                first=_break_glass,
            ),
            Step(
                "delete breakglass --all --output=name",
                warned("deleting cluster-scoped resources, not scoped to the provided namespace")
                + "breakglass.breakglass.lockgate.dev/GLASS\n",
            ),
            Step(
                "create -f -",
                denied("[glass] ConfigMap later has no owner"),
                1,
                config_map("later"),
                first=_return,
            ),
        ],
        in_force=[rule("NeedsOwner", "glass", "break-glass", "ConfigMap")],
        trail=[
            "deny CREATE v1/ConfigMap",
            "deny CREATE v1/ConfigMap",
            "let through by GLASS: deny CREATE v1/ConfigMap",
            "deny CREATE v1/ConfigMap",
        ],
    ),
)
