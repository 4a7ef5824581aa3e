"""What the commands about promotions have in common."""

from typing import Final

import click

POLICY: Final = click.option(
    "-p",
    "--policy",
    "policy",
    required=True,
    metavar="FILE",
    help="The PromotionPolicy, from somewhere else than the change.",
)
IDENTITIES: Final = click.option(
    "--identities",
    required=True,
    envvar="LOCKGATE_IDENTITIES",
    metavar="FILE",
    help="The identity map, identities.toml: who is who; LOCKGATE_IDENTITIES names it too.",
)
KEY: Final = click.option(
    "--key", "key_file", metavar="PEM", help="The private key that signs (P-256 or Ed25519)."
)
POOL_HEALTH: Final = click.option(
    "--pool-health",
    "pool_health",
    multiple=True,
    metavar="FILE",
    help="How the pools of devices of a cluster are, as `lockgate promotions health` writes it; may be repeated, a file a cluster. "
    "Without it a step with blockedWhileUnhealthy lacks it.",
)
EPILOG: Final = (
    "Exit codes: 0 done; 1 recorded, and something is missing yet (promote, approve, rollback with --require); 2 wrong usage, or it could not "
    "be done or verified."
)
REQUIRE: Final = click.option(
    "--require", is_flag=True, help="End with 1 where the promotion is not made yet."
)
ENTRY: Final = click.option(
    "--entry",
    type=int,
    metavar="INDEX",
    help="The promotion that is gone back to; by default the last of this version.",
)
