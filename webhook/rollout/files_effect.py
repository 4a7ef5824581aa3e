"""The effect on the objects of files, which stand for what lives in a cluster: `kubectl get -o yaml` of it."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack

from lockgate.engine.codegen.cache import open_cache
from lockgate.engine.defaults.defaulting import as_it_is
from lockgate.engine.documents.document import Document
from lockgate.engine.errors import InputError, UsageError
from lockgate.engine.record import record
from lockgate.engine.review import Review
from lockgate.gatekeeper.target import Cluster, review_document
from lockgate.webhook.config import Config
from lockgate.webhook.deciding import Deciding, Given, read_work_tree
from lockgate.webhook.first_pass import Request, learn
from lockgate.webhook.gate import Gate
from lockgate.webhook.inputs import Inputs, content_of, files_of, find_inputs, read_input
from lockgate.webhook.inventory_options import ExternalRequest, GateMaker
from lockgate.webhook.policy_sources import Loader
from lockgate.webhook.replay.difference import Difference
from lockgate.webhook.replay.outcome import Outcome, outcome_of_findings
from lockgate.webhook.replay.subject import subject_of
from lockgate.webhook.rollout.effect import LiveEffect
from lockgate.webhook.serving.sweep_findings import findings_of


@record
class FilesRequest:
    """objects: files and folders. before, after: policies. exemptions: beside both. keys: of who has to have signed bundles."""

    objects: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    exemptions: tuple[str, ...]
    keys: tuple[str, ...]
    cwd: str
    external: ExternalRequest


def effect_on_files(request: FilesRequest, stack: ExitStack) -> LiveEffect:
    """The effect. The objects are the inventory too. Raises LockgateError."""
    inputs = Inputs(request.objects, request.cwd, (), None, Config(request.cwd))
    walk = find_inputs(inputs)
    before, after = (_deciding(request, one) for one in (request.before, request.after))
    view = learn(inputs, walk, Request(complete=as_it_is)).view
    errors = [(one.file, one.message) for one in walk.errors]
    difference = Difference()
    maker = GateMaker(("tree",), (), walk, time.time_ns(), request.external, stack)
    gates = [maker.make(one, inputs, view)[0] for one in (before, after)]
    # Live objects say in which namespace they are.
    cluster = Cluster(view.kinds, view.namespaces, namespace="")
    for file in files_of(inputs, walk):
        content = content_of(read_input(inputs, file), {})
        errors += [(f"{one.file}:{one.line}", one.message) for one in content.errors]
        errors += [(f"{one.file}:{one.line}", f"not judged: {one.reason}") for one in content.skipped]
        for document in content.documents:
            try:
                _compare(document, cluster, gates, difference)
            except InputError as error:
                errors.append((document.file, error.message))
    if not difference.compared and not errors:
        raise UsageError("there is no object in what --objects names")
    return LiveEffect(before.loaded.policies.digest, after.loaded.policies.digest, difference, tuple(errors))


def _deciding(request: FilesRequest, policies: tuple[str, ...]) -> Deciding:
    loader = Loader("default", open_cache(None, os.environ))
    found = read_work_tree(Given(policies, request.exemptions, None, request.cwd, request.keys), loader)
    if found.loaded.judges != "objects":
        raise UsageError("these policies are plain Rego, which no cluster has in force")
    return found


def _compare(document: Document, cluster: Cluster, gates: Sequence[Gate], difference: Difference) -> None:
    review = review_document(document, cluster)
    before, after = (_outcome(gate, review, document) for gate in gates)
    difference.take(subject_of(review), before, after)


def _outcome(gate: Gate, review: Review, document: Document) -> Outcome:
    return outcome_of_findings(findings_of(gate.judge_review(review).decision, document.value))
