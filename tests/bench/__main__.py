"""`python -m tests.bench [SECTION…]`: needs the shared vectors and the real programs (built by `make e2e`)."""

import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import (
    cel,
    check_corpus,
    claims,
    commands,
    evaluation,
    fixed,
    hits,
    inventory,
    loading,
    models,
    noise,
    plain,
    promoted,
    promotions,
    query,
    quota,
    recall,
    record,
    replay,
    request,
    serve,
    systems,
    templates,
    trail,
    trail_peer,
    whole,
)
from tests.e2e.programs import place_of, version_of
from tests.shared_folder import shared_root

LIBRARY = shared_root() / "vectors" / "gatekeeper-library"
CORPORA = [shared_root() / "corpus" / name for name in ("dra", "systems")]
GATOR, OPA = (place_of(name) for name in ("gator", "opa"))

SECTIONS: dict[str, Callable[[], None]] = {
    "evaluation": lambda: evaluation.print_section(LIBRARY, GATOR),
    "library": lambda: whole.print_section(LIBRARY, GATOR),
    "opa": lambda: plain.print_section(OPA),
    "cel": lambda: cel.print_section(LIBRARY, GATOR),
    "fixed": lambda: fixed.print_section(LIBRARY),
    "check_corpus": check_corpus.print_section,
    "claims": claims.print_section,
    "loading": loading.print_section,
    "commands": lambda: commands.print_section(LIBRARY, CORPORA, GATOR),
    "hits": hits.print_section,
    "inventory": lambda: inventory.print_section(GATOR),
    "models": models.print_section,
    "noise": noise.print_section,
    "promoted": promoted.print_section,
    "promotions": promotions.print_section,
    "query": query.print_section,
    "quota": quota.print_section,
    "recall": recall.print_section,
    "request": lambda: request.print_section(LIBRARY),
    "record": lambda: record.print_section(LIBRARY),
    "replay": lambda: replay.print_section(LIBRARY),
    "serve": lambda: serve.print_section(LIBRARY, GATOR),
    "systems": systems.print_section,
    "templates": templates.print_section,
    "trail": trail.print_section,
    "tessera": lambda: trail_peer.print_section(Path.cwd().parent),
}


def main(names: Sequence[str]) -> int:
    """Prints the tables of the sections named, or of all; 2 when a section or what it compares with is absent."""
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        print(f"no section {', '.join(unknown)}: there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    for needed in (LIBRARY, GATOR, OPA):
        if not needed.exists():
            print(f"{needed} is absent: the bench compares with it", file=sys.stderr)
            return 2
    programs = ", ".join([f"{name}-{version_of(name)}" for name in ("gator", "opa")])
    print(f"Python {platform.python_version()}, {platform.machine()}, {programs}\n")
    for name in names or SECTIONS:
        SECTIONS[name]()
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
