"""`contacts demo`: the seed's six operations on three stores, and what else is worth seeing."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import frozen
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from contacts_adapters.exchange import import_contacts, read_csv
from contacts_adapters.registry import open_repository
from contacts_core import (
    ContactBookRepository,
    ContactProtocol,
    ContactReadOnly,
    InvalidContact,
    Origin,
    PeopleContacts,
)

from .output import (
    contact_table,
    label_table,
    match_table,
    refused_lines,
    report_table,
    rule_table,
)

ANN: Final = 42
BOB: Final = 7


@frozen
class Step:
    """A request of the seed and the call that answers it."""

    request: str
    call: str
    play: Callable[[PeopleContacts], object]


MOBILE: Final = {"label": "mobile", "telephone": "+1 03 413 7223"}
WEBSITE: Final = {"label": "personal", "website": "www.my-stie.com"}
EMAIL: Final = {"label": "work", "email": "ann@example.com", "integration": True}
NEW_NUMBER: Final = {"telephone": "+1 03 413 7224"}

STEPS: Final = (
    Step(
        "POST /people/42/contacts",
        f"add_contact(42, {MOBILE})",
        lambda people: people.add_contact(ANN, MOBILE).to_dict(),
    ),
    Step(
        "POST /people/42/contacts",
        f"add_contact(42, {WEBSITE})",
        lambda people: people.add_contact(ANN, WEBSITE).to_dict(),
    ),
    Step(
        "POST /people/42/contacts",
        f"add_contact(42, {EMAIL})",
        lambda people: people.add_contact(ANN, EMAIL).to_dict(),
    ),
    Step(
        "GET /people/42/contacts",
        "list_contacts(42)",
        lambda people: [contact.to_summary() for contact in people.list_contacts(ANN)],
    ),
    Step(
        "GET /people/42/contacts/1",
        "get_contact(42, 1)",
        lambda people: people.get_contact(ANN, 1).to_dict(),
    ),
    Step(
        "PATCH /people/42/contacts/1",
        f"update_contact(42, 1, {NEW_NUMBER})",
        lambda people: people.update_contact(ANN, 1, NEW_NUMBER).to_dict(),
    ),
    Step(
        "DELETE /people/42/contacts/2",
        "remove_contact(42, 2)",
        lambda people: people.remove_contact(ANN, 2),
    ),
    Step(
        "DELETE /people/7/contacts/",
        "remove_all_contacts(7)",
        lambda people: people.remove_all_contacts(BOB),
    ),
)


def play(console: Console) -> None:
    """Plays it in a temporary folder."""
    with TemporaryDirectory(prefix="contacts-") as folder, ExitStack() as stack:
        stores: dict[str, ContactBookRepository] = {}
        for url in ("memory://", *_files(Path(folder))):
            try:
                stores[url] = stack.enter_context(open_repository(url))
            except ModuleNotFoundError as error:
                console.print(f"left out: {error.msg}", style="yellow")
        _operations(console, stores)
        _beyond(console, stores)
        console.print()
        console.print(label_table())
        console.print(rule_table())
        _import(console, next(reversed(stores.values())))
    console.print()
    console.print("Next: contacts add 42 --label mobile --telephone '+1 03 413 7223'")


def _files(folder: Path) -> tuple[str, str]:
    return f"sqlite:///{folder / 'contacts.db'}", f"json:///{folder / 'contacts.jsonl'}"


def _operations(console: Console, stores: dict[str, ContactBookRepository]) -> None:
    console.print(Rule("Six operations, the same in every store", align="left"))
    for url in stores:
        console.print(Text(url, style="cyan"))
    for step in STEPS:
        results = [step.play(PeopleContacts(repository)) for repository in stores.values()]
        alike = all(result == results[0] for result in results)
        console.print()
        console.print(Text(step.request, style="bold"))
        console.print(Padding(Text(step.call, style="dim"), (0, 0, 0, 2)))
        if results[0] is not None:
            console.print(Padding(json.dumps(results[0]), (0, 0, 0, 2)))
        if alike:
            console.print(Text("  ✓ the same in each", style="green"))
        else:
            console.print(Text("  ✗ the stores differ", style="red"))
    console.print()
    console.print("Person 42 in each of them:")
    console.print(contact_table(next(iter(stores.values())).get(ANN)))


def _beyond(console: Console, stores: dict[str, ContactBookRepository]) -> None:
    repository = next(reversed(stores.values()))
    number = "00 103 413-7224"
    console.print()
    console.print(Rule(f"Who is calling from {number}?", align="left"))
    console.print(match_table(repository.find(ContactProtocol.telephone, number)))

    console.print(Rule("What changed?", align="left"))
    for change in repository.changes().changes:
        console.print(f"person {change.person_id}, revision {change.revision}")

    console.print(Rule("Everything wrong with an input, at once", align="left"))
    wrong = {"label": "fax", "email": "ann", "phone": "1"}
    console.print(Text(f"add_contact(42, {wrong})", style="dim"))
    try:
        PeopleContacts(repository).add_contact(ANN, wrong)
    except InvalidContact as error:
        for problem in error.problems:
            console.print(f"  ✗ {problem.field} {problem.message}", style="red")

    console.print(Rule("What a directory keeps, people at a screen cannot change", align="left"))
    try:
        PeopleContacts(repository, Origin.USER_INTERFACE).remove_all_contacts(ANN)
    except ContactReadOnly as error:
        console.print(f"  ✗ {error}", style="red")


# Like the sample of the vendor's Import API: one label is none, one row is a postal address.
DIRECTORY: Final = """\
Person,Contact Protocol,Contact Label,Contact URI,Address City,Integration
ann@example.com,telephone,work,+1 03 413 7220,,true
ann@example.com,chat,chat_slack,slack://user?team=T1&id=U1,,true
bob@example.com,telephone,fax,+1 03 413 7225,,true
bob@example.com,telephone,skype,bob1,,true
ann@example.com,,,,Christchurch,true
"""
PEOPLE: Final = {"ann@example.com": ANN, "bob@example.com": BOB}


def _import(console: Console, repository: ContactBookRepository) -> None:
    console.print()
    console.print(Rule("What a directory has replaces what it had", align="left"))
    console.print(Text(DIRECTORY, style="dim"), end="")
    console.print()
    for text in ("import_contacts(repository, read_csv(file), resolve=PEOPLE.get)", "And again"):
        console.print(Text(text, style="bold"))
        # It is asked for: Ann's address, which this directory does not have, goes.
        report = import_contacts(
            repository, read_csv(StringIO(DIRECTORY)), resolve=PEOPLE.get, max_removals=1
        )
        for line in refused_lines(report, "line"):
            console.print(f"  ✗ {line}", style="red")
        console.print(report_table(report))
    console.print("Person 42, with the number entered by hand:")
    console.print(contact_table(repository.get(ANN)))
