"""Whose is this value? What counts as the same, and which of the same comes first."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from attrs import frozen

from .contact import Contact, position
from .errors import InvalidContact, Problem
from .rules import MAX_LENGTH, whole_number
from .vocabulary import LABELS, ContactLabel, ContactProtocol

SUFFIX_DIGITS: Final = 7  # a number without its area code; a shorter one matches only as a whole
# A legal value is at most so long in any of its Unicode forms; normalising more could be quadratic.
_LONGEST: Final = 12 * MAX_LENGTH

_ASCII_NOT_DIGITS: Final = bytes({*range(128)} - {*b"0123456789"})
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_AUTHORITY_END: Final = re.compile(r"[/?#]|\Z")


def _digits(value: str) -> str:
    if value.isascii():
        digits = value.encode().translate(None, _ASCII_NOT_DIGITS).decode()
    else:
        digits = "".join([str(unicodedata.decimal(one)) for one in value if one.isdecimal()])
    return digits.lstrip("0")


def _folded(value: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).casefold())


def _address(value: str) -> str:
    """Without scheme and closing slash, host in lower case; a user name or path keeps its case."""
    scheme = _SCHEME.match(value)
    rest = value[scheme.end() :] if scheme else value
    end = _AUTHORITY_END.search(rest)
    cut = end.start() if end else len(rest)
    user, at, host = rest[:cut].rpartition("@")
    return f"{user}{at}{host.lower()}{rest[cut:]}".removesuffix("/")


_KEYS: Final[Mapping[ContactProtocol, Callable[[str], str]]] = MappingProxyType(
    {
        ContactProtocol.telephone: _digits,
        ContactProtocol.email: _folded,
        ContactProtocol.website: _address,
        ContactProtocol.chat: str,
    }
)


def match_key(protocol: ContactProtocol, value: str, /) -> str:
    """What is left of *value* to compare; "" when nothing is, and then it is the same as no other.

    Two values with equal keys are the same; telephone numbers also by their ends: `same_value`.
    A store indexes its contacts by `index_key`, which never keeps two same values apart.

    Raises InvalidContact when *protocol* is none or *value* is no text.
    Source: the vendor's caller lookup, "only the numbers will be used to find a match".

    >>> match_key(ContactProtocol.telephone, "0011 (234) 567-890")
    '11234567890'
    >>> match_key(ContactProtocol.website, "https://WWW.My-Stie.com/")
    'www.my-stie.com'
    """
    protocol = _protocol(protocol)
    if not isinstance(value, str):
        raise InvalidContact((Problem("value", "wrong_type", "must be a text"),))
    if protocol is not ContactProtocol.telephone and (
        len(value) > _LONGEST or _SURROGATE.search(value)
    ):
        return ""  # no contact has such a value, and not every store could look it up
    return _KEYS[protocol](value)


def index_key(contact: Contact, /) -> str:
    """What a store keeps beside a contact to look it up by: same values have it in common.

    >>> index_key(Contact(label="mobile", telephone="+1 (123) 456 7890"))
    '4567890'
    """
    return _index_key(contact.protocol, _KEYS[contact.protocol](contact.value))


def _index_key(protocol: ContactProtocol, key: str) -> str:
    return key[-SUFFIX_DIGITS:] if protocol is ContactProtocol.telephone else key


def same_value(protocol: ContactProtocol, a: str, b: str, /) -> bool:
    """Whether two values reach the same person.

    Telephone numbers also do when the shorter one, of at least seven digits, ends the longer one.

    >>> same_value(ContactProtocol.telephone, "+1 (123) 456 7890", "4567890")
    True
    """
    return _in_common(_protocol(protocol), match_key(protocol, a), match_key(protocol, b)) > 0


def _in_common(protocol: ContactProtocol, a: str, b: str) -> int:
    """How many characters of two keys make their values the same, 0 when they are not."""
    shorter, longer = sorted((a, b), key=len)
    if a == b or (
        protocol is ContactProtocol.telephone
        and len(shorter) >= SUFFIX_DIGITS
        and longer.endswith(shorter)
    ):
        return len(shorter)
    return 0


def _protocol(protocol: object) -> ContactProtocol:
    # Not ContactProtocol(…): its error quotes what may be a value, with the arguments swapped.
    found = ContactProtocol.__members__.get(protocol) if isinstance(protocol, str) else None
    if found is None:
        message = f"must be one of {', '.join(ContactProtocol)}"
        raise InvalidContact((Problem("protocol", "wrong_type", message),))
    return found


# Nobody calls from a fax machine: the vendor's lookup leaves it out.
_SEARCHED: Final = {
    protocol: frozenset(labels) - {ContactLabel.fax} for protocol, labels in LABELS.items()
}


class Match(NamedTuple):
    """Somebody whose contact is the same as the value searched for."""

    person_id: int
    contact: Contact


@frozen(init=False, repr=False)
class Search:
    """What a store is asked to find: the arguments of `find`, checked, for stores to share.

    A store looks up `protocol` and `index_key` (nothing, when `key` is empty) and gives all
    candidates to `best`.

    >>> search = Search(ContactProtocol.telephone, "0011234567890")
    >>> search.index_key
    '4567890'
    >>> caller = Contact(label="mobile", telephone="+1 (123) 456 7890", id=1720)
    >>> search.best([(42, caller)])
    (Match(person_id=42, contact=<Contact 1720: mobile telephone>),)
    """

    protocol: ContactProtocol
    labels: frozenset[ContactLabel]
    key: str
    limit: int

    def __init__(
        self,
        protocol: ContactProtocol,
        value: str,
        /,
        labels: Collection[ContactLabel | str] | None = None,
        limit: int = 10,
    ) -> None:
        protocol = _protocol(protocol)
        self.__attrs_init__(
            protocol,
            _labels(protocol, labels),
            match_key(protocol, value),
            whole_number("limit", limit),
        )

    def __repr__(self) -> str:
        return f"<Search for a {self.protocol.value}>"

    @property
    def index_key(self) -> str:
        """What to look up: equal for all values that are the same."""
        return _index_key(self.protocol, self.key)

    def best(self, candidates: Iterable[tuple[int, Contact]], /) -> tuple[Match, ...]:
        """The matches among pairs of person and contact: most in common first, then by person."""
        ranked = sorted(
            (
                (-common, person_id, position(contact), contact)
                for person_id, contact in candidates
                if (common := self.in_common(contact)) > 0
            ),
            key=itemgetter(0, 1, 2),
        )
        return tuple(Match(row[1], row[3]) for row in ranked[: self.limit])

    def in_common(self, contact: Contact, /) -> int:
        """How many characters of the key the contact shares, 0 when it is no match."""
        if contact.protocol is not self.protocol or contact.label not in self.labels:
            return 0
        return _in_common(self.protocol, self.key, _KEYS[self.protocol](contact.value))


def _labels(
    protocol: ContactProtocol, labels: Collection[ContactLabel | str] | None
) -> frozenset[ContactLabel]:
    if labels is None:
        return _SEARCHED[protocol]
    names = {labels} if isinstance(labels, str) else set(labels)
    unknown = names - set(ContactLabel)
    if unknown:
        message = f"must be among {', '.join(ContactLabel)}"
        raise InvalidContact((Problem("labels", "unknown_label", message),))
    return frozenset(ContactLabel(name) for name in names)
