"""Mutated files, as the soak makes them: some hundred of each run of the tests, always the same."""

import random

import pytest

from tests.soak.models import Material, judge, mutate, own_material

MATERIAL = list(own_material())
ROUNDS = 40


@pytest.mark.parametrize("material", MATERIAL, ids=[one.name for one in MATERIAL])
def test_mutated_file_neither_crashes_nor_becomes_safe(material: Material) -> None:
    for seed in range(ROUNDS):
        chance = random.Random(seed)
        first = material.payload if seed % 2 else 0
        data = mutate(chance, material.data, chance.choice(MATERIAL).data, first)
        assert judge(material, data) is None, seed


def test_malicious_material_is_not_safe_as_it_is() -> None:
    for one in MATERIAL:
        assert judge(one, one.data) is None, one.name
