"""Providers behind their cache: what is asked, what is known, and that nothing is mixed up."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from lockgate.engine.decision import Item, Reply
from lockgate.gatekeeper.external_data import cache as caching
from lockgate.gatekeeper.external_data.asking import LiveProviders
from lockgate.gatekeeper.external_data.cache import AnswerCache
from lockgate.gatekeeper.external_data.wire import ProviderError


@dataclass
class Speaking:
    """Says of each key its own name and the key; `bad…` is an error. `asked` are the requests that came."""

    name: str
    fails: str = ""
    system_error: str = ""
    more: tuple[Item, ...] = ()
    asked: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def identity(self) -> str:
        return self.name

    def answer(self, keys: tuple[str, ...], seconds: float | None) -> Reply:
        self.asked.append(keys)
        if self.fails:
            raise ProviderError(self.fails, 418)
        return Reply((*[self.item(key) for key in keys], *self.more), 200, self.system_error)

    def item(self, key: str) -> Item:
        said = f"{self.name} of {key}"
        return Item(key, None, said) if key.startswith("bad") else Item(key, said)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def live(*speaking: Speaking, ttl: float = 180, clock: Clock | None = None) -> LiveProviders:
    return LiveProviders({one.name: one for one in speaking}, AnswerCache(ttl, clock or Clock()))


def ask(providers: LiveProviders, name: str, *keys: str) -> Reply:
    """What is said; for how long, `test_how_long_an_answer_stays` looks at."""
    return replace(providers.ask(name, keys, None), keeps_s=0.0)


def test_what_is_known_is_not_asked_again() -> None:
    p = Speaking("p")
    providers = live(p)
    assert ask(providers, "p", "a", "bad") == Reply((p.item("a"), p.item("bad")), 200)
    # As in Gatekeeper: the status is 0 where nobody had to be asked, and what is known comes first.
    assert ask(providers, "p", "bad", "a") == Reply((p.item("bad"), p.item("a")), 0)
    assert ask(providers, "p", "b", "a") == Reply((p.item("a"), p.item("b")), 200)
    assert p.asked == [("a", "bad"), ("b",)]


def test_no_keys_ask_nobody() -> None:
    assert ask(live(), "absent") == Reply(())


def test_an_unknown_provider() -> None:
    assert ask(live(), "absent", "a") == Reply(None, 400, "key is not found in provider cache")


def test_a_failure_is_an_answer_and_is_not_kept() -> None:
    p = Speaking("p")
    providers = live(p)
    ask(providers, "p", "a")
    p.fails = "broken"
    assert ask(providers, "p", "a", "b") == Reply(None, 418, "broken")
    p.fails = ""
    assert ask(providers, "p", "a", "b") == Reply((p.item("a"), p.item("b")), 200)
    assert p.asked == [("a",), ("b",), ("b",)]


def test_a_system_error_keeps_nothing() -> None:
    p = Speaking("p", system_error="half")
    providers = live(p)
    assert ask(providers, "p", "a") == Reply((p.item("a"),), 200, "half")
    ask(providers, "p", "a")
    assert p.asked == [("a",), ("a",)]


def test_what_nobody_asked_for_is_shown_and_not_kept() -> None:
    p = Speaking("p", more=(Item("secret", "made up"),))
    providers = live(p)
    assert ask(providers, "p", "a") == Reply((p.item("a"), Item("secret", "made up")), 200)
    p.more = ()
    assert ask(providers, "p", "secret") == Reply((p.item("secret"),), 200)


def test_a_provider_that_is_another_now_is_asked_anew() -> None:
    cache = AnswerCache(180, Clock())
    former, present = Speaking("former"), Speaking("present")
    assert ask(LiveProviders({"p": former}, cache), "p", "a") == Reply((former.item("a"),), 200)
    assert ask(LiveProviders({"p": present}, cache), "p", "a") == Reply((present.item("a"),), 200)
    assert ask(LiveProviders({}, cache), "p", "a") == Reply(None, 400, "key is not found in provider cache")
    assert ask(LiveProviders({"p": former}, cache), "p", "a") == Reply((former.item("a"),), 0)


def test_how_long_an_answer_stays() -> None:
    p, clock = Speaking("p"), Clock()
    providers = live(p, clock=clock)

    def stays(name: str, *keys: str) -> float | None:
        return providers.ask(name, keys, None).keeps_s

    assert stays("p", "a") == 180
    clock.now += 100
    assert stays("p", "a") == 80
    assert stays("p", "b") == 180
    # The first of its parts that may be another.
    assert stays("p", "a", "b", "c") == 80
    p.system_error = "half"
    assert stays("p", "a", "d") == 0
    p.system_error, p.fails = "", "broken"
    assert stays("p", "e") == 0
    # Until there is another Provider.
    assert stays("absent", "a") is None
    assert stays("p") is None
    assert live(Speaking("p"), ttl=0).ask("p", ("a",), None).keeps_s == 0


def test_a_key_that_is_left_out_may_be_answered_the_next_time() -> None:
    @dataclass
    class Forgetful(Speaking):
        def answer(self, keys: tuple[str, ...], seconds: float | None) -> Reply:
            return super().answer(keys[:1], seconds)

    providers = live(Forgetful("p"))
    assert providers.ask("p", ("a", "b"), None).keeps_s == 0


@pytest.mark.parametrize(
    ("ttl", "after", "times"), [(180, 179.9, 1), (180, 180, 2), (0, 0, 2), (1e9, 1e8, 1)]
)
def test_how_long_it_is_kept(ttl: float, after: float, times: int) -> None:
    p, clock = Speaking("p"), Clock()
    providers = live(p, ttl=ttl, clock=clock)
    ask(providers, "p", "a")
    clock.now += after
    ask(providers, "p", "a")
    assert len(p.asked) == times


def test_it_is_bounded_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "MAX_ITEMS", 3)
    p = Speaking("p")
    providers = live(p)
    for key in ("a", "b", "c", "d"):
        ask(providers, "p", key)
    assert ask(providers, "p", "b", "c", "d").status == 0
    assert ask(providers, "p", "a").status == 200


def test_it_is_bounded_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "MAX_CHARACTERS", 100)
    kept = AnswerCache(180, Clock())
    kept.keep("p", Item("large", "x" * 200))
    assert kept.find("p", "large") is None
    for key in ("a", "b", "c"):
        kept.keep("p", Item(key, "x" * 30))
    assert [kept.find("p", key) is None for key in ("a", "b", "c")] == [True, False, False]


NAMES = st.sampled_from(["p", "q", "pq", ""])
KEYS = st.lists(st.sampled_from(["a", "b", "ab", "bad", "", "p", "qa"]), max_size=4)


@given(st.lists(st.tuples(NAMES, KEYS), max_size=12))
def test_providers_and_keys_are_never_mixed(requests: Sequence[tuple[str, list[str]]]) -> None:
    speaking = {name: Speaking(name) for name in ("p", "q", "pq", "")}
    providers = live(*speaking.values())
    for name, keys in requests:
        reply = ask(providers, name, *keys)
        assert sorted(map(repr, reply.items or ())) == sorted(repr(speaking[name].item(key)) for key in keys)


class CacheLaws(RuleBasedStateMachine):
    """The cache gives what was kept last for just this provider and key, or nothing, and never what is too old."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.cache = AnswerCache(10, self.clock)
        self.kept: dict[tuple[str, str], tuple[float, Item]] = {}
        self.number = 0

    @rule(provider=NAMES, key=st.sampled_from(["a", "b", "ab", ""]))
    def keep(self, provider: str, key: str) -> None:
        self.number += 1
        item = Item(key, self.number)
        self.cache.keep(provider, item)
        self.kept[provider, key] = (self.clock.now, item)

    @rule(seconds=st.sampled_from([1.0, 5.0, 9.5]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @invariant()
    def gives_what_was_kept(self) -> None:
        for (provider, key), (at, item) in self.kept.items():
            fresh = self.clock.now - at < 10
            left = 10 - (self.clock.now - at)
            assert self.cache.find(provider, key) == ((item, left) if fresh else None)


TestCacheLaws = CacheLaws.TestCase
