"""What a rollout is asked: whose policies are compared, and on what."""

import os
from contextlib import ExitStack

from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.record import record
from lockgate.webhook.extras import require_cluster
from lockgate.webhook.inventory_options import ExternalRequest
from lockgate.webhook.policy_bundle.opening import Opening
from lockgate.webhook.policy_sources import Sources
from lockgate.webhook.replay.judge import Judge, JudgeSource
from lockgate.webhook.rollout.effect import LiveEffect


@record
class RolloutRequest:
    """bundle: what is rolled out. policies: those in force; empty: the cluster's. objects: empty: what lives in the cluster.

    exemptions: beside both. keys: of who has to have signed PolicyBundles. external: who answers for external data.
    """

    bundle: str
    policies: tuple[str, ...]
    exemptions: tuple[str, ...]
    keys: tuple[str, ...]
    objects: tuple[str, ...]
    context: str
    cwd: str
    external: ExternalRequest

    def effect(self, stack: ExitStack) -> LiveEffect:
        """The effect on files, whose policies are named. Raises LockgateError."""
        from lockgate.webhook.rollout.files_effect import FilesRequest, effect_on_files

        return effect_on_files(
            FilesRequest(
                self.objects,
                self.policies,
                (self.bundle,),
                self.exemptions,
                self.keys,
                self.cwd,
                self.external,
            ),
            stack,
        )

    def in_cluster(self, stack: ExitStack) -> tuple[LiveEffect, Judge, Judge]:
        """The effect on what lives in the cluster, and Judges by the policies of before and after. Raises LockgateError."""
        require_cluster()
        from lockgate.webhook.cluster.policy_effect import ClusterRequest, effect_on_cluster
        from lockgate.webhook.sweep_session import open_provide

        found = effect_on_cluster(
            ClusterRequest(
                self._opened(self.policies),
                self._opened((self.bundle,)),
                self.exemptions,
                self.cwd,
                self.context,
                open_cache(None, os.environ),
                self.external,
                open_provide(self.external, stack),
            ),
            stack,
        )
        return found.live, found.before, found.after

    def judges(self) -> tuple[Judge, Judge]:
        """Judges by the policies of before, which are named, and after. Raises LockgateError."""
        source = JudgeSource(self.exemptions, self.keys, self.cwd)
        return source.judge(self.policies), source.judge((self.bundle,))

    def _opened(self, paths: tuple[str, ...]) -> Sources:
        keys = None
        if self.keys:
            from lockgate.webhook.policy_bundle.trusted_keys import read_policy_keys

            keys = read_policy_keys(self.keys, self.cwd, (), None)
        return Opening(self.cwd, keys, None).open(paths)
