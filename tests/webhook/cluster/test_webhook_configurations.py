"""Rules of webhooks: what is not there yet is tried again."""

from contextlib import closing

from kubernetes import client
from lockgate.webhook.cluster.webhook_configurations import PATH, WebhookConfigurations

from tests.webhook.cluster.listing_server import Served, serving


def test_rules_of_a_configuration_that_is_not_there_are_not_written() -> None:
    # Taken for written, a configuration that is applied a moment later would be without rules for a minute.
    with serving(Served(discovery={}, lists={})) as address:
        configuration = client.Configuration(host=address)
        configuration.retries = False
        with closing(client.ApiClient(configuration)) as api:
            assert not WebhookConfigurations(api, ("lockgate",)).write_rules({"validation.lockgate.dev": ()})


def test_rules_that_are_there_are_left_alone() -> None:
    served = Served(discovery={f"{PATH}/lockgate": {"webhooks": [{"name": "a", "rules": []}]}}, lists={})
    with serving(served) as address:
        configuration = client.Configuration(host=address)
        configuration.retries = False
        with closing(client.ApiClient(configuration)) as api:
            assert WebhookConfigurations(api, ("lockgate",)).write_rules({"a": ()})
