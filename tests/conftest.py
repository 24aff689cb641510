"""What several test files need."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def sample() -> Callable[[str], Path]:
    """Finds a file of others, which is no part of this project; without it the test skips."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("CONTACTS_SAMPLES", beside))

    def find(name: str) -> Path:
        if not (folder / name).exists():
            pytest.skip(f"no {name}: the variable CONTACTS_SAMPLES may name its folder")
        return folder / name

    return find
