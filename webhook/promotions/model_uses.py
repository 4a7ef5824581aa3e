"""Models that objects load, with what runs them, as the library of the shipped rules reads it."""

import os
from typing import Final, cast, final

from lockgate.engine.codegen.cache import CodeCache, open_cache
from lockgate.engine.codegen.values import Value
from lockgate.engine.promotions.model_use import Beside, ModelUse
from lockgate.engine.promotions.subjects import PINS, Pin
from lockgate.webhook.claims.asked import read_objects, read_path, read_text
from lockgate.webhook.claims.library import ClaimsLibrary, open_library
from lockgate.webhook.policy_sources import SHIPPED


@final
class ModelUseReader:
    """Reads objects one after the other. library: opened for the answer `serving`."""

    def __init__(self, library: ClaimsLibrary) -> None:
        self._library: Final = library

    def read(self, value: dict[str, Value]) -> tuple[ModelUse, ...]:
        """The models that an object loads, by their paths. Raises EvaluationError where it is too large to be read."""
        told = self._library.ask(value)
        beside = tuple(
            [
                Beside(read_text(one["kind"]), read_text(one["key"]), read_text(one["version"]))
                for one in read_objects(told["beside"])
            ]
        )
        listed = told["flags"]
        flags = tuple([read_text(one) for one in listed]) if type(listed) is list else ()
        found: dict[str, ModelUse] = {}
        for one in read_objects(told["models"]):
            pin = read_text(one["pin"])
            use = ModelUse(
                read_path(one["path"]),
                read_text(one["uri"]),
                read_text(one["key"]),
                read_text(one["version"]),
                cast(Pin, pin) if pin in PINS else "unknown",
                beside,
                flags,
                one["use"] == "volume",
            )
            # One model in several containers of an object is loaded by one.
            found.setdefault(use.uri, use)
        return tuple(sorted(found.values(), key=lambda use: [str(part) for part in use.path]))


def open_model_uses(cache: CodeCache | None = None) -> ModelUseReader:
    """A reader over the shipped library."""
    return ModelUseReader(open_library(SHIPPED, cache or open_cache(None, os.environ), "serving"))
