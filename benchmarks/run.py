"""Measures contacts_core beside its peers, on this machine, in one run.

    pip install -e '.[bench]'
    python benchmarks/run.py             the quick form, under two minutes
    python benchmarks/run.py --full      three runs and stores of a million contacts: half an hour
    python benchmarks/run.py --only contact memory     prints these, and writes nothing

The results go to `benchmarks/RESULTS.md` and `benchmarks/results/`, one file for each version of
Python, which the report compares: to see another one, run the same with it, in an environment
of its own.

    python3.12 -m venv .venv-3.12
    .venv-3.12/bin/pip install -e '.[bench]'
    .venv-3.12/bin/python benchmarks/run.py

Stores are made in a temporary folder, `--folder` names another place for it: what a durable save
costs depends on the disk below.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import report
from measure import Point, Row, Scale

GROUPS = ("contact", "imports", "memory", "sqlite", "sqlite_growth", "json_file", "exchange")
FULL_RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="three runs, up to a million contacts")
    parser.add_argument("--runs", type=int, help="how often all is measured")
    parser.add_argument("--only", nargs="+", choices=GROUPS, help="print these groups alone")
    parser.add_argument("--folder", type=Path, help="where the stores are made")
    options = parser.parse_args()

    runs = options.runs or (FULL_RUNS if options.full else 1)
    rows: dict[tuple[str, ...], Row] = {}
    points: dict[tuple[str, str, int], list[float]] = {}
    with TemporaryDirectory(dir=options.folder, prefix="contacts-benchmarks-") as folder:
        scale = Scale(quick=not options.full, folder=Path(folder))
        for result in _measure(options.only or GROUPS, scale, runs):
            if isinstance(result, Row):
                key = (result.group, result.work, result.peer)
                rows[key] = rows[key].merged(result) if key in rows else result
            else:
                points.setdefault(result[:3], []).append(result.y)

    form = f"{'full' if options.full else 'quick'} form, {runs} run{'s' if runs > 1 else ''}"
    curves = [Point(*key, median(ys)) for key, ys in points.items()]
    summary = report.summary(rows.values(), curves, form)
    print(*report.table(summary["rows"]), sep="\n")
    if not options.only:
        report.write(Path(__file__).parent, summary)


def _measure(groups: tuple[str, ...], scale: Scale, runs: int) -> Iterator[Row | Point]:
    for number in range(runs):
        for group in groups:
            start = perf_counter()
            # A process for each: what one group leaves in memory would slow the next.
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                yield from pool.submit(_run, group, scale).result()
            took = perf_counter() - start
            print(f"run {number + 1} of {runs}, {group}: {took:.0f} s", file=sys.stderr)


def _run(group: str, scale: Scale) -> list[Row | Point]:
    return list(import_module(group).run(scale))


if __name__ == "__main__":
    main()
