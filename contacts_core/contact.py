"""`Contact`: one contact detail of a person, legal since it exists."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from .errors import InvalidContact, Problem
from .rules import MAX_ID, RULES, VALUE_FIELDS, problems_of
from .vocabulary import LABELS, ContactLabel, ContactProtocol, Origin

# What every well-formed pair means, and where it stands in a book (B3).
_PAIRS: Final[Mapping[tuple[str, str], tuple[ContactProtocol, ContactLabel, int]]] = {
    (protocol.value, label.value): (protocol, label, rank)
    for rank, (protocol, label) in enumerate(
        (protocol, label) for protocol in ContactProtocol for label in LABELS[protocol]
    )
}

_VALUE_NAMES: Final = frozenset(VALUE_FIELDS)

# ASCII values that certainly break no rule: most values, at a tenth of what asking the table costs.
# No link that begins with another letter than those of the unsafe schemes has one of them.
_LINK: Final = re.compile("[!-CE-IK-UW-ce-ik-uw-~][!-~]{0,254}|[!-9;-~]{1,255}").fullmatch
_PLAIN: Final[Mapping[str, Callable[[str], object]]] = {
    "telephone": re.compile("[!-~][ -~]{0,254}").fullmatch,
    "email": re.compile("[!-~]{1,127}@[!-~]{1,127}").fullmatch,
    "website": _LINK,
    "chat": _LINK,
}
_TEXT_RULES: Final = {
    field: tuple(rule for rule in RULES if field in rule.fields) for field in VALUE_FIELDS
}


@frozen(init=False, repr=False, weakref_slot=False)
class Contact:
    """A telephone number, e-mail address, website or chat link of a person (seed, "Fields").

    Exactly one of *telephone*, *email*, *website* and *chat* holds a text of at most 255 code
    points, kept exactly as given; *label* has to fit it. *id* is for stores: it is None until
    the contact is stored.

    Raises InvalidContact with all problems at once.

    >>> contact = Contact(label="mobile", telephone="+1 03 413 7223")
    >>> contact
    <Contact None: mobile telephone>
    >>> contact.telephone, contact.email, contact.integration
    ('+1 03 413 7223', None, False)
    """

    protocol: ContactProtocol
    label: ContactLabel
    value: str
    integration: bool
    id: int | None

    def __init__(
        self,
        *,
        label: ContactLabel | str = "",
        telephone: str | None = None,
        email: str | None = None,
        website: str | None = None,
        chat: str | None = None,
        integration: bool = False,
        id: int | None = None,
    ) -> None:
        fields: dict[str, object] = {"label": label, "integration": integration, "id": id}
        if telephone is not None:
            fields["telephone"] = telephone
        if email is not None:
            fields["email"] = email
        if website is not None:
            fields["website"] = website
        if chat is not None:
            fields["chat"] = chat
        _fill(self, fields, takes_id=True)

    @classmethod
    def from_fields(cls, fields: Mapping[str, object], /) -> "Contact":
        """The contact that a caller describes by the names of the seed; `id` is refused.

        Raises InvalidContact with all problems at once, for a field that does not exist too.

        >>> Contact.from_fields({"label": "personal", "website": "www.my-stie.com"}).value
        'www.my-stie.com'
        """
        return _fill(object.__new__(cls), fields, takes_id=False)

    @classmethod
    def from_row(
        cls, id: int, protocol: str, label: str, integration: bool, value: str, /
    ) -> "Contact":
        """The contact that a store keeps in columns; as strict as the constructor, but faster.

        >>> Contact.from_row(1826, "website", "personal", False, "www.my-stie.com")
        <Contact 1826: personal website>
        """
        pair = _PAIRS.get((protocol, label))
        if (
            pair is not None
            and _is_id(id)
            and type(integration) is bool
            and type(value) is str
            and _PLAIN[protocol](value)
        ):
            return _set(object.__new__(cls), pair[0], pair[1], value, integration, id)
        return from_record({"label": label, "id": id, protocol: value, "integration": integration})

    @property
    def telephone(self) -> str | None:
        """The value, if the contact is a telephone number."""
        return self.value if self.protocol is ContactProtocol.telephone else None

    @property
    def email(self) -> str | None:
        """The value, if the contact is an e-mail address."""
        return self.value if self.protocol is ContactProtocol.email else None

    @property
    def website(self) -> str | None:
        """The value, if the contact is a website."""
        return self.value if self.protocol is ContactProtocol.website else None

    @property
    def chat(self) -> str | None:
        """The value, if the contact is a chat link."""
        return self.value if self.protocol is ContactProtocol.chat else None

    def to_dict(self) -> dict[str, str | int | bool]:
        """The body of a single contact, in the seed's order of keys; without `id` until stored.

        >>> Contact(label="mobile", telephone="+1 03 413 7223", integration=True, id=1720).to_dict()
        {'label': 'mobile', 'id': 1720, 'telephone': '+1 03 413 7223', 'integration': True}
        """
        return {**self.to_summary(), "integration": self.integration}

    def to_summary(self) -> dict[str, str | int | bool]:
        """The body of a contact in a list: the same without `integration`."""
        if self.id is None:
            return {"label": self.label._value_, self.protocol._value_: self.value}
        return {"label": self.label._value_, "id": self.id, self.protocol._value_: self.value}

    def editable_by(self, origin: Origin, /) -> bool:
        """Whether an edit from *origin* may change or remove this contact (rule B5)."""
        # What is no origin at all, such as its name as a text, gets no more than a screen.
        return not self.integration or origin in (Origin.API, Origin.IMPORT)

    def __repr__(self) -> str:
        return f"<Contact {self.id}: {self.label.value} {self.protocol.value}>"


def from_record(record: object) -> Contact:
    """A contact from what a store or a message holds, `id` included."""
    return _fill(object.__new__(Contact), record, takes_id=True)


def patched(contact: Contact, changes: Mapping[str, object]) -> Contact:
    """The contact after a JSON Merge Patch on its fields; its own id may be among them."""
    fields = {**contact.to_dict(), **_mapping(changes)}
    if type(fields["id"]) is not int or fields["id"] != contact.id:
        raise InvalidContact(problems_of(fields, id_refused=True))
    return from_record(fields)


def with_id(contact: Contact, id: int) -> Contact:
    """The same contact as the store knows it."""
    new = object.__new__(Contact)
    return _set(new, contact.protocol, contact.label, contact.value, contact.integration, id)


def as_integration(contact: Contact) -> Contact:
    """The same contact, kept by the integration."""
    new = object.__new__(Contact)
    return _set(new, contact.protocol, contact.label, contact.value, True, contact.id)


# The slots themselves: by the __init__ that attrs writes for a frozen class, making a contact
# takes a quarter longer.
_set_protocol, _set_label, _set_value, _set_integration, _set_id = (
    Contact.__dict__[name].__set__ for name in ("protocol", "label", "value", "integration", "id")
)


def _set(
    contact: Contact,
    protocol: ContactProtocol,
    label: ContactLabel,
    value: str,
    integration: bool,
    id: int | None,
) -> Contact:
    _set_protocol(contact, protocol)
    _set_label(contact, label)
    _set_value(contact, value)
    _set_integration(contact, integration)
    _set_id(contact, id)
    return contact


def _fill(contact: Contact, fields: object, *, takes_id: bool) -> Contact:
    """Makes a new contact hold what *fields* say.

    In one pass, without asking the table: it is asked about a text that is not plain, and to
    explain, when something is wrong.
    """
    # Most are dicts, and asking an abstract class takes as long as all of the rules.
    given = fields if type(fields) is dict else dict(_mapping(fields))
    label: Any = None
    field = value = None
    id: Any = None
    integration: Any = False
    legal = True
    for name, item in given.items():
        if name in _VALUE_NAMES:
            if item is not None and (not isinstance(item, str) or item):
                legal = legal and field is None
                field, value = name, item
        elif name == "label":
            label = item
        elif name == "integration":
            integration = item
        elif name == "id" and takes_id:
            id = item
        else:
            legal = False
    if legal and field and isinstance(label, str) and isinstance(value, str):
        if type(value) is not str:
            value = str.__str__(value)  # a subclass may lie about itself
            given = {**given, field: value}
        pair = _PAIRS.get((field, label))
        if (
            pair is not None
            and type(integration) is bool
            and (id is None or _is_id(id))
            and (_PLAIN[field](value) or _breaks_no_rule(given, field))
        ):
            return _set(contact, pair[0], pair[1], value, integration, id)
    id_refused = "id" in given and not (takes_id and (id is None or _is_id(id)))
    raise InvalidContact(problems_of(given, id_refused=id_refused))


def _breaks_no_rule(fields: Mapping[str, object], field: str) -> bool:
    return not any(rule.is_broken(fields, field) for rule in _TEXT_RULES[field])


def _is_id(id: object) -> bool:
    return type(id) is int and 1 <= id <= MAX_ID


def _mapping(fields: object) -> Mapping[str, object]:
    if isinstance(fields, Mapping):
        return fields
    raise InvalidContact((Problem("contact", "wrong_type", "must be a mapping of fields"),))


def position(contact: Contact) -> tuple[int, bool, int]:
    """Where a contact stands in a book, by rule B3."""
    id = contact.id
    return _PAIRS[contact.protocol, contact.label][2], id is None, id or 0
