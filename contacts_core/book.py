"""`ContactBook`: all contacts of one person, the consistency boundary."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from attrs import field, frozen

from .contact import Contact, as_integration, from_rows, patched, position, with_id
from .errors import BookConflict, ContactNotFound, ContactReadOnly, InvalidContact, Problem
from .rules import READ_ONLY, whole_number
from .vocabulary import Origin


def _checked(contacts: Iterable[Contact]) -> list[Contact]:
    contacts = list(contacts)
    if [one for one in contacts if type(one) is not Contact]:
        raise InvalidContact((Problem("contacts", "wrong_type", "must be Contact values"),))
    return contacts


def _checked_new(contacts: Iterable[Contact]) -> list[Contact]:
    contacts = _checked(contacts)
    if [contact for contact in contacts if contact.id is not None]:
        raise InvalidContact((READ_ONLY.problem({}, "id"),))
    return contacts


def sameness(contact: Contact) -> tuple[object, ...]:
    """What has to be equal for an import to know a contact again."""
    return contact.protocol, contact.label, contact.value


@frozen(init=False, repr=False, weakref_slot=False)
class ContactBook:
    """The contacts of one person, in the vendor's order; each operation makes a new one.

    A caller starts with an empty book or with one from a repository. Stores, and nobody else, give
    *contacts* with ids and the *revision* under which these were saved.

    Raises InvalidContact when *person_id* or *revision* is no whole number in 64 bits, and when two
    contacts share an id.

    >>> book = ContactBook(person_id=42)
    >>> book = book.add(Contact(label="personal", website="www.my-stie.com"))
    >>> book = book.add(Contact(label="mobile", telephone="+1 03 413 7223"))
    >>> book
    <ContactBook of person 42: 2 contacts, revision 0, changed>
    >>> [contact.label.value for contact in book]
    ['mobile', 'personal']
    """

    person_id: int
    contacts: tuple[Contact, ...]
    revision: int
    _loaded: tuple[Contact, ...] | None = field(eq=False)

    def __init__(
        self, *, person_id: int, contacts: Iterable[Contact] = (), revision: int = 0
    ) -> None:
        in_order = tuple(sorted(_checked(contacts), key=position))
        _fill(self, person_id, in_order, revision)

    @classmethod
    def from_rows(
        cls, person_id: int, revision: int, rows: Iterable[tuple[int, str, str, int, str]], /
    ) -> "ContactBook":
        """The book that a store keeps in columns: a row is what `Contact.from_row` takes.

        As strict as the constructors, but faster.

        >>> ContactBook.from_rows(42, 1, [(1826, "website", "personal", 0, "www.my-stie.com")])
        <ContactBook of person 42: 1 contacts, revision 1>
        """
        return _fill(object.__new__(cls), person_id, from_rows(rows), revision)

    def _with(self, contacts: Iterable[Contact]) -> "ContactBook":
        in_order = tuple(sorted(contacts, key=position))
        return _new(self.person_id, in_order, self.revision, self._loaded)

    @property
    def changed(self) -> bool:
        """Whether the contacts differ from the stored ones: only then does `save` write."""
        if self._loaded is None:
            return self.revision > 0 or bool(self.contacts)
        return self.contacts != self._loaded

    def get(self, contact_id: int, /) -> Contact:
        """The contact of this id; raises ContactNotFound."""
        for contact in self.contacts:
            if contact.id == contact_id and type(contact_id) is int:
                return contact
        raise ContactNotFound(self.person_id, contact_id)

    def add(self, contact: Contact, /, *, origin: Origin = Origin.API) -> "ContactBook":
        """The book with one more contact, new to the store.

        Raises InvalidContact for a contact that has an id, ContactReadOnly for one that sets
        `integration` from the user interface (rule B5).
        """
        (contact,) = _checked_new((contact,))
        self._check_editable((contact,), origin)
        return self._with((*self.contacts, contact))

    def update(
        self, contact_id: int, changes: Mapping[str, object], /, *, origin: Origin = Origin.API
    ) -> "ContactBook":
        """The book with a JSON Merge Patch (RFC 7396) on one contact: the result must be legal.

        An absent field stays, None empties: a move from telephone to e-mail takes both. The
        contact's own `id` among the changes is accepted, for people send back what they fetched.

        Raises ContactNotFound, ContactReadOnly (rule B5), InvalidContact with all problems.

        >>> book = ContactBook(
        ...     person_id=42,
        ...     contacts=[Contact(label="work", telephone="+1 03 413 7223", id=1720)],
        ...     revision=1,
        ... )
        >>> book.update(1720, {"telephone": None, "email": "ann@example.com"}).get(1720).email
        'ann@example.com'
        """
        old = self.get(contact_id)
        self._check_editable((old,), origin)
        new = patched(old, changes)
        self._check_editable((new,), origin)
        return self._with(new if contact is old else contact for contact in self.contacts)

    def remove(self, contact_id: int, /, *, origin: Origin = Origin.API) -> "ContactBook":
        """The book without one contact; raises ContactNotFound, ContactReadOnly (rule B5)."""
        old = self.get(contact_id)
        self._check_editable((old,), origin)
        return self._with(contact for contact in self.contacts if contact is not old)

    def clear(self, *, origin: Origin = Origin.API) -> "ContactBook":
        """The book without contacts; raises ContactReadOnly, and removes nothing, by rule B5."""
        self._check_editable(self.contacts, origin)
        return self._with(())

    def replace_integration(
        self, contacts: Iterable[Contact], /, *, keeping: Collection[int] = ()
    ) -> "ContactBook":
        """The book after an import: its integration contacts are now *contacts*.

        One that is there already with the same label and value keeps its id, so the same import
        again changes nothing. What is given becomes an integration contact; manual ones stay, and
        those whose ids are among *keeping*.

        Raises InvalidContact for a contact that has an id.
        Source: the Import API that the seed's tip points at.
        """
        present: dict[tuple[object, ...], list[Contact]] = {}
        result = []
        for contact in self.contacts:
            if contact.integration and contact.id not in keeping:
                present.setdefault(sameness(contact), []).insert(0, contact)
            else:
                result.append(contact)
        for contact in _checked_new(contacts):
            same = present.get(sameness(contact)) if present else None
            result.append(same.pop() if same else as_integration(contact))
        return self._with(result)

    def check_follows(self, stored_revision: int, stored_ids: Collection[int | None], /) -> None:
        """Raises unless this book may be saved over the one with this revision and these ids.

        For stores. Raises BookConflict when the revisions differ, InvalidContact when a contact
        has an id that the stored book does not know: ids are the store's to give.
        """
        if self.revision != stored_revision:
            raise BookConflict(self.person_id, self.revision, stored_revision)
        if [one for one in self.contacts if one.id is not None and one.id not in stored_ids]:
            raise InvalidContact((READ_ONLY.problem({}, "id"),))

    def is_newer_than(self, stored: "ContactBook", /) -> bool:
        """Whether a copy of a store, which has *stored*, has to take over this book.

        For stores. Raises BookConflict when it has a book that this one does not follow from.
        """
        if self == stored:
            return False
        if self.revision <= stored.revision:
            raise BookConflict(self.person_id, self.revision, stored.revision)
        return True

    def stored(self, ids: Iterable[int], /) -> "ContactBook":
        """The book as `save` returns it: ids for its new contacts, revision + 1, unchanged since.

        For stores; *ids* may hold more than are needed, in the order of the book.

        >>> book = ContactBook(person_id=42).add(Contact(label="work", email="ann@example.com"))
        >>> book.stored(iter([1826]))
        <ContactBook of person 42: 1 contacts, revision 1>
        """
        contacts = self.contacts
        if None in [contact.id for contact in contacts]:
            new_ids = iter(ids)
            given = [
                one if one.id is not None else with_id(one, whole_number("id", next(new_ids, None)))
                for one in contacts
            ]
            contacts = tuple(sorted(given, key=position))
            _check_unique([contact.id for contact in contacts])
        revision = whole_number("revision", self.revision + 1)
        return _new(self.person_id, contacts, revision, contacts)

    def _check_editable(self, contacts: Iterable[Contact], origin: Origin) -> None:
        for contact in contacts:
            if not contact.editable_by(origin):
                raise ContactReadOnly(self.person_id, contact.id)

    def __contains__(self, contact_id: object, /) -> bool:
        return type(contact_id) is int and any(c.id == contact_id for c in self.contacts)

    def __len__(self) -> int:
        return len(self.contacts)

    def __iter__(self) -> Iterator[Contact]:
        return iter(self.contacts)

    def __repr__(self) -> str:
        changed = ", changed" if self.changed else ""
        return (
            f"<ContactBook of person {self.person_id}: {len(self)} contacts, "
            f"revision {self.revision}{changed}>"
        )


# The slots themselves: what attrs writes for a frozen class takes three times as long.
_set_person_id, _set_contacts, _set_revision, _set_loaded = (
    ContactBook.__dict__[name].__set__ for name in ("person_id", "contacts", "revision", "_loaded")
)


def _set(
    book: ContactBook,
    person_id: int,
    contacts: tuple[Contact, ...],
    revision: int,
    loaded: tuple[Contact, ...] | None,
) -> ContactBook:
    _set_person_id(book, person_id)
    _set_contacts(book, contacts)
    _set_revision(book, revision)
    _set_loaded(book, loaded)
    return book


def _fill(
    book: ContactBook, person_id: int, in_order: tuple[Contact, ...], revision: int
) -> ContactBook:
    ids = [contact.id for contact in in_order if contact.id is not None]
    _check_unique(ids)
    person_id = whole_number("person_id", person_id)
    revision = whole_number("revision", revision, least=0)
    # With contacts that have no id, it is not known what the store has.
    stored = revision > 0 and len(ids) == len(in_order)
    return _set(book, person_id, in_order, revision, in_order if stored else None)


def _check_unique(ids: list[int | None] | list[int]) -> None:
    if len(ids) > 1 and len(set(ids)) < len(ids):
        raise InvalidContact((Problem("id", "not_unique", "must be unique in a book"),))


def _new(
    person_id: int,
    contacts: tuple[Contact, ...],
    revision: int,
    loaded: tuple[Contact, ...] | None,
) -> ContactBook:
    return _set(object.__new__(ContactBook), person_id, contacts, revision, loaded)
