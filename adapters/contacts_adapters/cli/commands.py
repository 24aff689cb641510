"""The commands: each is one call of the library, and what comes of it."""

import time
from typing import Any

import click

from contacts_adapters import maintenance
from contacts_adapters.exchange import UnknownFormat
from contacts_adapters.registry import UnknownScheme, open_repository
from contacts_core import (
    MAX_ID,
    Contact,
    ContactBookRepository,
    ContactLabel,
    ContactProtocol,
    ContactsError,
    InvalidContact,
    PeopleContacts,
)

from .exchange import export, import_
from .options import Command, json_option, store_option
from .output import console, contact_table, match_table, print_json, progress

NUMBER = click.IntRange(1, MAX_ID)
_TROUBLE, _BAD_INPUT = 1, 2


class _Contacts(click.Group):
    """Says what is wrong, one line a problem, in place of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InvalidContact as error:
            for field, message in error.to_list():
                click.echo(f"{field} {message}", err=True)
            ctx.exit(_BAD_INPUT)
        except (UnknownScheme, UnknownFormat) as error:
            click.echo(str(error), err=True)
            ctx.exit(_BAD_INPUT)
        except ContactsError as error:
            click.echo(str(error), err=True)
            ctx.exit(_TROUBLE)
        except ModuleNotFoundError as error:  # says which extra to install
            click.echo(error.msg, err=True)
            ctx.exit(_TROUBLE)


@click.group(cls=_Contacts, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="contacts-core")
def contacts() -> None:
    """Keep the contact details of people: see `contacts demo`.

    The store is a URL, such as sqlite:///contacts.db, json:///contacts.jsonl (a fourth slash for a
    path from the root) or memory://, from --store or the environment variable CONTACTS_STORE.

    Exit status: 0 done, 1 not found, read-only, or trouble with the store, 2 bad input, 3 done but
    for what an import or export had to leave out.
    """


contacts.add_command(import_)
contacts.add_command(export)


def value_options(command: Command) -> Command:
    """The four fields of which a contact has one."""
    for protocol in reversed(ContactProtocol):
        command = click.option(f"--{protocol.value}", metavar="TEXT")(command)
    return command


def label_option(command: Command) -> Command:
    """What a contact is for."""
    names = ", ".join(ContactLabel)
    return click.option("--label", metavar="LABEL", help=f"One of {names}.")(command)


person_argument = click.argument("person", type=NUMBER)
contact_argument = click.argument("contact", type=NUMBER)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _print_contact(contact: Contact, as_json: bool) -> None:
    if as_json:
        print_json(contact.to_dict())
    else:
        console().print(contact_table([contact]))


@contacts.command("list")
@person_argument
@store_option
@json_option
def list_(person: int, store: str, as_json: bool) -> None:
    """List the contacts of PERSON."""
    with open_repository(store) as repository:
        found = PeopleContacts(repository).list_contacts(person)
    if as_json:
        print_json([contact.to_summary() for contact in found])
    elif found:
        console().print(contact_table(found))
    else:
        console().print(f"person {person} has no contacts")


@contacts.command()
@person_argument
@contact_argument
@store_option
@json_option
def show(person: int, contact: int, store: str, as_json: bool) -> None:
    """Show one CONTACT of PERSON."""
    with open_repository(store) as repository:
        found = PeopleContacts(repository).get_contact(person, contact)
    _print_contact(found, as_json)


@contacts.command()
@person_argument
@label_option
@value_options
@click.option("--integration", is_flag=True, default=None, help="Kept by a directory.")
@store_option
@json_option
def add(person: int, store: str, as_json: bool, **fields: Any) -> None:
    """Add a contact to PERSON: a label and one of the four values."""
    with open_repository(store) as repository:
        added = PeopleContacts(repository).add_contact(person, _given(fields))
    _print_contact(added, as_json)


@contacts.command()
@person_argument
@contact_argument
@label_option
@value_options
@click.option("--integration/--no-integration", default=None, help="Kept by a directory.")
@store_option
@json_option
def update(person: int, contact: int, store: str, as_json: bool, **fields: Any) -> None:
    """Change a CONTACT of PERSON; what is not given stays, an empty text empties."""
    with open_repository(store) as repository:
        updated = PeopleContacts(repository).update_contact(person, contact, _given(fields))
    _print_contact(updated, as_json)


@contacts.command()
@person_argument
@contact_argument
@store_option
def remove(person: int, contact: int, store: str) -> None:
    """Remove a CONTACT from PERSON."""
    with open_repository(store) as repository:
        PeopleContacts(repository).remove_contact(person, contact)


@contacts.command()
@person_argument
@store_option
def clear(person: int, store: str) -> None:
    """Remove all contacts from PERSON."""
    with open_repository(store) as repository:
        PeopleContacts(repository).remove_all_contacts(person)


@contacts.command()
@person_argument
@store_option
def erase(person: int, store: str) -> None:
    """Forget PERSON: no file of the store keeps a byte of the values."""
    with open_repository(store) as repository:
        repository.erase(person)


@contacts.command()
@value_options
@click.option("--label", "labels", multiple=True, metavar="LABEL", help="Search these labels only.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True)
@store_option
@json_option
def find(
    labels: tuple[str, ...], limit: int, store: str, as_json: bool, **values: str | None
) -> None:
    """Find whose telephone number, e-mail address, website or chat link this is.

    As JSON: a list of objects with person_id and contact.
    """
    given = _given(values)
    if len(given) != 1:
        raise click.UsageError("give one of --telephone, --email, --chat and --website")
    [(name, value)] = given.items()
    with open_repository(store) as repository:
        matches = repository.find(ContactProtocol(name), value, labels=labels or None, limit=limit)
    if as_json:
        print_json(
            [{"person_id": one.person_id, "contact": one.contact.to_dict()} for one in matches]
        )
    elif matches:
        console().print(match_table(matches))
    else:
        console().print("nobody")


@contacts.command()
@click.option("--after", metavar="TOKEN", help="Begin behind this token.")
@click.option("--follow", is_flag=True, help="Go on as changes come, until interrupted.")
@store_option
@json_option
def changes(after: str | None, follow: bool, store: str, as_json: bool) -> None:
    """Show who changed, in the order of the last change, and the token to go on from.

    As JSON: a line for each change, and one with the token after each page.
    """
    with open_repository(store) as repository:
        more = True
        while more or follow:
            page = repository.changes(after)
            for change in page.changes:
                if as_json:
                    print_json(change._asdict())
                else:
                    what = "erased" if change.erased else f"revision {change.revision}"
                    click.echo(f"person {change.person_id}: {what}")
            if page.token != after:
                if as_json:
                    print_json({"token": page.token})
                else:
                    click.echo(f"token {page.token}")
            after, more = page.token, page.more
            if follow and not more:
                time.sleep(1)


@contacts.command()
@store_option
def verify(store: str) -> None:
    """Read and check every book; name the damaged ones."""
    damaged = 0
    with open_repository(store) as repository, progress("verify", len_of(repository)) as advance:
        for person, error in maintenance.verify(repository):
            advance(person is not None)
            if error is not None:
                damaged += 1
                click.echo(str(error), err=True)
    if damaged:
        raise click.exceptions.Exit(_TROUBLE)
    click.echo("every book is as it was saved")


@contacts.command()
@click.argument("path", type=click.Path(dir_okay=False))
@store_option
def backup(path: str, store: str) -> None:
    """Write a copy of the store to a new file PATH, consistent while others write."""
    with open_repository(store) as repository:
        if not isinstance(repository, maintenance.Backupable):
            raise click.UsageError("a store of this kind has no file to back up: use copy")
        repository.backup(path)


@contacts.command()
@click.argument("source")
@click.argument("target")
def copy(source: str, target: str) -> None:
    """Make the store TARGET (a URL) the same as SOURCE: ids, revisions and erased people too.

    An interrupted copy is resumed, and an older one brought up to date, by the same command.
    """
    with open_repository(source) as one, open_repository(target) as two:
        if not isinstance(two, maintenance.Copyable):
            raise click.UsageError("a store of this kind cannot take over books of another")
        with progress("copy", len_of(one)) as advance:
            maintenance.copy(one, two, advance)
        digests = maintenance.digest(one), maintenance.digest(two)
    for url, digest in zip((source, target), digests, strict=True):
        click.echo(f"{digest.sha256[:16]}  {digest.books} books  {url}")
    if digests[0] != digests[1]:
        click.echo("the source has changed meanwhile: copy again", err=True)
        raise click.exceptions.Exit(_TROUBLE)


def len_of(repository: ContactBookRepository) -> int:
    """How many people have a book."""
    return sum(1 for _ in repository.person_ids())


@contacts.command()
def demo() -> None:
    """Play the six operations against three stores, and show the rules."""
    from .demo import play

    play(console())
