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
            f"From parsed object to Decision, {which} objects, µs a review over {evaluation.ITERATIONS} rounds"
        )
        print(f"{'':42}{'median':^26}{'mean':^26}")
        print(f"{'template':34}{'objects':>8}" + 2 * f"{'ours':>9}{'gator':>9}{'ratio':>8}")
        found: list[tuple[float, float]] = []
        for row in rows:
            ratios = row.ratios()
            figures = ""
            for number, name in enumerate(("median", "mean")):
                figures += f"{getattr(row.ours, name) * 1e6:>9.1f}"
                if ratios is None:
                    figures += f"{'-':>9}{'-':>8}"
                else:
                    figures += f"{getattr(row.gator, name) * 1e6:>9.1f}{ratios[number]:>8.1f}"
            print(f"{row.name:34}{row.objects:>8}{figures}")
            found += [] if ratios is None else [ratios]
        for number, name in enumerate(("median", "mean")):
            of_name = [ratios[number] for ratios in found]
            print(f"by {name}: lowest ratio {min(of_name):.1f}, middle {median(of_name):.1f}")
        print()
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
