"""What the commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

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
