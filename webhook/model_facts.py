"""Signed facts of models that a command is given, by which the provider `lockgate-models` answers, and its options."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from lockgate.engine.record import record


@record
class ModelFacts:
    """paths: files and folders of signed facts; trust: the file that says whose count ("": the PolicyBundle that was promoted); environment: where models run ("" for
    none); log_keys: files with keys of the logs that recorded them, by which their age is counted.
    """

    paths: tuple[str, ...]
    trust: str
    environment: str = ""
    log_keys: tuple[str, ...] = ()


def facts_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --model-facts, --facts-trust, --facts-environment and --facts-log-key: the parameter `model_facts`."""

    @wraps(command)
    def with_facts(
        *given: Any,
        facts_paths: tuple[str, ...],
        facts_trust: str | None,
        facts_environment: str | None,
        facts_log_keys: tuple[str, ...],
        **others: Any,
    ) -> Any:
        if others.get("promoted_policies") is not None:
            facts = _promoted_facts(facts_paths, facts_trust, facts_environment, facts_log_keys)
        else:
            facts = _model_facts(facts_paths, facts_trust, facts_environment, facts_log_keys)
        return command(*given, model_facts=facts, **others)

    made: Callable[..., Any] = with_facts
    for option in (
        click.option(
            "--facts-log-key",
            "facts_log_keys",
            multiple=True,
            metavar="FILE",
            help="The key of a log that recorded signed facts: proofs beside them (FACTS.proof) say how old they are; may be repeated.",
        ),
        click.option(
            "--facts-environment",
            metavar="NAME",
            help="Where the models are to run: whose facts count there.",
        ),
        click.option(
            "--facts-trust", metavar="FILE", help="Whose signed facts count: a facts-trust.toml of your own."
        ),
        click.option(
            "--model-facts",
            "facts_paths",
            multiple=True,
            metavar="PATH",
            help="Signed facts of models (lockgate scan --sign), verified by --facts-trust: rules on models go by them. "
            "Files, or folders with *.facts.dsse.json and *.resolution.dsse.json; may be repeated.",
        ),
    ):
        made = option(made)
    return made


def _model_facts(
    paths: tuple[str, ...], trust: str | None, environment: str | None, log_keys: tuple[str, ...]
) -> ModelFacts | None:
    from lockgate.engine.errors import UsageError

    if not paths:
        if trust is not None or environment is not None or log_keys:
            raise UsageError(
                "--facts-trust, --facts-environment and --facts-log-key are for signed facts",
                hint="add --model-facts PATH",
            )
        return None
    if trust is None:
        raise UsageError(
            "--model-facts without --facts-trust: whose facts count is not said", hint="docs/models.md"
        )
    return ModelFacts(paths, trust, environment or "", log_keys)


def _promoted_facts(
    paths: tuple[str, ...], trust: str | None, environment: str | None, log_keys: tuple[str, ...]
) -> ModelFacts | None:
    """The same of a server in which only what was promoted is in force."""
    from lockgate.engine.errors import UsageError

    if trust is not None or log_keys:
        raise UsageError(
            "--facts-trust and --facts-log-key with --promoted-policies: whose facts count is said by what was promoted",
            hint="put them into the PolicyBundle: lockgate policy bundle --facts-trust FILE",
        )
    if not paths and environment is not None:
        raise UsageError("--facts-environment is for signed facts", hint="add --model-facts PATH")
    return ModelFacts(paths, "", environment or "") if paths else None
