"""What the commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task, TaskID
from rich.table import Table
from rich.text import Text

from contacts_adapters.exchange import ImportReport
from contacts_core import LABELS, RULES, Contact, ContactLabel, ContactProtocol, Match

YES = "✓"


def console() -> Console:
    """Where people look; made anew, so that it sees today's standard output."""
    return Console(highlight=False, emoji=False, markup=False)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, if that is a terminal; gives what to tell of each number done."""
    bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


class _Rate(ProgressColumn):
    """How many of a step are done in a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def steps() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each step on standard error, if that is a terminal, and else a line at its end.

    Gives what to tell of each step how many are done, and of how many.
    """
    on_terminal = sys.stderr.isatty()
    columns = (*Progress.get_default_columns(), _Rate())
    bars = Progress(*columns, console=Console(stderr=True), disable=not on_terminal)
    tasks: dict[str, TaskID] = {}

    def tell(step: str, done: int, total: int) -> None:
        if step not in tasks:
            tasks[step] = bars.add_task(step, total=total)
        bars.update(tasks[step], completed=done)
        if done == total and not on_terminal:
            click.echo(f"{step}: {total:,}", err=True)

    with bars:
        yield tell


def print_json(body: object) -> None:
    """One document on one line, in ASCII: every terminal and every program can read it."""
    click.echo(json.dumps(body))


def contact_table(contacts: Iterable[Contact]) -> Table:
    """The contacts of one person."""
    return _table(((), contact) for contact in contacts)


def match_table(matches: Iterable[Match]) -> Table:
    """People with their contacts."""
    return _table(
        (((str(match.person_id),), match.contact) for match in matches), first=("person",)
    )


def _table(
    rows: Iterable[tuple[tuple[str, ...], Contact]],
    *,
    first: tuple[str, ...] = (),
) -> Table:
    table = Table()
    for name in (*first, "id"):
        table.add_column(name, justify="right")
    for name in ("label", "protocol"):
        table.add_column(name)
    table.add_column("value", overflow="fold")
    table.add_column("integration", justify="center")
    for before, contact in rows:
        table.add_row(
            *before,
            str(contact.id),
            contact.label.value,
            contact.protocol.value,
            Text(contact.value),  # never read as markup
            YES if contact.integration else "",
        )
    return table


def label_table() -> Table:
    """Which label goes with which protocol."""
    table = Table(title="Labels and protocols", title_justify="left", title_style="bold")
    table.add_column("label")
    for protocol in ContactProtocol:
        table.add_column(protocol.value, justify="center")
    for label in ContactLabel:
        table.add_row(label.value, *(YES if label in LABELS[p] else "" for p in ContactProtocol))
    return table


def rule_table() -> Table:
    """What else a contact has to be."""
    table = Table(title="Rules of a contact", title_justify="left", title_style="bold")
    for name in ("rule", "code", "message"):
        table.add_column(name, overflow="fold")
    for rule in RULES:
        message = rule.message.format(labels="…", protocol="…")
        table.add_row(rule.number, rule.code, message)
    return table


def counts_of(report: ImportReport) -> dict[str, int]:
    """The counters of the vendor's Import API."""
    names = ("created", "updated", "deleted", "unchanged", "failures", "errors")
    return {name: getattr(report, name) for name in names}


def report_table(report: ImportReport) -> Table:
    """What an import did."""
    table = Table(show_header=False)
    table.add_column(justify="right")
    table.add_column()
    for name, count in counts_of(report).items():
        table.add_row(f"{count:,}", name)
    for what, count in report.skipped.items():
        table.add_row(f"{count:,}", f"skipped: {what}")
    return table


def refused_lines(report: ImportReport, unit: str) -> Iterator[str]:
    """What an import refused and why; *unit* is what the source is numbered by."""
    for record in report.refused:
        for problem in record.problems:
            # Of an unknown column the name comes from a stranger: ASCII forges no lines.
            yield f"{unit} {record.number}: {ascii(problem.field)[1:-1]} {problem.message}"
