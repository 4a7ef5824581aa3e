"""The one rule of everything that remembers a log: from the size it holds, along a consistency proof, never back.

Witnesses, ours and others' (C2SP tlog-witness, "add-checkpoint"), and the anchors without a key hold to it alike.
"""

from collections.abc import Sequence

from lockgate.audit.checkpoint import Checkpoint
from lockgate.audit.errors import FormatError, VerificationError
from lockgate.audit.merkle import EMPTY_ROOT, verify_consistency
from lockgate.audit.witness.errors import ForkError, SplitViewError, StaleError


def check_step(held: Checkpoint | None, old_size: int, proof: Sequence[bytes], new: Checkpoint) -> None:
    """Checks that `new` continues what is held (None: nothing yet) by the proof from `old_size`.

    Raises FormatError when the step goes back, StaleError when it begins elsewhere, SplitViewError or ForkError when
    the trees are not one; in this order.
    """
    if old_size > new.size:
        raise FormatError(f"the old size {old_size} is larger than the checkpoint's, {new.size}")
    held_size = held.size if held else 0
    if old_size != held_size:
        raise StaleError(held_size)
    held_root = held.root if held else EMPTY_ROOT
    where = f"{new.origin}, size {new.size}"
    if new.size == held_size and new.root != held_root:
        raise SplitViewError(f"another tree of size {held_size} was seen before", where=where)
    try:
        verify_consistency(held_size, held_root, new.size, new.root, proof)
    except VerificationError as error:
        raise ForkError(error.message, where=where) from None
