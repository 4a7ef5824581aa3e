"""What changed policies leave behind is collected, and not at each change."""

import gc
import subprocess
import sys

from tests.shared_folder import ROOT

PROGRAM = """\
import gc, weakref
from lockgate.webhook.app.garbage import PAUSE_S, Garbage

class Policies: pass

def make():
    one = Policies()
    one.itself = one
    return weakref.ref(one)

gc.disable()
now = [0.0]
garbage = Garbage(lambda: now[0])
garbage.begin("a")
left = make()
for seconds, digest, is_collected in (
    (1.0, "b", False),
    (PAUSE_S, "a", False),
    (PAUSE_S, "b", True),
):
    now[0] = seconds
    garbage.changed(digest)
    print((left() is None) == is_collected)
left = make()
now[0] += PAUSE_S - 1
garbage.changed("c")
print(left() is not None)
now[0] += 1
garbage.changed("c")
print(left() is None)
"""


def test_collections_are_rare_and_follow_changes() -> None:
    """In a process of its own: what is frozen stays so."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    )
    assert done.stdout.split() == ["True"] * 5
    assert gc.isenabled()
