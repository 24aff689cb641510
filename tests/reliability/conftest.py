"""What do the stores lose when processes, disks and files fail? `RELIABILITY.md` has the answer.

The sweeps run in a reduced form by default and whole by `pytest tests/reliability --whole`, which
alone writes the table.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from report_table import Report

HERE: Final = Path(__file__).parent

# The modules that tests share, and that their subprocesses run, are imported by their own names.
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run the reliability sweeps whole")


@pytest.fixture(scope="session")
def whole(pytestconfig: pytest.Config) -> bool:
    """Whether the sweeps run in full; the option exists only when pytest is given this folder."""
    return bool(pytestconfig.getoption("whole", default=False))


@pytest.fixture(scope="session")
def report(whole: bool) -> Iterator["Report"]:
    """Where the sweeps say how many cases they ran; written at the end of a whole run."""
    from report_table import Report

    rows = Report()
    yield rows
    if whole:
        rows.write(HERE.parent / "RELIABILITY.md")
