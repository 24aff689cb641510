"""What a directory says of a person, and what becomes of the book: the plan of an import."""

from collections.abc import Collection, Iterable

from attrs import frozen

from .book import ContactBook, sameness
from .contact import Contact
from .errors import InvalidContact, Problem
from .rules import VALUE_FIELDS
from .vocabulary import Origin


@frozen
class SyncPlan:
    """The book after an import, and by contact what the import does; equal sources, equal plans."""

    book: ContactBook
    added: tuple[Contact, ...]
    updated: tuple[Contact, ...]  # as they will be
    kept: tuple[Contact, ...]  # of those that the source has
    removed: tuple[Contact, ...]


def plan_sync(
    book: ContactBook,
    contacts: Iterable[Contact],
    /,
    *,
    listed: bool = False,
    unflagged: Collection[int] = (),
) -> SyncPlan:
    """The plan that makes *book* say what the source says; it is saved as `plan.book`.

    *contacts* is all that the source has of the person. Its integration contacts replace those of
    the book, by `replace_integration`; so they do when there are none but the source has the person
    *listed*. A contact with an id changes the one of this id, for ids among *unflagged* all but
    `integration`. A manual contact is added unless the book has it. No other manual contact is
    touched, and planning again after the save changes nothing, not even the revision.

    Raises ContactNotFound for an id that the book does not have, InvalidContact for one that comes
    twice.

    >>> source = [Contact(label="work", email="ann@example.com", integration=True)]
    >>> plan = plan_sync(ContactBook(person_id=42), source)
    >>> plan.added, plan.kept
    ((<Contact None: work email>,), ())
    >>> again = plan_sync(plan.book.stored([1826]), source)
    >>> again.kept, again.book.changed
    ((<Contact 1826: work email>,), False)
    """
    contacts = list(contacts)
    known = {contact.id: contact for contact in contacts if contact.id is not None}
    new = [contact for contact in contacts if contact.id is None]
    if len(known) + len(new) < len(contacts):
        raise InvalidContact((Problem("id", "not_unique", "must be unique in a book"),))
    after = book
    for contact_id, contact in known.items():
        changes = {**dict.fromkeys(VALUE_FIELDS), **contact.to_dict()}
        if contact_id in unflagged:
            del changes["integration"]
        after = after.update(contact_id, changes, origin=Origin.IMPORT)
    sourced: set[int | None] = {*known}
    if listed or [contact for contact in contacts if contact.integration]:
        integration = [contact for contact in new if contact.integration]
        after = after.replace_integration(integration, keeping=known)
        sourced |= {contact.id for contact in after if contact.integration}
    by_hand = [contact for contact in new if not contact.integration]
    if by_hand:
        present: dict[tuple[object, ...], list[int | None]] = {}
        for contact in after:
            if not contact.integration and contact.id not in known:
                present.setdefault(sameness(contact), []).append(contact.id)
        for contact in by_hand:
            same = present.get(sameness(contact))
            if same:
                sourced.add(same.pop())
            else:
                after = after.add(contact, origin=Origin.IMPORT)
    if not book:  # most people of a first import
        return SyncPlan(after, added=after.contacts, updated=(), kept=(), removed=())
    before = {contact.id: contact for contact in book}
    there = {contact.id for contact in after}
    return SyncPlan(
        book=after,
        added=tuple([one for one in after if one.id is None]),
        updated=tuple([one for one in after if one.id in before and one != before[one.id]]),
        kept=tuple([one for one in after if one.id in sourced and one == before.get(one.id)]),
        removed=tuple([one for one in book if one.id not in there]),
    )
