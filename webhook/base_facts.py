"""Signed facts for judging a change: whose facts count, and by whose log they are old, the base says; the facts are signed."""

import os
import tomllib
from collections.abc import Iterator
from dataclasses import replace

from lockgate.webhook.base import Base
from lockgate.webhook.model_facts import ModelFacts


def facts_of_base(given: ModelFacts, base: Base, cwd: str) -> ModelFacts:
    """The same with the base's trust file, with the keys that it names, and the base's keys of logs. Raises UsageError."""
    place = os.path.join(cwd, given.trust)
    [trust] = base.paths([place], "the trust in facts of models")
    if trust != place:
        # They are counted from the file's folder, and so have to lie there.
        base.paths([os.path.join(os.path.dirname(place), key) for key in _keys(trust)], "keys of producers")
    return replace(
        given,
        paths=tuple([os.path.join(cwd, path) for path in given.paths]),
        trust=trust,
        log_keys=tuple(base.paths([os.path.join(cwd, key) for key in given.log_keys], "the keys of logs")),
    )


def _keys(trust: str) -> Iterator[str]:
    """The files that a trust file names; what is wrong with it, whoever reads it tells."""
    try:
        with open(trust, "rb") as stream:
            producers = tomllib.load(stream).get("producer")
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return
    for one in producers if isinstance(producers, list) else []:
        key = one.get("key") if isinstance(one, dict) else None
        if isinstance(key, str):
            yield key
