"""Witness policies: the specification's example, quorums by counting, and what is refused."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lockgate.audit.errors import FormatError
from lockgate.audit.note import COSIGNATURE, ED25519, ML_DSA_44, make_verifier_key, render_verifier_key
from lockgate.audit.witness_policy import MAX_DEFINED, parse_witness_policy


def vkey(seed: int, algorithm: int = COSIGNATURE, name: str = "") -> str:
    size = 1312 if algorithm == ML_DSA_44 else 32
    return render_verifier_key(
        make_verifier_key(name or f"w{seed}.example", seed.to_bytes(2) * (size // 2), algorithm)
    )


NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
EXAMPLE = (
    f"log {vkey(0, ED25519)} https://log.example/\n\n"
    + "".join(f"witness {name} {vkey(place + 1)}\n" for place, name in enumerate(NAMES[:3]))
    + "\tgroup X-witnesses  2\tX1 X2 X3 \n# the other organisation\n"
    + "".join(
        f"witness {name} {vkey(place + 4)} https://{name}.example\n" for place, name in enumerate(NAMES[3:])
    )
    + "group Y-witnesses any Y1 Y2 Y3\n\n  # both\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y"
)


def test_the_example_of_the_specification() -> None:
    policy = parse_witness_policy(EXAMPLE)
    assert [one.name for one in policy.logs] == ["w0.example"]
    assert policy.witnesses["Y1"][1] == "https://Y1.example"
    for count in range(len(NAMES) + 1):
        for some in combinations(NAMES, count):
            expected = sum(one[0] == "X" for one in some) >= 2 and any(one[0] == "Y" for one in some)
            assert policy.is_met(some) == expected
            assert policy.is_met([*some, "stranger", "X-and-Y", "X-witnesses"]) == expected


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n), st.integers(0, n))))
def test_thresholds(numbers: tuple[int, int, int]) -> None:
    n, k, present = numbers
    lines = "".join(f"witness w{one} {vkey(one)}\n" for one in range(n))
    members = " ".join(f"w{one}" for one in range(n))
    policy = parse_witness_policy(f"{lines}group g {k} {members}\nquorum g\n")
    some = [f"w{one}" for one in range(present)]
    assert policy.is_met(some) == (present >= k)
    # One witness many times is one.
    assert policy.is_met(["w0"] * 9) == (k == 1)


def test_one_witness_and_none() -> None:
    policy = parse_witness_policy(f"witness w {vkey(1)}\nquorum w\n")
    assert policy.is_met(["w"])
    assert not policy.is_met([])
    assert parse_witness_policy("quorum none\n").is_met([])


W = f"witness w {vkey(1)}\n"
REFUSED: dict[str, str] = {
    "empty": "",
    "no quorum": W,
    "two quorums": W + "quorum w\nquorum w\n",
    "two quorums, none": "quorum none\nquorum none\n",
    "quorum without a name": "quorum\n",
    "quorum of two": W + "quorum w w\n",
    "unknown quorum": "quorum w\n",
    "quorum before its witness": "quorum w\n" + W,
    "a word that is not known": "Quorum none\n",
    "a comment behind a line": "quorum none # all\n",
    "a witness twice": W + W + "quorum w\n",
    "a key twice": W + f"witness v {vkey(1)}\nquorum w\n",
    "a key twice under another name": W + f"witness v {vkey(1, name='other.example')}\nquorum w\n",
    "a log's key twice": f"log {vkey(1, ED25519)}\nlog {vkey(1, ED25519, 'b.example')}\nquorum none\n",
    "a log with a witness's key type": f"log {vkey(1)}\nquorum none\n",
    "a witness with a log's key type": f"witness w {vkey(1, ED25519)}\nquorum w\n",
    "a witness without a key": "witness w\nquorum w\n",
    "a witness with two URLs": f"witness w {vkey(1)} a b\nquorum w\n",
    "a broken key": f"witness w {vkey(1)[:-4]}\nquorum w\n",
    "another key id": f"witness w {vkey(1).replace('+', '+0', 1)}\nquorum w\n",
    "a witness named none": f"witness none {vkey(1)}\nquorum none\n",
    "a group named none": W + "group none any w\nquorum none\n",
    "a group named as a witness": W + "group w any w\nquorum w\n",
    "none in a group": W + "group g any w none\nquorum g\n",
    "an empty group": W + "group g any\nquorum g\n",
    "a group of itself": W + "group g any g\nquorum g\n",
    "a member twice": W + "group g any w w\nquorum g\n",
    "a member of two groups": W + "group g any w\ngroup h any w\nquorum h\n",
    "a threshold of 0": W + "group g 0 w\nquorum g\n",
    "a threshold above the count": W + "group g 2 w\nquorum g\n",
    "a threshold with a zero before it": W + "group g 01 w\nquorum g\n",
    "a negative threshold": W + "group g -1 w\nquorum g\n",
    "a threshold of other digits": W + "group g \u0661 w\nquorum g\n",
    "a long threshold": W + f"group g {'1' * 5000} w\nquorum g\n",
    "a carriage return": "quorum none\r\n",
    "a NUL": "quorum none\n\0",
    "too many": "".join(f"witness w{one} {vkey(one)}\n" for one in range(MAX_DEFINED + 1)) + "quorum w1\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(FormatError):
        parse_witness_policy(REFUSED[name])


def test_only_spaces_and_tabs_part_words() -> None:
    # U+2028 is a line's end to str.splitlines, and U+00A0 a space to str.split.
    policy = parse_witness_policy(f"# one\u2028quorum w\nwitness a\u00a0b {vkey(1)}\nquorum a\u00a0b\n")
    assert policy.is_met(["a\u00a0b"])


def test_deep_groups() -> None:
    lines = (
        W + "group g0 any w\n" + "".join(f"group g{one + 1} any g{one}\n" for one in range(MAX_DEFINED - 2))
    )
    policy = parse_witness_policy(lines + f"quorum g{MAX_DEFINED - 2}\n")
    assert policy.is_met(["w"])
    assert not policy.is_met([])


def test_keys_after_the_quantum_computer() -> None:
    assert parse_witness_policy(f"log {vkey(2, ML_DSA_44)}\nwitness w {vkey(1, ML_DSA_44)}\nquorum w").is_met(
        ["w"]
    )
