"""Scenarios of what was there before a policy was: the server sweeps it, and its user sees it in status and report."""

from collections.abc import Callable

from tests.e2e.scenarios.installation import Installation, recorded
from tests.e2e.scenarios.policies import rule
from tests.e2e.scenarios.scenario import Scenario, Step
from tests.e2e.serving_cluster import until
from tests.gatekeeper.workbench import manifest

NAMESPACE = "lived-before"
PATH = "/apis/constraints.gatekeeper.sh/v1beta1/needsowner/lives"
SERVICES = ("old", "older")


def _service(name: str) -> dict[str, object]:
    return {**manifest("Service", name), "spec": {"ports": [{"port": 80}]}}


def _until_swept(count: int, *outcomes: str) -> Callable[[Installation], None]:
    """Until the status says so many violations; by then the last changes of verdicts are on the trail, and in metrics."""

    def first(installation: Installation) -> None:
        def told() -> object:
            return installation.cluster.ask("GET", PATH)[1].get("status", {}).get("totalViolations")

        until(lambda: told() == count, lambda: (told(), installation.server.log.read_text()[-3000:]))
        metric = f'lockgate_sweep_violations{{action="deny",constraint="lives",kind="NeedsOwner"}} {count}.0'
        until(lambda: metric in installation.server.probe("/metrics")[1].splitlines(), lambda: metric)
        swept = [one for one in recorded(installation.home) if one.endswith(" sweep v1/Service")]
        assert tuple(swept[-len(outcomes) :]) == tuple([f"{one} sweep v1/Service" for one in outcomes])

    return first


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        NAMESPACE,
        [
            Step(
                "get needsowner lives -o jsonpath={range.status.violations[*]}{.name}:{.message}:{.enforcementAction};{end}",
                "older:Service older has no owner:deny;old:Service old has no owner:deny;",
                first=_until_swept(2, "deny", "deny"),
            ),
            Step(
                "get policyreport lockgate -o jsonpath={.summary.fail}:{.results[0].resources[0].name}:{.results[0].message}",
                "2:old:Service old has no owner",
            ),
            Step("label service old owner=ada", "service/old labeled\n"),
            Step(
                "get policyreport lockgate -o jsonpath={.summary.fail}:{.results[0].resources[0].name}",
                "1:older",
                first=_until_swept(1, "allow"),
            ),
            Step("label service older owner=ada", "service/older labeled\n"),
            Step(
                "get policyreport lockgate",
                'Error from server (NotFound): policyreports.wgpolicyk8s.io "lockgate" not found\n',
                1,
                first=_until_swept(0, "allow"),
            ),
        ],
        in_force=[rule("NeedsOwner", "lives", NAMESPACE, "Service")],
        there=[_service(name) for name in SERVICES],
        trail=["allow UPDATE v1/Service"] * 2,
    ),
)
