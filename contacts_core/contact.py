"""`Contact`: one contact detail of a person, legal since it exists."""

import re
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, Final, final

from attrs import frozen

from .errors import InvalidContact, Problem
from .rules import MAX_ID, RULES, VALUE_FIELDS, problems_of
from .vocabulary import LABELS, ContactLabel, ContactProtocol, Origin

# ASCII values that certainly break no rule: most values, at a tenth of what asking the table costs.
# No link that begins with another letter than those of the unsafe schemes has one of them.
_LINK: Final = re.compile("[!-CE-IK-UW-ce-ik-uw-~][!-~]{0,254}|[!-9;-~]{1,255}").fullmatch
_PLAIN: Final[Mapping[str, Callable[[str], object]]] = {
    "telephone": re.compile("[!-~][ -~]{0,254}").fullmatch,
    "email": re.compile("[!-?A-~]{1,127}@[!-~]{1,127}").fullmatch,
    "website": _LINK,
    "chat": _LINK,
}
_TEXT_RULES: Final = {
    field: tuple(rule for rule in RULES if field in rule.fields) for field in VALUE_FIELDS
}


# What a field and a label mean together, by rule C3: the protocol, the label, where a contact
# stands in a book (B3), and what to ask of the value. No entry, no legal pair.
_MEANINGS: Final[
    Mapping[str, Mapping[str, tuple[ContactProtocol, ContactLabel, int, Callable[[str], object]]]]
] = {
    protocol.value: {
        label.value: (protocol, label, 10 * high + low, _PLAIN[protocol.value])
        for low, label in enumerate(LABELS[protocol])
    }
    for high, protocol in enumerate(ContactProtocol)
}


@final
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

    def __new__(  # noqa: D102 - the class says it
        cls,
        *,
        label: ContactLabel | str = "",
        telephone: str | None = None,
        email: str | None = None,
        website: str | None = None,
        chat: str | None = None,
        integration: bool = False,
        id: int | None = None,
    ) -> "Contact":
        # By hand, for a mapping of all seven takes twice as long.
        if email is website is chat is None:
            field, value = "telephone", telephone
        elif telephone is website is chat is None:
            field, value = "email", email
        elif telephone is email is chat is None:
            field, value = "website", website
        else:
            field, value = "chat", chat if telephone is email is website is None else None
        contact = _legal(field, label, value, integration, id)
        if contact is not None:
            return contact
        fields = {"label": label, "telephone": telephone, "email": email, "website": website}
        return from_record({**fields, "chat": chat, "integration": integration, "id": id})

    def __reduce__(self) -> tuple[object, ...]:
        return from_record, (self.to_dict(),)

    @classmethod
    def from_fields(cls, fields: Mapping[str, object], /) -> "Contact":
        """The contact that a caller describes by the names of the seed; `id` is refused.

        Raises InvalidContact with all problems at once, for a field that does not exist too.

        >>> Contact.from_fields({"label": "personal", "website": "www.my-stie.com"}).value
        'www.my-stie.com'
        """
        return _made(fields, takes_id=False)

    @classmethod
    def from_row(
        cls, id: int | None, protocol: str, label: str, integration: int, value: str, /
    ) -> "Contact":
        """The contact that is kept in columns, *integration* as 0 or 1; no *id* before it is saved.

        As strict as the constructor.

        >>> Contact.from_row(1826, "website", "personal", 0, "www.my-stie.com")
        <Contact 1826: personal website>
        """
        flag = integration == 1 if integration in (0, 1) else integration
        contact = _legal(protocol, label, value, flag, id) if protocol in _MEANINGS else None
        if contact is not None:
            return contact
        return from_record({"label": label, "id": id, protocol: value, "integration": flag})

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
    return _made(record, takes_id=True)


_PLACE: Final = itemgetter(0, 1)


def from_rows(rows: Iterable[tuple[int, str, str, int, str]]) -> tuple[Contact, ...]:
    """Contacts from columns, in the order of a book.

    In one go: to call a constructor for each, and the key of the order, takes half as long again.
    """
    placed = []
    for id, protocol, label, integration, value in rows:
        meaning = _MEANINGS[protocol].get(label) if protocol in _MEANINGS else None
        if (
            meaning is not None
            and type(id) is int
            and 1 <= id <= MAX_ID
            and integration in (0, 1)
            and type(value) is str
            and value
            and (meaning[3](value) or _breaks_no_rule(protocol, value))
        ):
            known, legal, rank, _ = meaning
            placed.append((rank, id, _new(known, legal, value, integration == 1, id)))
        else:
            contact = Contact.from_row(id or 0, protocol, label, integration, value)
            placed.append((_rank(contact), id, contact))
    placed.sort(key=_PLACE)
    return tuple([contact for _, _, contact in placed])


def patched(contact: Contact, changes: Mapping[str, object]) -> Contact:
    """The contact after a JSON Merge Patch on its fields; its own id may be among them."""
    fields = {**contact.to_dict(), **_mapping(changes)}
    if type(fields["id"]) is not int or fields["id"] != contact.id:
        raise InvalidContact(problems_of(fields, id_refused=True))
    return from_record(fields)


def with_id(contact: Contact, id: int) -> Contact:
    """The same contact as the store knows it."""
    return _new(contact.protocol, contact.label, contact.value, contact.integration, id)


def as_integration(contact: Contact) -> Contact:
    """The same contact, kept by the integration."""
    if contact.integration:
        return contact
    return _new(contact.protocol, contact.label, contact.value, True, contact.id)


class _Draft:
    """A contact before it is frozen: to set the slots of one that is takes twice as long."""

    __slots__ = ("id", "integration", "label", "protocol", "value")

    protocol: ContactProtocol
    label: ContactLabel
    value: str
    integration: bool
    id: int | None


def _new(
    protocol: ContactProtocol, label: ContactLabel, value: str, integration: bool, id: int | None
) -> Contact:
    draft = _Draft()
    draft.protocol = protocol
    draft.label = label
    draft.value = value
    draft.integration = integration
    draft.id = id
    draft.__class__ = Contact  # type: ignore[assignment]
    return draft  # type: ignore[return-value]


def _made(fields: object, *, takes_id: bool) -> Contact:
    """The contact that *fields* describe; raises what is wrong with them."""
    # Most are dicts, and asking an abstract class takes as long as all of the rules.
    given = fields if type(fields) is dict else dict(_mapping(fields))
    field = ""
    label: Any = ""
    value = None
    id: Any = None
    integration: Any = False
    for name, item in given.items():
        if name in _MEANINGS:
            if type(item) is str:
                if item:
                    if field:
                        break
                    field, value = name, item
            elif item is not None:
                break
        elif name == "label":
            label = item
        elif name == "integration":
            integration = item
        elif name == "id" and takes_id:
            id = item
        else:
            break
    else:
        contact = _legal(field, label, value, integration, id) if field else None
        if contact is not None:
            return contact
    return _made_slowly(given, takes_id)


def _legal(field: str, label: Any, value: Any, integration: Any, id: Any) -> Contact | None:
    """The contact that these five make, None if they make none."""
    if type(value) is str and value and (type(label) is str or type(label) is ContactLabel):
        meaning = _MEANINGS[field].get(label)
        if (
            meaning is not None
            and (integration is False or integration is True)
            and (id is None or _is_id(id))
        ):
            protocol, label, _, is_plain = meaning
            if is_plain(value) or _breaks_no_rule(field, value):
                # As `_new`, written out: to call it would take a twentieth of the time.
                draft = _Draft()
                draft.protocol = protocol
                draft.label = label
                draft.value = value
                draft.integration = integration
                draft.id = id
                draft.__class__ = Contact  # type: ignore[assignment]
                return draft  # type: ignore[return-value]
    return None


def _made_slowly(given: Mapping[Any, Any], takes_id: bool) -> Contact:
    texts = {
        name: str.__str__(item)  # a subclass may lie about itself
        for name, item in given.items()
        if issubclass(type(item), str) and type(item) not in (str, ContactLabel)
    }
    if texts:
        return _made({**given, **texts}, takes_id=takes_id)
    id = given.get("id")
    id_refused = "id" in given and not (takes_id and (id is None or _is_id(id)))
    raise InvalidContact(problems_of(given, id_refused=id_refused))


def _breaks_no_rule(field: str, value: str) -> bool:
    fields = {field: value}
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
    return _rank(contact), id is None, id or 0


def _rank(contact: Contact) -> int:
    return _MEANINGS[contact.protocol][contact.label][2]
