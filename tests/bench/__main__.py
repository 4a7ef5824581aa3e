"""`python -m tests.bench`: needs the shared vectors and the real gator (built by `make e2e`)."""

import platform
import sys
from statistics import median

from tests.bench import commands, evaluation
from tests.e2e.programs import PLACES, programs_root
from tests.shared_folder import shared_root


def main() -> int:
    """Prints the tables; 2 when the vectors or gator are absent."""
    library = shared_root() / "vectors" / "gatekeeper-library"
    gator = programs_root() / PLACES["gator"]
    for needed in (library, gator):
        if not needed.exists():
            print(f"{needed} is absent: the bench compares with it", file=sys.stderr)
            return 2
    print(f"Python {platform.python_version()}, {platform.machine()}, {PLACES['gator'].split('/')[0]}\n")
    for which, rows in evaluation.measure(library, gator).items():
        print(
            f"From parsed object to Decision, {which} objects, median of {evaluation.ITERATIONS} rounds, µs"
        )
        print(f"{'template':34}{'objects':>8}{'ours':>9}{'gator':>9}{'ratio':>8}")
        for row in rows:
            peer = "-" if row.gator is None else f"{row.gator * 1e6:.1f}"
            ratio = "-" if row.ratio is None else f"{row.ratio:.1f}"
            print(f"{row.name:34}{row.objects:>8}{row.ours * 1e6:>9.1f}{peer:>9}{ratio:>8}")
        ratios = [row.ratio for row in rows if row.ratio is not None]
        print(f"lowest ratio {min(ratios):.1f}, median {median(ratios):.1f}, of {len(ratios)} templates\n")
    timings = [commands.start_up(), commands.check_corpus(library, shared_root() / "corpus" / "dra", gator)]
    print(f"{'command':34}{'runs':>8}{'ours ms':>9}{'peer ms':>9}{'ours/peer':>10}")
    for timing in timings:
        share = timing.ours / timing.peer
        print(
            f"{timing.name:34}{timing.runs:>8}{timing.ours * 1e3:>9.1f}{timing.peer * 1e3:>9.1f}{share:>10.2f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
