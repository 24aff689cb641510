"""What a source says, record by record; every reader yields these, in the order of the source.

No record shows a value or who the person is: records, too, end up in logs.
"""

from typing import NamedTuple

from contacts_core import Contact, InvalidContact, Problem


class Listed(NamedTuple):
    """The source knows this person, with or without contacts."""

    number: int  # of the line, or of the entry where a format has no lines
    person: str  # the source's key

    def __repr__(self) -> str:
        return f"<Listed {self.number}>"


class Given(NamedTuple):
    """A contact that the source has of a person; with an id, the contact to update."""

    number: int
    person: str
    contact: Contact
    flagged: bool = True  # whether the source says `integration`: an update else leaves it

    def __repr__(self) -> str:
        return f"<Given {self.number}: {self.contact!r}>"


class Refused(NamedTuple):
    """What breaks a rule, with all the rules that it breaks."""

    number: int
    problems: tuple[Problem, ...]
    person: str = ""  # whose it is, as far as that could be read

    def __repr__(self) -> str:
        return f"<Refused {self.number}: {InvalidContact(self.problems)}>"


class Skipped(NamedTuple):
    """What no contact can hold, such as a postal address; *what* is its kind."""

    number: int
    what: str

    def __repr__(self) -> str:
        return f"<Skipped {self.number}: {self.what}>"


Record = Listed | Given | Refused | Skipped


def given(
    number: int,
    person: str,
    protocol: str,
    label: str,
    value: str,
    integration: bool | None = True,
    id: int | None = None,
) -> Given | Refused:
    """The record of a contact, or of why it is none; *integration* is None where it is not said.

    >>> given(7, "ann@example.com", "chat", "skype", "ann").problems[0].field
    'label'
    """
    if not person:
        return refused(number, "person", "required", "is required")
    try:
        contact = Contact.from_row(id, protocol, label, integration or False, value)
        return Given(number, person, contact, integration is not None)
    except InvalidContact as error:
        return Refused(number, error.problems, person)


def refused(number: int, field: str, code: str, message: str, person: str = "") -> Refused:
    """The record of one problem."""
    return Refused(number, (Problem(field, code, message),), person)
