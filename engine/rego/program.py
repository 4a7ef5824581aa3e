"""Programs: compiled Rego, ready to be evaluated any number of times and from several threads."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from types import CodeType, MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from lockgate.engine.codegen.budget import MAX_DEPTH, Limits
from lockgate.engine.codegen.context import MISS, Context, DetailedContext, failed
from lockgate.engine.codegen.lookups import walk_path
from lockgate.engine.codegen.meter import RUNNING
from lockgate.engine.codegen.places import Positions
from lockgate.engine.codegen.runtime import NAMES
from lockgate.engine.codegen.spending import Budget, LimitError
from lockgate.engine.codegen.values import UNDEFINED, Undefined, Value, check_depth
from lockgate.engine.errors import InputError, PolicyError
from lockgate.engine.record import record
from lockgate.engine.rego.blame import CODE_FILE, Rules, blamed, place_of
from lockgate.engine.rego.builtins.catalogue import ENTRIES, load
from lockgate.engine.rego.builtins.errors import BuiltinError
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.engine.rego.options import USUAL, CompileOptions
from lockgate.engine.rego.outside import Outside

if TYPE_CHECKING:
    from lockgate.engine.codegen.printing import PrintSink
    from lockgate.engine.codegen.watch import Tracer
    from lockgate.engine.external_data import Asking
    from lockgate.engine.rego.ast import Module
    from lockgate.engine.rego.probes import Probe
    from lockgate.engine.rego.specialise import Specialiser
    from lockgate.engine.rego.unit import Part, Unit

# What generated code tells while it runs: nothing, what it tries with which values, or only what it has reached.
Mode = Literal["plain", "traced", "covered"]

NO_DATA: Final[Mapping[str, Value]] = MappingProxyType({})
NO_VALUES: Final[Mapping[tuple[str, ...], Value]] = MappingProxyType({})
PARAMETERS: Final = ("input", "parameters")
# Characters of generated code that Python compiles at once, up to the end of a function.
_PIECE: Final = 100_000
# Its answers are facts, which say for how long they stay.
_EXTERNAL_DATA: Final = "external_data"


@record
class Artifact:
    """A compiled program as plain data, all of which `marshal` can store.

    code: run in this order. entries: the Python name of each entry point's function. positions: (file, line, column) by number.
    reads: the places of base data that are read, without `data`. rules: see `blame.Rules`.
    """

    code: tuple[CodeType, ...]
    entries: dict[str, str]
    builtins: dict[str, str]
    positions: tuple[tuple[str, int, int], ...]
    memo_size: int
    fixed_size: int
    reads: tuple[tuple[str, ...], ...]
    rules: tuple[tuple[int, str, str, int, int], ...]
    shared_size: int = 0
    source: str = ""
    probes: "tuple[Probe, ...]" = ()

    def to_plain(self) -> tuple[Any, ...]:
        """The artifact for `marshal`, without its source and probes."""
        return (
            self.code,
            self.entries,
            self.builtins,
            self.positions,
            self.memo_size,
            self.fixed_size,
            self.reads,
            self.rules,
            self.shared_size,
        )

    @classmethod
    def from_plain(cls, plain: tuple[Any, ...]) -> "Artifact":
        """The artifact from what `to_plain` gave."""
        return cls(*plain)


class Program:
    """Compiled Rego. `prepare` binds constants; the result evaluates."""

    def __init__(
        self, artifact: Artifact, outside: Outside | None = None, names: Mapping[str, Any] | None = None
    ) -> None:
        """names: what running the artifact's code has defined, where it is code of several programs."""
        self.artifact = artifact
        if names is None:
            names = defined(artifact, outside)
        self._functions = {path: names[name] for path, name in artifact.entries.items()}

    def reads_data(self, path: tuple[str, ...]) -> bool:
        """Does the program read base data at, above or below a place, such as ("inventory",)?"""
        return any(r[: len(path)] == path or path[: len(r)] == r for r in self.artifact.reads)

    def prepare(
        self,
        constants: Mapping[tuple[str, ...], Value] | None = None,
        specialiser: "Specialiser | None" = None,
    ) -> "Prepared":
        """Binds constants, such as {("input", "parameters"): {...}}: what depends on them alone is computed once.

        Each evaluation must be given an input that has the same values there. `specialiser` makes code for these
        constants.
        """
        return Prepared(self, bool(constants), specialiser)

    def calls(self, builtin: str) -> bool:
        """Does the program call the builtin?"""
        return builtin in self.artifact.builtins

    @property
    def is_momentary(self) -> bool:
        """May the same input, and the same answers of external data, have another value at another moment?"""
        return any(
            ENTRIES[name].nondeterministic for name in self.artifact.builtins if name != _EXTERNAL_DATA
        )

    def function(self, entrypoint: str) -> Any:
        """The Python function of an entry point, or None when no rule defines it."""
        return self._functions.get(entrypoint)


class Prepared:
    """A program with its constants. Safe to use from several threads: a fixed value computed twice is the same."""

    def __init__(
        self, program: Program, has_constants: bool, specialiser: "Specialiser | None" = None
    ) -> None:
        self._has_constants = has_constants
        self._specialiser = specialiser
        # Evaluations until it is asked; nought: what it makes may come at any time; negative: no more comes.
        after = None if specialiser is None else specialiser.after
        self._waiting = -1 if after is None else after
        self._use(program)
        if self._waiting == 0:
            self._specialise()

    def _use(self, program: Program) -> None:
        # By whether builtins' failures are errors: a value without them may be none with them.
        size = program.artifact.fixed_size
        fixed = {strict: [MISS] * size for strict in (False, True)} if self._has_constants else None
        # One assignment, since other threads may be about to evaluate.
        self._state = (program, fixed, [MISS] * program.artifact.memo_size)

    @property
    def program(self) -> Program:
        """The program that evaluates now."""
        return self._state[0]

    def _count(self) -> None:
        """Counts an evaluation; the one that it waits for asks for the program that evaluates from then on."""
        if self._waiting > 0:
            self._waiting -= 1
            if self._waiting == 0:
                self._specialise()

    def _specialise(self) -> None:
        specialiser, self._specialiser = self._specialiser, None
        if specialiser is not None:
            specialiser.hand(self._take)

    def _take(self, program: Program | None) -> None:
        """In any thread: what was made for the constants, if anything was."""
        if program is not None:
            self._use(program)
        self._waiting = -1

    def evaluate(
        self,
        entrypoint: str,
        *,
        input: Value | Undefined,
        data: Mapping[str, Value] = NO_DATA,
        now_ns: int,
        limits: Limits,
        strict: str = "",
        covered: set[int] | None = None,
        tracer: "Tracer | None" = None,
        print_sink: "PrintSink | None" = None,
        cases: list[Value] | None = None,
        asking: "Asking | None" = None,
        common: "Common | None" = None,
    ) -> Value | Undefined:
        """The value of an entry point such as "data.template.violation", or UNDEFINED.

        `strict` other than "" makes a builtin's failure an error. `covered` is given the numbers of probes that are
        reached, in the mode for it; `tracer` is told of all, in its mode; `print_sink` gets what is printed, if
        the program was compiled to print; `cases` gets the names that the policy gives `internal.test_case`; `asking`
        answers for external data. `common` as for `entry`, for who watches nothing.
        Raises EvaluationError with the place.
        """
        self._count()
        program, fixed, memo = self._state
        function = program.function(entrypoint)
        if function is None:
            # Few programs are asked for what they do not define.
            from lockgate.engine.rego.entrypoints import entry_path

            found: Value | Undefined = walk_path(dict(data), entry_path(entrypoint))
            return found
        artifact = program.artifact
        context = DetailedContext(
            input,
            {} if data is NO_DATA else data,
            memo.copy(),
            [MISS] * artifact.fixed_size if fixed is None else fixed[bool(strict)],
            _shared(common, artifact.shared_size, id(artifact.code)),
            Budget(limits),
            now_ns,
            strict=strict,
            shares=fixed is not None,
            covered=covered,
            cases=cases,
            tracer=tracer,
            print_sink=print_sink,
            asking=asking,
        )
        result = _run(function, context, artifact.rules)
        if result and not isinstance(result, Undefined):
            # Whoever shows it does so by recursion.
            refuse_deep(result, entrypoint, rules=artifact.rules)
        return result

    def entry(self, entrypoint: str) -> "Entry":
        """An entry point looked up once, for the many evaluations that differ in nothing but what they judge.

        What it gives may be nested deeper than values usually may: it has to be checked before it is shown. Evaluations
        that are given the same `Common` must be given the same value at the places that the program was compiled for.
        """
        found = self._lookup(entrypoint)
        if found is None:

            def evaluate_anew(
                input: Value,
                data: Mapping[str, Value],
                now_ns: int,
                limits: Limits,
                common: Common | None = None,
            ) -> Value | Undefined:
                return self.evaluate(entrypoint, input=input, data=data, now_ns=now_ns, limits=limits)

            return evaluate_anew
        parts, waiting = found, self._waiting >= 0

        def evaluate(
            input: Value,
            data: Mapping[str, Value],
            now_ns: int,
            limits: Limits,
            common: Common | None = None,
        ) -> Value | Undefined:
            nonlocal parts, waiting
            if waiting:
                self._count()
                # Before the look: what comes meanwhile is found the next time.
                waiting = self._waiting >= 0
                parts = self._lookup(entrypoint) or parts
            function, fixed, memo, rules, size, code = parts
            shared = _shared(common, size, code)
            context = Context(input, data, memo.copy(), fixed, shared, limits, now_ns)
            # `_run`, written out.
            failure: LimitError
            RUNNING.budget = context
            try:
                result: Value | Undefined = function(context)
                return result
            except (LimitError, RecursionError, MemoryError) as error:
                failure = blamed(error, rules)
            finally:
                RUNNING.budget = None
                del context.budget
            try:
                raise failure
            finally:
                # The error holds this frame, which is not to hold the error.
                del failure

        return evaluate

    def _lookup(self, entrypoint: str) -> tuple[Any, list[Any], list[Any], Rules, int, int] | None:
        """What an entry point needs; None where constants are not bound.

        Its function, the fixed values, memo, rules, how many values may be shared, and what tells its code from other.
        """
        program, fixed, memo = self._state
        function = program.function(entrypoint)
        if function is None or fixed is None:
            return None
        artifact = program.artifact
        return function, fixed[False], memo, artifact.rules, artifact.shared_size, id(artifact.code)


# What evaluations that are made together share, by the code that computes it. It does not outlive them.
Common = dict[int, list[Any]]


class Entry(Protocol):
    """Evaluates; raises EvaluationError with the place. now_ns: the clock, Unix time in nanoseconds."""

    def __call__(
        self,
        input: Value,
        data: Mapping[str, Value],
        now_ns: int,
        limits: Limits,
        common: Common | None = None,
        /,
    ) -> Value | Undefined: ...


def _shared(common: "Common | None", size: int, code: int) -> list[Any]:
    """The values that the code's evaluations share."""
    if common is None or not size:
        return [MISS] * size
    return common.get(code) or common.setdefault(code, [MISS] * size)


def defined(artifact: Artifact, outside: Outside | None = None) -> Mapping[str, Any]:
    """Runs the code of an artifact; gives what that defines, by name."""
    names: dict[str, Any] = dict(NAMES)
    names["__builtins__"] = _SAFE_BUILTINS
    names["Unanswered"] = (BuiltinError, LimitError)
    names["called"] = _called
    names["P"] = artifact.positions
    names["M"] = artifact.memo_size
    names["F"] = artifact.fixed_size
    for builtin, python_name in artifact.builtins.items():
        names[python_name] = load(builtin)
        if ENTRIES[builtin].context == "outside":
            outside = outside or Outside()
            names[python_name] = partial(names[python_name], outside)
    if "sprintf" in artifact.builtins:
        from lockgate.engine.rego.builtins.formatting import message_text

        names["text_of"] = message_text
    for code in artifact.code:
        exec(code, names)  # noqa: S102 - our own generated code; policies reach it as literals only
    return names


def _run(function: Any, context: Context, rules: Rules) -> Value | Undefined:
    failure: LimitError
    RUNNING.budget = context.budget
    try:
        result: Value | Undefined = function(context)
        return result
    except (LimitError, RecursionError, MemoryError) as error:
        failure = blamed(error, rules)
    finally:
        RUNNING.budget = None
    # Outside of the handler: the memory of what was being evaluated is free by now.
    try:
        raise failure
    finally:
        del failure


def refuse_deep(value: Value, entrypoint: str, limit: int = MAX_DEPTH, rules: Rules = ()) -> None:
    """Raises LimitError when what an entry point gave is nested deeper than `limit`, or endless to show."""
    try:
        check_depth(value, limit)
    except InputError as error:
        message = f"eval_cancel_error: rule {entrypoint}: its value is {error.message}"
    else:
        return
    raise LimitError(message, location=place_of(entrypoint, rules))


def _called(
    context: Context, function: Any, arguments: Sequence[Any], positions: Positions, number: int, name: str
) -> Any:
    """A builtin's value, or UNDEFINED (an error under strict errors) when it has none."""
    try:
        return function(*arguments)
    except (BuiltinError, LimitError) as error:
        return failed(context, error, positions, number, name)


_SAFE_BUILTINS: Final = {
    "bool": bool,
    "dict": dict,
    "frozenset": frozenset,
    "int": int,
    "len": len,
    "list": list,
    "str": str,
    "type": type,
}


def compile_program(
    modules: "Sequence[Module]",
    *,
    entrypoints: Sequence[str],
    capabilities: Capabilities,
    constants: Sequence[tuple[str, ...]] = (PARAMETERS,),
    mode: Mode = "plain",
    options: CompileOptions = USUAL,
    usual: Sequence[tuple[str, ...]] = (),
    bound: Mapping[tuple[str, ...], Value] = NO_VALUES,
    common: Sequence[tuple[str, ...]] = (),
    outside: Outside | None = None,
) -> Program:
    """Compiles modules. Entry points are documents, as "data.template.violation".

    Raises RegoError with every problem found. `constants` are places that `Program.prepare` may bind. `usual` are
    places in `input` that most inputs have, which are read faster for it; no answer depends on them. `bound` are values
    of constants that the code is made for. `common` are places that evaluations have in common which are given the same
    `Common`. `outside` is what builtins may reach that the capabilities allow; by default
    no more than the hosts that these name.
    """
    artifact, _ = compile_artifact(
        modules,
        entrypoints=entrypoints,
        capabilities=capabilities,
        constants=constants,
        mode=mode,
        options=options,
        usual=usual,
        bound=bound,
        common=common,
    )
    return Program(artifact, outside or Outside(capabilities.allow_net))


def compile_artifact(
    modules: "Sequence[Module]",
    *,
    entrypoints: Sequence[str],
    capabilities: Capabilities,
    constants: Sequence[tuple[str, ...]] = (PARAMETERS,),
    mode: Mode = "plain",
    options: CompileOptions = USUAL,
    usual: Sequence[tuple[str, ...]] = (),
    bound: Mapping[tuple[str, ...], Value] = NO_VALUES,
    common: Sequence[tuple[str, ...]] = (),
    units: "Sequence[Unit]" = (),
) -> "tuple[Artifact, tuple[Part, ...]]":
    """As `compile_program`, but runs nothing. units: the programs that the modules are of, if they are of several."""
    # Not needed, and not imported, when programs come from the cache.
    from lockgate.engine.rego.compiler import compile_modules

    try:
        compiled = compile_modules(
            modules, entrypoints, capabilities, constants, mode, options, usual, bound, units, common
        )
        code = [compile(text, CODE_FILE, "exec", dont_inherit=True) for text in _pieces(compiled.source)]
    except (RecursionError, MemoryError, SyntaxError) as error:
        # Python's own limits; the generator stays below those that it can foresee.
        raise PolicyError("the policy nests too deep to compile", location=modules[0].location) from error
    artifact = Artifact(
        code=tuple(code),
        entries=compiled.entries,
        builtins=compiled.builtins,
        positions=compiled.positions,
        memo_size=compiled.memo_size,
        fixed_size=compiled.fixed_size,
        reads=compiled.reads,
        rules=compiled.rules,
        shared_size=compiled.shared_size,
        source=compiled.source,
        probes=compiled.probes,
    )
    return artifact, compiled.parts


def _pieces(source: str) -> Iterator[str]:
    """The text of a module in pieces, none of which ends inside a function: Python compiles a long one in much memory."""
    piece: list[str] = []
    size = 0
    # No text in a literal has a line's end.
    for part in source.split("\n\n"):
        piece.append(part)
        size += len(part)
        if size > _PIECE:
            yield "\n\n".join(piece)
            piece, size = [], 0
    if piece:
        yield "\n\n".join(piece)


__all__ = ["UNDEFINED", "Artifact", "Prepared", "Program", "compile_artifact", "compile_program", "defined"]
