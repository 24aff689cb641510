"""The contact details of people: telephone numbers, e-mail addresses, websites and chat links.

>>> book = ContactBook(person_id=42).add(Contact(label="mobile", telephone="+1 03 413 7223"))
>>> [contact.to_summary() for contact in book]
[{'label': 'mobile', 'telephone': '+1 03 413 7223'}]

A repository stores books, `PeopleContacts` plays the seed's operations on one:
`contacts_adapters.open_repository` opens it.
"""

from .book import ContactBook
from .contact import Contact
from .errors import (
    BookConflict,
    ContactNotFound,
    ContactReadOnly,
    ContactsError,
    InvalidContact,
    Problem,
    StoreCorrupted,
    StoreError,
    StoreUnavailable,
    TokenExpired,
)
from .matching import Match, Search, index_key, match_key, same_value
from .people import PeopleContacts
from .records import contact_json_schema, make_converter, to_json
from .repository import Change, Changes, ContactBookRepository, Position
from .rules import MAX_ID, MAX_LENGTH, RULES, Rule, whole_number
from .sync import SyncPlan, plan_sync
from .vocabulary import LABELS, ContactLabel, ContactProtocol, Origin

__all__ = [
    "LABELS",
    "MAX_ID",
    "MAX_LENGTH",
    "RULES",
    "BookConflict",
    "Change",
    "Changes",
    "Contact",
    "ContactBook",
    "ContactBookRepository",
    "ContactLabel",
    "ContactNotFound",
    "ContactProtocol",
    "ContactReadOnly",
    "ContactsError",
    "InvalidContact",
    "Match",
    "Origin",
    "PeopleContacts",
    "Position",
    "Problem",
    "Rule",
    "Search",
    "StoreCorrupted",
    "StoreError",
    "StoreUnavailable",
    "SyncPlan",
    "TokenExpired",
    "contact_json_schema",
    "index_key",
    "make_converter",
    "match_key",
    "plan_sync",
    "same_value",
    "to_json",
    "whole_number",
]
