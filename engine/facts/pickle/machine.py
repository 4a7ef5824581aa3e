"""Walks one pickle with stand-ins for its values, and tells a judge what is imported, called and built.

It follows the stack, the marks and the memo as the unpicklers of CPython do
(https://github.com/python/cpython/blob/main/Modules/_pickle.c), so no decoy on the stack can hide an operand. It holds
one block of the file at a time. What both unpicklers would not read alike is unreadable.
"""

from array import array
from collections.abc import Callable

from lockgate.engine.facts.budget import Budget
from lockgate.engine.facts.errors import LimitError, UnreadableError
from lockgate.engine.facts.pickle.judge import Judge
from lockgate.engine.facts.pickle.memo import MEMO_ENTRIES, Memo
from lockgate.engine.facts.pickle.opcodes import LAST_PROTOCOL, PUSHES, lines_at, step
from lockgate.engine.facts.pickle.values import KEPT, KINDS, LITERAL, MISSING, OTHER, SHIFT, Dict
from lockgate.engine.facts.source import Source

_BLOCK = 1 << 16
# The longest opcode that is read in a block without a look at its end: SHORT_BINUNICODE of 255 bytes.
_MARGIN = 300
# 24 MB: a tuple of three million.
STACK_VALUES = 3_000_000
_MARKS = 1_000_000

_LINE = 4096
_LINES = frozenset(b"ILFSVpg")
_PUSHED = [PUSHES.get(opcode, 0) for opcode in range(256)]


class Machine:
    """The state of one pickle while it is walked."""

    def __init__(self, source: Source, judge: Judge, budget: Budget) -> None:
        self.source = source
        self.judge = judge
        self.budget = budget
        self.stack = array("Q")
        self.marks: list[int] = []
        self.memo = Memo()
        # Where the frame ends that is open; 0 when none is.
        self.frame_end = 0

    def walk(self, start: int) -> int:
        """Walks from an offset to the STOP, and answers the offset after it. Raises UnreadableError.

        The commonest opcodes are here, with everything in local variables; the others in `rare`.
        """
        source, stack, marks, memo = self.source, self.stack, self.marks, self.memo
        kept = self.judge.kept
        push, pop, near = stack.append, stack.pop, memo.near
        pushed, from_bytes, find_line = _PUSHED, int.from_bytes, _find_line
        far = memo.far
        fence = 0
        base, at, block, end = start, 0, b"", 0
        while True:
            if (at + _MARGIN >= end and base + end < source.size) or at >= end:
                base += at
                at = 0
                block = source.read(base, _BLOCK)
                end = len(block)
                if not end:
                    raise UnreadableError("the pickle ends without a STOP", base)
            limit = end - _MARGIN if base + end < source.size else end
            if self.frame_end:
                limit = min(limit, self.frame_end - base)
            if len(stack) > STACK_VALUES or len(marks) > _MARKS:
                raise LimitError(f"a pickle holds more than {STACK_VALUES} values at once", base)
            count = 0
            while at < limit:
                count += 1
                opcode = block[at]
                size = pushed[opcode]
                if size:  # plain data
                    push(base + at << 3 | 1)
                    at += size
                elif opcode == 0x8C:  # SHORT_BINUNICODE
                    push(base + at << 3 | 1)
                    at += 2 + block[at + 1] if at + 1 < end else 2
                elif opcode == 0x94 and len(stack) > fence:  # MEMOIZE
                    place = memo.used
                    if place == len(near) and place < MEMO_ENTRIES and not far:
                        near.append(stack[-1])
                        memo.used = place + 1
                    else:
                        memo.put(place, stack[-1], base + at)
                    at += 1
                elif opcode == 0x68 and at + 1 < end:  # BINGET
                    place = block[at + 1]
                    value = near[place] if place < len(near) else MISSING
                    push(value if value != MISSING else memo.get(place, base + at))
                    at += 2
                elif opcode == 0x71 and at + 1 < end and len(stack) > fence:  # BINPUT
                    memo.put(block[at + 1], stack[-1], base + at)
                    at += 2
                elif opcode == 0x28:  # MARK
                    fence = len(stack)
                    marks.append(fence)
                    at += 1
                elif 0x85 <= opcode <= 0x87 and len(stack) - fence > opcode - 0x85:  # TUPLE1 TUPLE2 TUPLE3
                    first = len(stack) - (opcode - 0x84)
                    items = stack[first:].tolist()
                    del stack[first:]
                    push(kept.tuple(items))
                    at += 1
                elif opcode == 0x65 and marks and fence:  # APPENDS
                    del stack[fence:]
                    marks.pop()
                    fence = marks[-1] if marks else 0
                    if len(stack) <= fence:
                        raise UnreadableError("the stack has too few values", base + at)
                    if stack[-1] & KINDS not in (OTHER, LITERAL):
                        self.judge.fill(stack[-1], base + at)
                    at += 1
                elif opcode == 0x74 and marks:  # TUPLE
                    count_of = len(stack) - fence
                    made = kept.tuple(stack[fence:].tolist()) if count_of <= 512 else OTHER
                    del stack[fence:]
                    marks.pop()
                    fence = marks[-1] if marks else 0
                    push(made)
                    at += 1
                elif opcode == 0x7D:  # EMPTY_DICT
                    push(kept.keep(Dict()))
                    at += 1
                elif (opcode == 0x58 or opcode == 0x42) and at + 5 <= end:  # BINUNICODE BINBYTES
                    push(base + at << 3 | 1)
                    at += 5 + from_bytes(block[at + 1 : at + 5], "little")
                elif (
                    opcode == 0x43 or opcode == 0x55 or opcode == 0x8A
                ) and at + 1 < end:  # short bytes and numbers
                    push(base + at << 3 | 1)
                    at += 2 + block[at + 1]
                elif opcode == 0x30 and len(stack) > fence:  # POP
                    pop()
                    at += 1
                elif (
                    opcode in _LINES and (feed := find_line(block, at)) > 0
                ):  # INT LONG FLOAT STRING UNICODE PUT GET
                    line = block[at + 1 : feed]
                    if opcode == 0x67:
                        push(memo.get(_number(line, base + at), base + at))
                    elif opcode == 0x70:
                        memo.put(_number(line, base + at), self._top(base + at), base + at)
                    else:
                        _check_text(opcode, line, base + at)
                        push(base + at << 3 | 1)
                    at = feed + 1
                elif opcode == 0x63 and (feed := find_line(block, at)) > 0 < (
                    last := find_line(block, feed)
                ):  # GLOBAL
                    push(self.judge.import_lines(block[at + 1 : feed], block[feed + 1 : last], base + at))
                    at = last + 1
                elif opcode == 0x2E:  # STOP
                    if len(stack) <= fence:
                        raise UnreadableError("the stack is empty at the STOP", base + at)
                    if self.frame_end and base + at + 1 != self.frame_end:
                        raise UnreadableError("a frame goes on after the STOP", base + at)
                    self.budget.opcodes(count)
                    return base + at + 1
                else:
                    after = self.rare(opcode, base + at, block[at + 1 : at + 9])
                    fence = marks[-1] if marks else 0
                    at = after - base
                    if self.frame_end:
                        limit = min(limit, self.frame_end - base)
            self.budget.opcodes(count)
            if base + at > source.size:
                raise UnreadableError("the pickle ends inside of an opcode", source.size)
            if self.frame_end:
                if base + at > self.frame_end:
                    raise UnreadableError("an opcode crosses the end of its frame", self.frame_end)
                if base + at == self.frame_end:
                    self.frame_end = 0

    def rare(self, opcode: int, offset: int, argument: bytes) -> int:
        """Does an opcode that is not among the commonest. Answers the offset of the next. Raises UnreadableError."""
        act = _RARE.get(opcode)
        if act:
            return act(self, offset, argument)
        # Raises for what is no opcode, and for what goes beyond the end.
        after = step(self.source, offset).after
        if opcode in b"X\x8dCB\x8e\x96UT\x8a\x8b":
            self.stack.append(offset << SHIFT | LITERAL)
        elif opcode in b"ILFSV":
            length = after - offset - 2
            # A long text is no number; of a long STRING the edges are looked at.
            line = self.source.read(offset + 1, length if length <= _LINE else 1)
            _check_text(opcode, line if length <= _LINE else line + self.source.read(after - 2, 1), offset)
            self.stack.append(offset << SHIFT | LITERAL)
        else:
            # An opcode of the loop above whose conditions do not hold.
            raise UnreadableError("the stack has too few values", offset)
        return after

    def _pop(self, offset: int) -> int:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise UnreadableError("the stack has too few values", offset)
        return self.stack.pop()

    def _top(self, offset: int) -> int:
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise UnreadableError("the stack has too few values", offset)
        return self.stack[-1]

    def _to_mark(self, offset: int) -> list[int]:
        """Takes what is above the last mark: all of it when it is short, and else none of it."""
        if not self.marks:
            raise UnreadableError("a MARK is due", offset)
        mark = self.marks.pop()
        items = self.stack[mark : mark + 1024].tolist()
        del self.stack[mark:]
        return items

    # Each answers the offset after its opcode.

    def _protocol(self, offset: int, argument: bytes) -> int:
        if argument[:1] > bytes([LAST_PROTOCOL]) or not argument:
            raise UnreadableError("of no protocol that is known", offset)
        return offset + 2

    def _frame(self, offset: int, argument: bytes) -> int:
        end = offset + 9 + int.from_bytes(argument, "little")
        if self.frame_end and offset + 9 < self.frame_end:
            raise UnreadableError("a frame begins inside of a frame", offset)
        if end > self.source.size:
            raise UnreadableError("a frame goes beyond the end", offset)
        if self.frame_end and offset + 9 > self.frame_end:
            raise UnreadableError("an opcode crosses the end of its frame", offset)
        self.frame_end = end if end > offset + 9 else 0
        return offset + 9

    def _put(self, offset: int, argument: bytes) -> int:
        lines, after = lines_at(self.source, offset + 1, 1)
        self.memo.put(_number(lines[0], offset), self._top(offset), offset)
        return after

    def _long_binput(self, offset: int, argument: bytes) -> int:
        self.memo.put(int.from_bytes(argument[:4], "little"), self._top(offset), offset)
        return offset + 5

    def _get(self, offset: int, argument: bytes) -> int:
        lines, after = lines_at(self.source, offset + 1, 1)
        self.stack.append(self.memo.get(_number(lines[0], offset), offset))
        return after

    def _long_binget(self, offset: int, argument: bytes) -> int:
        self.stack.append(self.memo.get(int.from_bytes(argument[:4], "little"), offset))
        return offset + 5

    def _dup(self, offset: int, argument: bytes) -> int:
        self.stack.append(self._top(offset))
        return offset + 1

    def _pop_or_mark(self, offset: int, argument: bytes) -> int:
        """A POP right after a MARK takes the mark."""
        if len(self.stack) > (self.marks[-1] if self.marks else 0):
            self.stack.pop()
        else:
            self._to_mark(offset)
        return offset + 1

    def _pop_mark(self, offset: int, argument: bytes) -> int:
        self._to_mark(offset)
        return offset + 1

    def _container(self, offset: int, argument: bytes) -> int:
        """LIST, FROZENSET: of what is above the mark."""
        self._to_mark(offset)
        self.stack.append(OTHER)
        return offset + 1

    def _dict(self, offset: int, argument: bytes) -> int:
        items = self._to_mark(offset)
        made = Dict()
        made.add(items)
        self.stack.append(self.judge.kept.keep(made))
        return offset + 1

    def _append(self, offset: int, argument: bytes) -> int:
        self._pop(offset)
        self._fill(offset)
        return offset + 1

    def _add_items(self, offset: int, argument: bytes) -> int:
        """APPENDS, ADDITEMS."""
        self._to_mark(offset)
        self._fill(offset)
        return offset + 1

    def _set_item(self, offset: int, argument: bytes) -> int:
        value, key = self._pop(offset), self._pop(offset)
        self._set([key, value], offset)
        return offset + 1

    def _set_items(self, offset: int, argument: bytes) -> int:
        self._set(self._to_mark(offset), offset)
        return offset + 1

    def _set(self, items: list[int], offset: int) -> None:
        target = self._top(offset)
        if target & KINDS == KEPT:
            found = self.judge.kept.find(target)
            if isinstance(found, Dict):
                found.add(items)
        else:
            self.judge.fill(target, offset)

    def _fill(self, offset: int) -> None:
        self.judge.fill(self._top(offset), offset)

    def _global(self, offset: int, argument: bytes) -> int:
        (module, name), after = lines_at(self.source, offset + 1, 2)
        self.stack.append(self.judge.import_lines(module, name, offset))
        return after

    def _stack_global(self, offset: int, argument: bytes) -> int:
        name, module = self._pop(offset), self._pop(offset)
        self.stack.append(self.judge.import_values(module, name, offset))
        return offset + 1

    def _instance(self, offset: int, argument: bytes) -> int:
        (module, name), after = lines_at(self.source, offset + 1, 2)
        arguments = self.judge.kept.tuple(self._to_mark(offset))
        self.stack.append(self.judge.call(self.judge.import_lines(module, name, offset), arguments, offset))
        return after

    def _object(self, offset: int, argument: bytes) -> int:
        items = self._to_mark(offset)
        if not items:
            raise UnreadableError("an OBJ without a class", offset)
        self.stack.append(self.judge.call(items[0], self.judge.kept.tuple(items[1:]), offset))
        return offset + 1

    def _call(self, offset: int, argument: bytes) -> int:
        """REDUCE, NEWOBJ: a callable and its arguments."""
        arguments, callee = self._pop(offset), self._pop(offset)
        self.stack.append(self.judge.call(callee, arguments, offset))
        return offset + 1

    def _new_with_names(self, offset: int, argument: bytes) -> int:
        names, arguments, callee = self._pop(offset), self._pop(offset), self._pop(offset)
        self.stack.append(self.judge.call(callee, arguments, offset, names))
        return offset + 1

    def _build(self, offset: int, argument: bytes) -> int:
        state = self._pop(offset)
        target = self._top(offset)
        inline = self.judge.build(target, state, offset)
        if inline is None:
            return offset + 1
        # An array of joblib lies here, between two opcodes.
        if self.frame_end and self.frame_end != offset + 1:
            raise UnreadableError("an array lies inside of a frame", offset)
        self.frame_end = 0
        self.stack[-1] = OTHER
        return inline

    def _persistent_line(self, offset: int, argument: bytes) -> int:
        _, after = lines_at(self.source, offset + 1, 1)
        self.stack.append(self.judge.persistent(OTHER, offset))
        return after

    def _persistent(self, offset: int, argument: bytes) -> int:
        self.stack.append(self.judge.persistent(self._pop(offset), offset))
        return offset + 1

    def _extension(self, offset: int, argument: bytes) -> int:
        self.judge.opaque_import("the registry of copyreg extensions", offset)
        self.stack.append(OTHER)
        return step(self.source, offset).after

    def _buffer(self, offset: int, argument: bytes) -> int:
        self.judge.outside_buffer(offset)
        self.stack.append(OTHER)
        return offset + 1

    def _read_only(self, offset: int, argument: bytes) -> int:
        self._top(offset)
        return offset + 1


def _find_line(block: bytes, at: int) -> int:
    """Where in the block the line ends that begins after a place; -1 when it goes on behind it."""
    return block.find(b"\n", at + 1)


def _check_text(opcode: int, line: bytes, offset: int) -> None:
    """Refuses a line that no unpickler reads."""
    if opcode == 0x53:
        if len(line) < 2 or line[:1] + line[-1:] not in (b"''", b'""'):
            raise UnreadableError("a STRING without quotes", offset)
    elif opcode != 0x56:
        try:
            float(line) if opcode == 0x46 else int(line.removesuffix(b"L") if opcode == 0x4C else line)
        except ValueError:
            raise UnreadableError("a number that is none", offset) from None


def _number(line: bytes, offset: int) -> int:
    try:
        return int(line)
    except ValueError:
        raise UnreadableError("a place of the memo that is no number", offset) from None


_RARE: dict[int, Callable[[Machine, int, bytes], int]] = {
    0x80: Machine._protocol,
    0x95: Machine._frame,
    0x70: Machine._put,
    0x72: Machine._long_binput,
    0x67: Machine._get,
    0x6A: Machine._long_binget,
    0x30: Machine._pop_or_mark,
    0x31: Machine._pop_mark,
    0x32: Machine._dup,
    0x6C: Machine._container,
    0x91: Machine._container,
    0x64: Machine._dict,
    0x61: Machine._append,
    0x65: Machine._add_items,
    0x90: Machine._add_items,
    0x73: Machine._set_item,
    0x75: Machine._set_items,
    0x63: Machine._global,
    0x93: Machine._stack_global,
    0x69: Machine._instance,
    0x6F: Machine._object,
    0x52: Machine._call,
    0x81: Machine._call,
    0x92: Machine._new_with_names,
    0x62: Machine._build,
    0x50: Machine._persistent_line,
    0x51: Machine._persistent,
    0x82: Machine._extension,
    0x83: Machine._extension,
    0x84: Machine._extension,
    0x97: Machine._buffer,
    0x98: Machine._read_only,
}
