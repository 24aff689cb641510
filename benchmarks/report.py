"""What was measured, as tables and plots: `RESULTS.md` and the SVGs beside it."""

import json
import os
import platform
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from sqlite3 import sqlite_version
from statistics import median
from typing import Any

import plots
from measure import Point, Row

PACKAGES = (
    *("contacts-core", "attrs", "cattrs", "sqlite-utils", "pydantic", "msgspec", "orjson"),
    *("SQLAlchemy", "peewee", "tinydb"),
)
Run = dict[str, Any]


def summary(rows: Iterable[Row], points: Iterable[Point], form: str) -> Run:
    """A run as it is kept: `results/<version of Python>.json`."""
    return {
        "python": platform.python_version(),
        "form": form,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": _machine(),
        "versions": {name: version(name) for name in PACKAGES} | {"SQLite": sqlite_version},
        "rows": [_summary(row) for row in rows],
        "points": [point._asdict() for point in points],
    }


def _summary(row: Row) -> dict[str, Any]:
    return {
        "group": row.group,
        "work": row.work,
        "peer": row.peer,
        "target": row.target,
        "ratio": row.ratio,
        "spread": row.spread,
        "ours": median(row.ours) / row.per_round,
        "theirs": median(row.theirs) / row.per_round,
        "unit": row.unit,
        "by_mean": row.by_mean,
        "note": row.note,
    }


def _machine() -> str:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{cpu}, {os.cpu_count()} cores, {gigabytes:.0f} GB, {platform.system()}"


def write(folder: Path, run: Run) -> None:
    """Keeps a run, and writes the report of all that are kept, that of the oldest Python first."""
    kept = folder / "results"
    kept.mkdir(exist_ok=True)
    minor = ".".join(run["python"].split(".")[:2])
    (kept / f"{minor}.json").write_text(json.dumps(run, indent=1) + "\n")
    runs = [json.loads(path.read_text()) for path in kept.glob("*.json")]
    runs.sort(key=lambda run: [int(part) for part in run["python"].split(".")])
    first = runs[0]
    (folder / "RESULTS.md").write_text("\n".join(_report(runs)) + "\n")
    for name, svg in _plots(first):
        (kept / f"{name}.svg").write_text(svg)


def table(rows: Iterable[Run]) -> Iterator[str]:
    """Markdown."""
    yield "| work | against | target | **ratio** | quartiles | ours | theirs | |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        low, high = row["spread"]
        cells = (
            row["work"],
            row["peer"] + (f" ({row['note']})" if row["note"] else ""),
            "" if row["target"] is None else f"≤ {row['target']:g}",
            f"**{_ratio(row['ratio'])}**",
            f"{_ratio(low)} to {_ratio(high)}",
            _quantity(row["ours"], row["unit"]),
            _quantity(row["theirs"], row["unit"]),
            _verdict(row),
        )
        yield f"| {' | '.join(cells)} |"


def _report(runs: list[Run]) -> Iterator[str]:
    first = runs[0]
    versions = ", ".join(f"{name} {number}" for name, number in first["versions"].items())
    yield from (
        "# Results of the benchmarks",
        "",
        f"{first['date']}, Python {first['python']}, {first['form']}. {first['machine']}.",
        f"{versions}.",
        "",
        "The ratio of ours to the peer is what counts: lower is better, 1 is the same. It is the",
        "median over rounds in which all contenders take turns, for durable SQLite saves the ratio",
        "of the means, since a checkpoint falls on few saves. Times are of one operation, of the",
        "processor where nothing waits for a disk. Before they are timed, all contenders are seen",
        "to refuse the same inputs and to keep the same data.",
        "",
        "![Ratios and targets](results/ratios.svg)",
        "",
    )
    for group in dict.fromkeys(row["group"] for row in first["rows"]):
        yield from (f"## {group}", "")
        yield from table(row for row in first["rows"] if row["group"] == group)
        yield ""
    yield from ("## How cost grows", "")
    for plot in dict.fromkeys(point["plot"] for point in first["points"]):
        yield from (f"![{plot}](results/{_slug(plot)}.svg)", "")
        yield from _growth([point for point in first["points"] if point["plot"] == plot])
        yield ""
    if len(runs) > 1:
        yield from ("## Other versions of Python", "")
        yield from _other_pythons(runs)


def _growth(points: list[dict[str, Any]]) -> Iterator[str]:
    plot = points[0]["plot"]
    sizes = sorted({point["x"] for point in points})
    found = {(point["line"], point["x"]): point["y"] for point in points}
    yield f"| {plot} | {' | '.join(f'{size:,}' for size in sizes)} |"
    yield "|---|" + "---|" * len(sizes)
    for line in dict.fromkeys(point["line"] for point in points):
        cells = [
            _quantity(found[line, size], "s") if (line, size) in found else "" for size in sizes
        ]
        yield f"| {line} | {' | '.join(cells)} |"


def _other_pythons(runs: list[Run]) -> Iterator[str]:
    yield "Ratios of the rows that have a target, as far as they were measured at the same size."
    yield ""
    heads = (f"{run['python']}, {run['form']}" for run in runs)
    yield f"| work | against | target | {' | '.join(heads)} |"
    yield "|---|---|---|" + "---|" * len(runs)
    ratios = [{_key(row): row["ratio"] for row in run["rows"]} for run in runs]
    for row in runs[0]["rows"]:
        if row["target"] is not None:
            cells = [_ratio(found[_key(row)]) if _key(row) in found else "" for found in ratios]
            yield (
                f"| {row['group']}: {row['work']} | {row['peer']} | ≤ {row['target']:g} "
                f"| {' | '.join(cells)} |"
            )


def _key(row: Run) -> tuple[str, str, str]:
    return row["group"], row["work"], row["peer"]


def _plots(run: Run) -> Iterator[tuple[str, str]]:
    goals = [row for row in run["rows"] if row["target"] is not None]
    yield (
        "ratios",
        plots.bars(
            "Ours to the peer, and the target",
            [
                (f"{row['group']}: {row['work']} / {row['peer']}", row["ratio"], row["target"])
                for row in goals
            ],
        ),
    )
    for plot in dict.fromkeys(point["plot"] for point in run["points"]):
        lines: dict[str, list[tuple[float, float]]] = {}
        for point in run["points"]:
            if point["plot"] == plot:
                lines.setdefault(point["line"], []).append((point["x"], point["y"]))
        yield _slug(plot), plots.lines(plot, lines)


def _slug(plot: str) -> str:
    return plot.lower().replace(",", "").replace(" ", "-")


def _verdict(row: Run) -> str:
    if row["target"] is None:
        return ""
    return "met" if row["ratio"] <= row["target"] else "**not met**"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def _quantity(quantity: float, unit: str) -> str:
    if unit == "bytes":
        return f"{quantity / 2**20:.1f} MB" if quantity > 2**20 else f"{quantity:.0f} B"
    for factor, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if quantity >= factor:
            return f"{quantity / factor:.3g} {name}"
    return f"{quantity / 1e-9:.0f} ns"
