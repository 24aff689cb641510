"""Our stores pass the suite that we ship, each by itself and all side by side."""

from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

import pytest

from contacts_adapters.conformance import RepositoryConformance, check_agreement


def numbered(template: str) -> Callable[[], str]:
    numbers = count()
    return lambda: template.format(next(numbers))


class TestMemory(RepositoryConformance):
    @pytest.fixture
    def fresh_url(self) -> Callable[[], str]:
        return lambda: "memory://"


class StoresInFiles(RepositoryConformance):
    persistent = True

    def files(self, url: str) -> Iterable[Path]:
        path = Path(url.partition(":///")[2])
        return sorted(path.parent.glob(f"{path.name}*"))


class TestSqlite(StoresInFiles):
    @pytest.fixture
    def fresh_url(self, tmp_path: Path) -> Callable[[], str]:
        return numbered(f"sqlite:///{tmp_path}/{{}}.db")


class TestJsonFile(StoresInFiles):
    @pytest.fixture
    def fresh_url(self, tmp_path: Path) -> Callable[[], str]:
        return numbered(f"json:///{tmp_path}/{{}}.jsonl")


def test_all_stores_agree_with_each_other_and_a_plain_dict(tmp_path: Path) -> None:
    urls = [
        lambda: "memory://",
        numbered(f"sqlite:///{tmp_path}/{{}}.db"),
        numbered(f"json:///{tmp_path}/{{}}.jsonl"),
    ]
    check_agreement(urls, persistent=[False, True, True])
