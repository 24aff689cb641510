"""`PeopleContacts`: the seed's six operations over a repository."""

from collections.abc import Callable, Mapping
from typing import Final

from .book import ContactBook
from .contact import Contact
from .errors import BookConflict
from .repository import ContactBookRepository
from .vocabulary import Origin

ATTEMPTS: Final = 100  # of one edit, against others who save the same book in between


class PeopleContacts:
    """The People Contacts API, operation by operation, for edits that come from one origin.

    Each edit reads the book, changes it and saves it; when somebody else saved it in between, it
    starts again, 100 times at most, and then raises BookConflict. StoreError passes through.

    >>> from contacts_adapters import open_repository
    >>> people = PeopleContacts(open_repository("memory://"))
    >>> added = people.add_contact(42, {"label": "mobile", "telephone": "+1 03 413 7223"})
    >>> people.update_contact(42, added.id, {"telephone": "+1 03 413 7224"}).telephone
    '+1 03 413 7224'
    >>> [contact.to_summary() for contact in people.list_contacts(42)]
    [{'label': 'mobile', 'id': 1, 'telephone': '+1 03 413 7224'}]
    """

    def __init__(self, repository: ContactBookRepository, origin: Origin = Origin.API) -> None:
        self._repository = repository
        self._origin = origin

    def list_contacts(self, person_id: int) -> list[Contact]:
        """GET /people/:id/contacts: the contacts in order, [] if there are none."""
        return list(self._repository.get(person_id))

    def get_contact(self, person_id: int, contact_id: int) -> Contact:
        """GET /people/:id/contacts/:id; raises ContactNotFound."""
        return self._repository.get(person_id).get(contact_id)

    def add_contact(self, person_id: int, fields: Mapping[str, object]) -> Contact:
        """POST /people/:id/contacts: the contact with its id.

        Raises InvalidContact, and ContactReadOnly for `integration` from the user interface.
        """
        contact = Contact.from_fields(fields)
        before, after = self._edit(person_id, lambda book: book.add(contact, origin=self._origin))
        return next(contact for contact in after if contact.id not in before)

    def update_contact(
        self, person_id: int, contact_id: int, changes: Mapping[str, object]
    ) -> Contact:
        """PATCH /people/:id/contacts/:contact_id: the contact after a merge patch (RFC 7396).

        Raises ContactNotFound, ContactReadOnly, InvalidContact.
        """
        _, after = self._edit(
            person_id, lambda book: book.update(contact_id, changes, origin=self._origin)
        )
        return after.get(contact_id)

    def remove_contact(self, person_id: int, contact_id: int) -> None:
        """DELETE /people/:id/contacts/:contact_id; raises ContactNotFound, ContactReadOnly."""
        self._edit(person_id, lambda book: book.remove(contact_id, origin=self._origin))

    def remove_all_contacts(self, person_id: int) -> None:
        """DELETE /people/:id/contacts/, also when there are none; raises ContactReadOnly."""
        self._edit(person_id, lambda book: book.clear(origin=self._origin))

    def _edit(
        self, person_id: int, change: Callable[[ContactBook], ContactBook]
    ) -> tuple[ContactBook, ContactBook]:
        left = ATTEMPTS
        while True:
            before = self._repository.get(person_id)
            try:
                return before, self._repository.save(change(before))
            except BookConflict:
                left -= 1
                if not left:
                    raise
