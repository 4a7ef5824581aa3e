"""The options of commands that judge: whose policies, with which inventory and external data; what comes of them."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click
from lockgate.engine.record import record

if TYPE_CHECKING:
    from lockgate.engine.devices.shelf import Devices
    from lockgate.engine.documents.document import Document
    from lockgate.engine.external_data import Providers
    from lockgate.engine.gvk import GroupVersionKind
    from lockgate.engine.policy import PolicySet
    from lockgate.gatekeeper.inventory_needs import InventoryNeeds
    from lockgate.gatekeeper.webhook_scope import Scopes
    from lockgate.webhook.base import Base
    from lockgate.webhook.config import Config
    from lockgate.webhook.deciding import Deciding
    from lockgate.webhook.gate import Gate
    from lockgate.webhook.inputs import Inputs
    from lockgate.webhook.inventory import Listed
    from lockgate.webhook.inventory_objects import Inventory
    from lockgate.webhook.model_facts import ModelFacts
    from lockgate.webhook.promotions.file_environments import FileEnvironments
    from lockgate.webhook.tree import ClusterView
    from lockgate.webhook.walk import Walk


# Names the keys for all checks of a CI.
POLICY_KEY_VARIABLE: Final = "LOCKGATE_POLICY_KEY"


def policy_key_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --policy-key: the parameter `policy_keys`."""
    add = click.option(
        "--policy-key",
        "policy_keys",
        multiple=True,
        metavar="FILE",
        help="Take only PolicyBundles that are signed with this public key (PEM); may be repeated, one has to have "
        f"signed. Else {POLICY_KEY_VARIABLE}, with the system's path separator between.",
    )
    return add(command)


def named_keys(given: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The files that the option names, else the environment."""
    return given or tuple([one for one in environment.get(POLICY_KEY_VARIABLE, "").split(os.pathsep) if one])


def inventory_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --inventory and --inventory-kind: the parameters `inventories` and `inventory_kinds`."""
    add_kinds = click.option(
        "--inventory-kind",
        "inventory_kinds",
        multiple=True,
        metavar="KIND",
        help="A kind, such as v1/Service, of which there are no objects but those of the sources; may be repeated.",
    )
    add_sources = click.option(
        "--inventory",
        "inventories",
        multiple=True,
        metavar="SOURCE",
        help="What policies find under data.inventory: a snapshot (a file or folder of objects or Lists), `tree` for the "
        "objects that are judged, `cluster` or `cluster:CONTEXT` for a live one; may be repeated. Without it such policies "
        "are not evaluated.",
    )
    return add_sources(add_kinds(command))


@record
class ExternalRequest:
    """Who answers for external data: fixtures in files, and whether Providers among the policies are asked.

    certificate, key: what providers are shown; empty without. models: signed facts, by which `lockgate-models` answers.
    promotions: the home of the trail by which `lockgate-promotions` answers; empty without.
    """

    files: tuple[str, ...] = ()
    providers: bool = False
    certificate: str = ""
    key: str = ""
    models: "ModelFacts | None" = None
    promotions: str = ""


def external_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --external-data, --allow-providers, --provider-certificate and --provider-key, by these names."""
    for option in (
        click.option(
            "--provider-key",
            metavar="FILE",
            help="The key of --provider-certificate: PEM, without a password.",
        ),
        click.option(
            "--provider-certificate",
            metavar="FILE",
            help="The certificate that providers are shown, with its chain: PEM.",
        ),
        click.option(
            "--allow-providers",
            is_flag=True,
            help="Ask the Providers among the policies, over HTTPS. Nothing is asked without it, since whoever writes a "
            "Provider chooses what is reached from here.",
        ),
        click.option(
            "--external-data",
            "external_data",
            multiple=True,
            metavar="FILE",
            help="What providers answer (kind ExternalData), so that they are not asked; may be repeated. Without an "
            "answer a policy that asks for it is not evaluated.",
        ),
    ):
        command = option(command)
    return command


def read_external_options(
    files: tuple[str, ...],
    allow_providers: bool,
    certificate: str | None,
    key: str | None,
    models: "ModelFacts | None",
) -> ExternalRequest:
    """The request that the options make. Raises UsageError for options that do not go together."""
    from lockgate.engine.errors import UsageError

    if (certificate is None) != (key is None):
        raise UsageError("--provider-certificate and --provider-key belong together")
    if certificate is not None and not allow_providers:
        raise UsageError(
            "--provider-certificate is for providers that are asked", hint="add --allow-providers"
        )
    return ExternalRequest(files, allow_providers, certificate or "", key or "", models)


def _scopes(webhooks: "Sequence[Document]", own_namespaces: frozenset[str]) -> "Scopes | None":
    if not webhooks:
        return None
    from lockgate.gatekeeper.webhook_scope import load_scopes

    return load_scopes(webhooks, own_namespaces)


@record
class GateMaker:
    """Makes the Gates of a command: options, files to judge, and the clock that policies see (Unix time).

    sources, kinds: what --inventory and --inventory-kind name. external: who answers for external data.
    stack: closes what the Gates keep open. quotas: the file with a snapshot of quotas.
    """

    sources: tuple[str, ...]
    kinds: tuple[str, ...]
    walk: "Walk"
    now_ns: int
    external: ExternalRequest
    stack: ExitStack
    quotas: str | None = None

    def make(
        self,
        deciding: "Deciding",
        inputs: "Inputs",
        view: "ClusterView",
        environments: "FileEnvironments | None" = None,
    ) -> "tuple[Gate, tuple[str, ...]]":
        """The Gate of what decides, and remarks on its inventory. environments: answers for the file that is judged.

        Raises LockgateError for a wrong source.
        """
        from lockgate.engine.codegen.budget import Limits
        from lockgate.engine.policy import Facts
        from lockgate.webhook.gate import Gate

        inventory = self._inventory(deciding, inputs, view)
        facts = Facts() if inventory is None else inventory.facts
        devices = None if inventory is None else inventory.devices
        if devices is None and deciding.loaded.loaded.asks_devices:
            from lockgate.engine.devices.shelf import Shelf

            # Says what would have to be known.
            devices = Shelf().devices()
        external = self.external
        answers = (
            external.files
            or external.providers
            or external.models
            or external.promotions
            or devices is not None
            or environments is not None
        )
        if answers and deciding.loaded.loaded.asks:
            facts = replace(facts, providers=self._providers(deciding, inputs, devices, environments))
        made = Gate(
            policies=self._policies(deciding, inputs, view),
            facts=facts,
            limits=Limits(),
            now_ns=self.now_ns,
            exemptions=deciding.exemptions,
            sync=deciding.loaded.loaded.sync,
            expansion=deciding.loaded.loaded.expansion,
            masker=None if inventory is None else inventory.masker,
            scopes=_scopes(deciding.loaded.webhooks, view.own_namespaces),
            own_namespaces=view.own_namespaces,
        )
        return made, () if inventory is None else inventory.notices

    def without_providers(self) -> "GateMaker":
        """The same, asking no Provider: for policies of a change, which would choose what is reached from here."""
        external = self.external
        return replace(
            self,
            external=ExternalRequest(external.files, models=external.models, promotions=external.promotions),
        )

    def _policies(self, deciding: "Deciding", inputs: "Inputs", view: "ClusterView") -> "PolicySet":
        """The policies, and the quotas of the snapshot if there is one."""
        policies = deciding.loaded.policies
        if self.quotas is None:
            return policies
        from lockgate.engine.codegen.cache import open_cache
        from lockgate.webhook.first_pass import tree_objects
        from lockgate.webhook.inventory_objects import Present
        from lockgate.webhook.quota.checking import QuotaSource

        base = deciding.base
        # A change does not bring the snapshot that it is judged with.
        path = self.quotas if base is None else base.paths([self.quotas], "the quota snapshot")[0]
        objects = tree_objects(inputs, self.walk, view)
        source = QuotaSource(path, self.quotas, open_cache(None, os.environ))
        return source.beside(policies, (one.value for one in objects if isinstance(one, Present)))

    def _providers(
        self,
        deciding: "Deciding",
        inputs: "Inputs",
        devices: "Devices | None",
        environments: "FileEnvironments | None",
    ) -> "Providers":
        from lockgate.webhook.external_data import make_providers

        base = deciding.base
        files: Sequence[str] = self.external.files
        if base is not None:
            # A change does not bring the answers that it is judged with.
            files = base.paths(files, "external data")
        cwd = inputs.cwd if base is None else base.folder
        external = self.external
        if base is not None and external.models is not None:
            from lockgate.webhook.base_facts import facts_of_base

            # Nor those whose facts count; facts themselves are signed.
            external = replace(external, models=facts_of_base(external.models, base, inputs.cwd))
        if base is not None:
            refuse_brought(external.promotions, base)
        return make_providers(
            external, files, cwd, deciding.loaded.loaded.providers, devices, self.stack, environments
        )

    def _inventory(self, deciding: "Deciding", inputs: "Inputs", view: "ClusterView") -> "Inventory | None":
        """The inventory; None where nobody asks for one, or no policy reads it or asks about its devices."""
        loaded, base = deciding.loaded.loaded, deciding.base
        if not (self.sources or self.kinds or deciding.settings.inventory.sources):
            return None
        from lockgate.webhook.inventory_request import choose_inventory

        request = choose_inventory(self.sources, self.kinds, deciding.settings)
        if not (loaded.needs.reads or loaded.asks_devices):
            return None
        from lockgate.engine.devices.shelf import Shelf
        from lockgate.webhook.first_pass import tree_objects
        from lockgate.webhook.inventory import Sources, load_inventory

        def place(path: str) -> str:
            # A change does not bring the snapshot that it is judged with.
            return path if base is None else base.paths([path], "the inventory")[0]

        return load_inventory(
            request,
            loaded.needs,
            loaded.sync,
            Sources(
                tree=lambda: tree_objects(inputs, self.walk, view),
                place=place,
                list_cluster=_list_cluster,
                cwd=inputs.cwd if base is None else base.folder,
                # A change does not bring the devices that it is judged with.
                trusts_tree=base is None,
            ),
            Shelf() if loaded.asks_devices else None,
        )


def environments_of_files(
    deciding: "Deciding", config: "Config", view: "ClusterView"
) -> "FileEnvironments | None":
    """Who tells policies that ask in which environment the objects of a file are; None where none asks, or nobody knows."""
    loaded = deciding.loaded
    if not loaded.loaded.asks or not (config.environments or config.folders or loaded.promotions):
        return None
    from lockgate.webhook.promotions.file_environments import file_environments

    return file_environments(config, loaded.promotions, view.namespaces)


def refuse_brought(promotions: str, base: "Base") -> None:
    """Refuses a trail that a change could bring. Raises UsageError."""
    if promotions and base.inside(promotions) is not None:
        from lockgate.engine.errors import UsageError

        raise UsageError(
            f"the trail {promotions} lies in the repository, and a change would be judged by what it brings",
            hint="name one that lies outside",
        )


def _list_cluster(
    context: str, needs: "InventoryNeeds", wanted: "frozenset[GroupVersionKind] | None"
) -> "Listed":
    from lockgate.webhook.extras import require_cluster

    require_cluster()
    from lockgate.webhook.cluster.inventory import list_objects

    return list_objects(context, needs, wanted)


def opa_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --opa-url, --opa-ca and --opa-token-file, by these names (`opa_urls` for the first)."""
    for option in (
        click.option(
            "--opa-token-file",
            metavar="FILE",
            help="The bearer token for OPA servers; else LOCKGATE_OPA_TOKEN.",
        ),
        click.option(
            "--opa-ca",
            metavar="FILE",
            help="Certificates (PEM) that OPA servers are verified by; else LOCKGATE_OPA_CA, else public ones.",
        ),
        click.option(
            "--opa-url",
            "opa_urls",
            multiple=True,
            metavar="URL",
            help="An OPA server for --engine opa; may be repeated. Else LOCKGATE_OPA_URL, with spaces between.",
        ),
    ):
        command = option(command)
    return command
