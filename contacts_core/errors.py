"""Everything that is raised on purpose; no error holds a value, for errors end up in logs."""

from typing import NamedTuple


class Problem(NamedTuple):
    """One broken rule: `code` is for programs, `message` finishes the sentence "<field> …"."""

    field: str
    code: str
    message: str


class ContactsError(Exception):
    """The base of every error of this library."""


class InvalidContact(ContactsError, ValueError):
    """The input breaks the rules named in `problems`, all of them, in the order of the fields.

    >>> from contacts_core import Contact
    >>> try:
    ...     Contact.from_fields({"label": "fax", "email": "ann", "phone": "1"})
    ... except InvalidContact as error:
    ...     for pair in error.to_list():
    ...         print(pair)
    ['label', 'must be work or personal for email']
    ['email', 'must look like name@host']
    ['phone', 'is not a field of a contact']
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def to_list(self) -> list[list[str]]:
        """`[[field, message], …]`, the shape in which the seed's service answers with 422."""
        return [[problem.field, problem.message] for problem in self.problems]

    def __str__(self) -> str:
        # An unknown field is named as given, by a stranger: ASCII keeps it from forging log lines.
        return "; ".join(
            f"{ascii(problem.field)[1:-1]} {problem.message}" for problem in self.problems
        )


class ContactNotFound(ContactsError, LookupError):
    """The person has no contact of this id; `contact_id` is None when asked for something else."""

    def __init__(self, person_id: int, contact_id: object) -> None:
        # Who asks with something else than an id may have asked with a value.
        self.contact_id = contact_id if type(contact_id) is int else None
        self.person_id = person_id
        super().__init__(person_id, self.contact_id)

    def __str__(self) -> str:
        name = "such contact" if self.contact_id is None else f"contact {self.contact_id}"
        return f"person {self.person_id} has no {name}"


class ContactReadOnly(ContactsError):
    """An integration contact, or the flag itself, is not for `Origin.USER_INTERFACE` to change.

    `contact_id` is None when a contact that is not stored yet was to get the flag.
    """

    def __init__(self, person_id: int, contact_id: int | None) -> None:
        super().__init__(person_id, contact_id)
        self.person_id = person_id
        self.contact_id = contact_id

    def __str__(self) -> str:
        name = "a new contact" if self.contact_id is None else f"contact {self.contact_id}"
        return f"the integration keeps {name} of person {self.person_id}: it is read-only here"


class BookConflict(ContactsError):
    """Somebody else saved the book first; nothing was written: read it and change it again."""

    def __init__(self, person_id: int, revision: int, stored_revision: int) -> None:
        super().__init__(person_id, revision, stored_revision)
        self.person_id = person_id
        self.revision = revision
        self.stored_revision = stored_revision

    def __str__(self) -> str:
        return (
            f"the book of person {self.person_id} is at revision {self.stored_revision}, "
            f"this one is based on {self.revision}"
        )


class StoreError(ContactsError):
    """The store could not do what was asked; the cause, where it holds no value, is chained."""


class StoreCorrupted(StoreError):
    """What is stored is not what was saved: damage, another program's file, a newer version."""


class StoreUnavailable(StoreError):
    """The store cannot be used now: closed, locked, full, missing or not permitted."""


class TokenExpired(ContactsError):
    """The token is not of this store's history: read everything again and follow from there."""

    def __init__(self) -> None:
        super().__init__()

    def __str__(self) -> str:
        return "the token is not of this store's history: read everything again"
