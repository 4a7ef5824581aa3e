"""From facts to findings: every check, in the order in which one would mend things."""

from lockgate.engine.errors import UsageError
from lockgate.webhook.doctor.case import Case, Check, annotation
from lockgate.webhook.doctor.certificate_checks import check_certificates
from lockgate.webhook.doctor.cluster_checks import (
    check_clock,
    check_definitions,
    check_gatekeeper,
    check_policies,
    check_rights,
    check_version,
)
from lockgate.webhook.doctor.coverage_checks import check_coverage
from lockgate.webhook.doctor.facts import ClusterFacts
from lockgate.webhook.doctor.finding import Finding
from lockgate.webhook.doctor.promotion_checks import check_promotions
from lockgate.webhook.doctor.webhook_checks import check_configuration
from lockgate.webhook.doctor.workload_checks import check_trail, check_workload
from lockgate.webhook.install.options import parse_options
from lockgate.webhook.install.settings import InstallSettings
from lockgate.webhook.install.workload import OPTIONS_ANNOTATION


def diagnose(facts: ClusterFacts, namespace: str, now_ns: int) -> tuple[Finding, ...]:
    """Every finding."""
    settings, found = read_settings(facts, namespace)
    case = Case(facts, settings, now_ns)
    checks: tuple[Check, ...] = (
        check_version,
        check_clock,
        check_definitions,
        check_rights,
        check_workload,
        check_trail,
        check_configuration,
        check_certificates,
        check_gatekeeper,
        check_policies,
        check_promotions,
        check_coverage,
    )
    return (*found, *[finding for check in checks for finding in check(case)])


def read_settings(facts: ClusterFacts, namespace: str) -> tuple[InstallSettings, tuple[Finding, ...]]:
    """What the installation says that it was made with; as it would usually be, where it does not say."""
    usual = InstallSettings("IMAGE", namespace)
    deployment = facts.deployment.value
    if deployment is None:
        return usual, ()
    text = annotation(deployment, OPTIONS_ANNOTATION)
    try:
        settings = parse_options(text)
        if settings.namespace != namespace:
            raise UsageError("it is of another namespace")
        return settings, ()
    except UsageError as error:
        where = f"Deployment {namespace}/lockgate"
        message = f"its annotation {OPTIONS_ANNOTATION} does not say how it was installed: {error.message}"
        fix = "lockgate install … | kubectl apply -f -, with the options that it was installed with"
        return usual, (Finding("warning", "options", where, message, fix),)
