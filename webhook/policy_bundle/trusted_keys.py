"""Whose PolicyBundles are taken: public keys that whoever runs the check names, never what is judged.

An option and the environment name them, and not `lockgate.yaml`: that may come with the change under judgement.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.webhook.extras import require_crypto
from lockgate.webhook.policy_bundle.files import read_regular
from lockgate.webhook.walk import find_repository_root, is_inside, shown_path

if TYPE_CHECKING:
    from lockgate.audit.dsse import PublicKey
    from lockgate.webhook.base import Base

_LARGEST_KEY: Final = 16 * 1024


@record
class PolicyKeys:
    """Public keys by the names that messages have for them: one of them has to have signed each bundle."""

    keys: "Mapping[str, PublicKey]"


def read_policy_keys(
    paths: Sequence[str], cwd: str, judged: Iterable[str], base: "Base | None"
) -> PolicyKeys:
    """The keys in PEM files. One in the repository under judgement is the base's; without a base it is refused.

    Raises UsageError.
    """
    require_crypto()
    from lockgate.audit.dsse import parse_public_key
    from lockgate.audit.errors import FormatError

    made: dict[str, PublicKey] = {}
    for path in paths:
        shown = shown_path(path, cwd)
        place = path
        if base is not None and base.inside(path) is not None:
            (place,) = base.paths([path], "trusted keys")
        elif _is_judged(path, cwd, judged):
            raise UsageError(
                f"the key {shown} lies in what is judged, which could bring a key of its own",
                hint="name one outside of the repository, or give --base REF to take it from there",
            )
        try:
            made[shown] = parse_public_key(read_regular(place, f"the key {shown}", _LARGEST_KEY))
        except FormatError as error:
            raise UsageError(
                f"the key {shown} cannot be used: {error.message}",
                hint="it is a public key in PEM, as openssl pkey -pubout writes it",
            ) from None
    return PolicyKeys(made)


def _is_judged(path: str, cwd: str, judged: Iterable[str]) -> bool:
    """Is the file in the repository of the working directory, or in that of a path that is judged, or in the path?"""
    roots = {find_repository_root(cwd), *map(os.path.realpath, judged)}
    roots |= {find_repository_root(one) for one in judged}
    absolute = os.path.abspath(path)
    return any(
        root is not None and (is_inside(one, root) or one == root)
        for root in roots
        for one in (absolute, os.path.realpath(absolute))
    )
