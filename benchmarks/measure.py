"""Timing contenders side by side, and what comes of it."""

import gc
import subprocess
import sys
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from time import process_time
from typing import NamedTuple

Work = Callable[[], object]
Seconds = list[float]


class Row(NamedTuple):
    """One work, ours beside a peer's: seconds (or bytes) round by round."""

    group: str
    work: str
    peer: str
    target: float | None
    ours: Seconds
    theirs: Seconds
    per_round: int = 1  # operations
    note: str = ""
    unit: str = "s"
    by_mean: bool = False  # where a median would hide what few operations pay for all

    def merged(self, other: "Row") -> "Row":
        """The rounds of two runs."""
        return self._replace(ours=self.ours + other.ours, theirs=self.theirs + other.theirs)

    @property
    def ratios(self) -> list[float]:
        """Ours to theirs, by neighbours in time: the clock of a shared machine changes."""
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def ratio(self) -> float:
        return sum(self.ours) / sum(self.theirs) if self.by_mean else median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The quartiles of the ratios."""
        if len(self.ratios) < 2:
            return self.ratio, self.ratio
        low, _, high = quantiles(self.ratios, n=4, method="inclusive")
        return low, high

    @property
    def met(self) -> bool | None:
        return None if self.target is None else self.ratio <= self.target


class Scale(NamedTuple):
    """How much is measured, and where the stores stand that all runs share."""

    quick: bool
    folder: Path

    @property
    def sizes(self) -> tuple[int, ...]:
        """Contacts in a store."""
        return tuple(10**n for n in range(3, 6 if self.quick else 7))

    @property
    def walks(self) -> tuple[int, int]:
        """Contacts in the stores that are walked over."""
        return self.sizes[1], self.sizes[-1]

    def rounds(self, quick: int, full: int) -> int:
        return quick if self.quick else full


class Point(NamedTuple):
    """One point of a curve: how the cost of a work grows."""

    plot: str
    line: str
    x: int
    y: float


def interleaved(
    contenders: Mapping[str, Work],
    rounds: int,
    *,
    before: Mapping[str, Work] | None = None,
    clock: Callable[[], float] = process_time,
) -> dict[str, Seconds]:
    """Seconds of each contender, round by round, each time in another order.

    *before* is what a contender has to do in each round that is not its work. A first round, in
    which everybody gets warm, does not count. The clock is that of the processor, which stands
    still while another program runs; work that waits for a disk needs `perf_counter`.
    """
    names = list(contenders)
    seconds: dict[str, Seconds] = {name: [] for name in names}
    # The collector stays on, as in a host, but has not to look at what stood there before.
    gc.collect()
    gc.freeze()
    for turn in range(rounds + 1):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            if before is not None and name in before:
                before[name]()
            gc.collect()
            work = contenders[name]
            start = clock()
            work()
            seconds[name].append(clock() - start)
    gc.unfreeze()
    return {name: times[1:] for name, times in seconds.items()}


def numbers(last: int) -> Callable[[], int]:
    """1, 2 … *last*, 1, 2 …, spread so that neighbours are far apart."""
    steps = count(1)
    return lambda: next(steps) * 7919 % last + 1


_WALK = """
import sys
from contacts_adapters import open_repository
with open_repository(sys.argv[1]) as repository:
    assert sum(map(len, repository.books())) == int(sys.argv[2])
"""
_PEAK = """
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
"""


def peak_row(group: str, scheme: str, stores: Mapping[int, Path]) -> Row:
    """How the peak of the resident set, in bytes, grows from a walk over few to one over many."""
    peaks = {
        contacts: peaks_of(_WALK, f"{scheme}:///{path.absolute()}", str(contacts // 3 * 3))
        for contacts, path in stores.items()
    }
    few, many = sorted(peaks)
    work = f"peak memory of a walk over {many:,} contacts"
    return Row(group, work, f"over {few:,}", 1.5, peaks[many], peaks[few], unit="bytes")


def peaks_of(script: str, *arguments: str, before: Work = lambda: None) -> list[float]:
    """The peak of the resident set, in bytes, in three runs of a script; *before* precedes each."""
    peaks = []
    for _ in range(3):
        before()
        # Of a process of its own, and not by ru_maxrss: a child inherits its parent's.
        command = [sys.executable, "-c", script + _PEAK, *arguments]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(float(result.stdout) * 1024)
    return peaks
