"""`contacts import` and `contacts export`: the files of directories."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any, BinaryIO, Final

import click

from contacts_adapters.exchange import (
    MAX_REMOVALS,
    Format,
    ImportReport,
    ImportStopped,
    PeopleFile,
    format_named,
    format_of,
    import_contacts,
    known_formats,
    write_csv,
)
from contacts_adapters.exchange.formats import SNIFFED
from contacts_adapters.registry import open_repository
from contacts_core import Contact, ContactBookRepository

from .options import Command, json_option, store_option
from .output import console, counts_of, print_json, refused_lines, report_table, steps

_LEFT_OUT: Final = 3


def _people_option(command: Command) -> Command:
    return click.option(
        "--people",
        type=click.File("rb"),
        help="CSV with the columns Person and ID: who the people are. Else the file has their ids.",
    )(command)


@click.command("import")
@click.argument("file", type=click.File("rb"))
@store_option
@_people_option
@click.option(
    "--format",
    "name",
    type=click.Choice(known_formats()),
    help="In place of what the file looks like.",
)
@click.option("--key", metavar="NAME", help="The column or attribute that names the person.")
@click.option("--dry-run", is_flag=True, help="Write nothing, report the same.")
@click.option(
    "--max-removals",
    type=click.FloatRange(0, 1),
    default=MAX_REMOVALS,
    show_default=True,
    help="Stop when a larger share of the integration contacts would go; 1 never stops.",
)
@json_option
def import_(
    file: IO[bytes],
    store: str,
    people: IO[bytes] | None,
    name: str | None,
    key: str | None,
    dry_run: bool,
    max_removals: float,
    as_json: bool,
) -> None:
    """Import the contacts in FILE: what a directory has of people replaces what it had.

    FILE is CSV or TSV as the vendor's Import API takes it, LDIF or SCIM 2.0; - is standard input.
    Contacts that people entered by hand stay. The same file again changes nothing.

    Exit status 3: done, but for the records named on standard error.
    """
    format = _format(file, name)
    with ExitStack() as stack:
        resolve = _number if people is None else stack.enter_context(PeopleFile(people)).resolve
        repository = stack.enter_context(open_repository(store))
        tell = stack.enter_context(steps())
        try:
            report = import_contacts(
                repository,
                format.read(_Counted(file, tell), **({"key": key} if key else {})),
                resolve=resolve,
                max_removals=max_removals,
                dry_run=dry_run,
                progress=lambda done, total: tell("people done", done, total),
            )
        except ImportStopped as stopped:
            _name_refused(stopped.report, format)
            click.echo(f"{stopped}; --max-removals 1 does it all the same", err=True)
            raise click.exceptions.Exit(1) from None
    _name_refused(report, format)
    _print(report, as_json)
    if report.refused:
        raise click.exceptions.Exit(_LEFT_OUT)


def _format(file: IO[bytes], name: str | None) -> Format:
    if name is not None:
        return format_named(name)
    head = file.peek(SNIFFED)[:SNIFFED] if hasattr(file, "peek") else b""
    return format_of(str(file.name), head)


class _Counted:
    """A stream that tells how much of it is read."""

    def __init__(self, stream: IO[bytes], tell: Callable[[str, int, int], None]) -> None:
        self._stream = stream
        self._tell = tell
        self._done = 0
        self._size = os.fstat(stream.fileno()).st_size

    def read(self, size: int) -> bytes:
        piece = self._stream.read(size)
        self._done += len(piece)
        if piece:
            self._tell("bytes read", self._done, self._size)
        return piece


def _number(key: str) -> int | None:
    """A key that is the number of a person."""
    return int(key) if key.isascii() and key.isdigit() and len(key) < 19 and int(key) else None


def _name_refused(report: ImportReport, format: Format) -> None:
    for line in refused_lines(report, format.unit):
        click.echo(line, err=True)


def _print(report: ImportReport, as_json: bool) -> None:
    if as_json:
        print_json({**counts_of(report), "skipped": dict(report.skipped)})
    else:
        console().print(report_table(report))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@store_option
@_people_option
@click.option("--tsv", is_flag=True, help="Part the cells by tabs.")
@click.option("--ids", is_flag=True, help="Add the column ID, to update these contacts later.")
@click.option(
    "--spreadsheet", is_flag=True, help="Guard against formulas; not to be imported again."
)
def export(
    file: str, store: str, people: BinaryIO | None, tsv: bool, ids: bool, spreadsheet: bool
) -> None:
    """Write all contacts to a new FILE, as CSV that import reads; - is standard output.

    Exit status 3: done, but for people whom the file of --people does not have.
    """
    with ExitStack() as stack:
        name: Callable[[int], str | None] = str
        if people is not None:
            name = stack.enter_context(PeopleFile(people)).name
        repository = stack.enter_context(open_repository(store))
        unnamed: list[int] = []
        write_csv(
            stack.enter_context(_output(file)),
            _rows(repository, name, unnamed),
            dialect="tsv" if tsv else "csv",
            ids=ids,
            spreadsheet=spreadsheet,
        )
    for person_id in unnamed:
        click.echo(f"person {person_id} is not in the file of people", err=True)
    if unnamed:
        raise click.exceptions.Exit(_LEFT_OUT)


@contextmanager
def _output(path: str) -> Iterator[IO[Any]]:
    if path == "-":
        with click.open_file("-", "wb") as stream:
            yield stream
        return
    from contacts_adapters.files import checked_path, new_file  # POSIX alone has what it needs

    try:
        with new_file(checked_path(path)) as draft, draft.open("wb") as file:
            yield file
    except OSError as error:
        raise click.FileError(path, os.strerror(error.errno or 0)) from None


def _rows(
    repository: ContactBookRepository, name: Callable[[int], str | None], unnamed: list[int]
) -> Iterator[tuple[str, Contact]]:
    for book in repository.books():
        key = name(book.person_id)
        if key is None:
            unnamed.append(book.person_id)
        else:
            yield from ((key, contact) for contact in book)
