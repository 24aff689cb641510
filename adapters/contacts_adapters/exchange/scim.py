"""SCIM 2.0: users as identity providers push and list them.

Source: RFC 7643 section 4.1 for the user, RFC 7644 section 3.4.2 for the list.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import IO, Any, Final, NamedTuple

from .formats import Format, register
from .records import Listed, Record, Skipped, given, refused
from .text import texts

LARGEST: Final = 1 << 18  # characters of one resource; a user with a hundred contacts has a tenth

_NOT_READABLE: Final = (
    *("document", "malformed"),
    f"must be JSON, of at most {LARGEST} characters a resource: nothing from here on was read",
)


class _Attribute(NamedTuple):
    protocol: str
    labels: Mapping[str, str]  # by type, in lower case
    others: str  # what is one of another type


_ATTRIBUTES: Final[Mapping[str, _Attribute]] = {
    "phoneNumbers": _Attribute(
        "telephone",
        {"work": "work", "mobile": "mobile", "home": "home", "fax": "fax"},
        "telephone of another type",
    ),
    "emails": _Attribute(
        "email",
        {"work": "work", "home": "personal", "personal": "personal"},
        "e-mail address of another type",
    ),
    "ims": _Attribute(
        "chat",
        {name: f"chat_{name}" for name in ("skype", "slack", "teams", "workchat")},
        "chat of another type",
    ),
}
_NO_CONTACT: Final[Mapping[str, str]] = {
    "addresses": "postal address",
    "photos": "photo",
    "preferredLanguage": "preference",
}


def read_scim(stream: IO[Any], /, *, key: str = "userName") -> Iterator[Record]:
    """The contacts of one user resource, or of those in a ListResponse, for the integration.

    *key* is the attribute that names the person; of `emails`, the primary or the first one. Types
    that no label stands for are skipped, and so is that one of several is preferred.

    Memory is bounded: a resource has at most 262,144 characters; what is larger, or no JSON, is
    refused with all that stands behind it. Records have the number of their resource, from 1.

    >>> import io
    >>> text = '{"userName": "ann", "emails": [{"value": "ann@example.com", "type": "work"}]}'
    >>> list(read_scim(io.StringIO(text)))
    [<Listed 1>, <Given 1: <Contact None: work email>>]
    """
    number = 0
    try:
        for number, resource in enumerate(_resources(_Json(texts(stream))), 1):
            yield from _records(number, resource, key)
    except (_NotReadableError, RecursionError):
        yield refused(number + 1, *_NOT_READABLE)


def _records(number: int, resource: object, key: str) -> Iterator[Record]:
    if not isinstance(resource, dict):
        yield refused(number, "resource", "wrong_type", "must be an object")
        return
    user = _by_lower_name(resource)
    schemas = user.get("schemas")
    if isinstance(schemas, list) and not any(str(one).endswith(":User") for one in schemas):
        yield Skipped(number, "resource of no person")
        return
    person = _person(user, key)
    if not person:
        yield refused(number, "person", "required", f"is required: the resource has no {key}")
        return
    yield Listed(number, person)
    for name, attribute in _ATTRIBUTES.items():
        values = user.get(name.lower(), [])
        for item in values if isinstance(values, list) else [None]:
            if isinstance(item, dict):
                yield from _contact(number, person, attribute, _by_lower_name(item))
            else:
                message = "must be a list of objects"
                yield refused(number, name, "wrong_type", message, person)
    link = user.get("profileurl")
    if link:
        yield given(number, person, "website", "work", link)
    for name, what in _NO_CONTACT.items():
        values = user.get(name.lower())
        if values:
            yield from [Skipped(number, what)] * (len(values) if isinstance(values, list) else 1)


def _contact(
    number: int, person: str, attribute: _Attribute, item: Mapping[str, Any]
) -> Iterator[Record]:
    kind = item.get("type")
    label = attribute.labels.get(kind.lower()) if isinstance(kind, str) else None
    if label is not None:
        yield given(number, person, attribute.protocol, label, item.get("value", ""))
    else:
        yield Skipped(number, "pager" if kind == "pager" else attribute.others)
    if item.get("primary") is True:
        yield Skipped(number, "preference")


def _person(user: Mapping[str, Any], key: str) -> str:
    value = user.get(key.lower())
    if isinstance(value, list):
        items = [_by_lower_name(item) for item in value if isinstance(item, dict)]
        items.sort(key=lambda item: item.get("primary") is not True)
        value = items[0].get("value") if items else None
    return value if isinstance(value, str) else ""


def _by_lower_name(item: Mapping[str, Any]) -> dict[str, Any]:
    """Names of attributes are the same in any case (RFC 7643 section 2.1)."""
    return {name.lower(): value for name, value in item.items()}


class _NotReadableError(Exception):
    """The document is no JSON from here on, or a part of it is too large."""


class _Json:
    """A document that is read value by value."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._at = 0
        self.size = 0  # of the last value

    def next(self) -> str:
        """The next visible character, which is still to be taken; "" at the end."""
        while (found := _VISIBLE.search(self._text, self._at)) is None:
            self._text, self._at = next(self._pieces, ""), 0
            if not self._text:
                return ""
        self._at = found.start()
        return found[0]

    def take(self, character: str) -> None:
        """Goes on behind this character, which has to be the next."""
        if self.next() != character:
            raise _NotReadableError
        self._at += 1

    def value(self) -> Any:
        """Takes a value."""
        self.next()
        while True:
            value, end = None, -1
            with suppress(ValueError):  # it may be that the rest of the value is still to come
                value, end = _decoder.raw_decode(self._text, self._at)
            size = len(self._text) - self._at
            if 0 <= end < len(self._text):  # what ends with the text may go on behind it
                self.size = end - self._at
                self._at = end
                if self.size > LARGEST:
                    raise _NotReadableError
                return value
            if size > LARGEST or not self._read(size):
                raise _NotReadableError

    def _read(self, size: int) -> bool:
        """Reads as much as is there already: to try again for each piece takes quadratic time."""
        pieces = [self._text[self._at :]]
        while size >= 0 and (piece := next(self._pieces, "")):
            pieces.append(piece)
            size -= len(piece)
        self._text, self._at = "".join(pieces), 0
        return len(pieces) > 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NotReadableError
    return found


def _no_constant(_: str) -> None:
    raise _NotReadableError  # NaN and Infinity are no JSON


_VISIBLE: Final = re.compile("[^ \t\n\r]")
# Numbers mean nothing here, and long ones are slow, or refused, to be read.
_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=len, parse_float=len
)


def _resources(document: _Json) -> Iterator[object]:
    """The resources of a list one by one, or the one that the document is."""
    alone: dict[str, Any] = {}
    room = LARGEST
    listed = False
    document.take("{")
    while document.next() != "}":
        if alone or listed:
            document.take(",")
        name = document.value()
        document.take(":")
        if not isinstance(name, str) or name in alone:
            raise _NotReadableError
        if name.lower() == "resources" and document.next() == "[":
            listed = True
            yield from _items(document)
        else:
            alone[name] = document.value()
            room -= document.size
            if room < 0:
                raise _NotReadableError
    document.take("}")
    if document.next():
        raise _NotReadableError
    if not listed:
        yield alone


def _items(document: _Json) -> Iterator[object]:
    document.take("[")
    if document.next() != "]":
        yield document.value()
        while document.next() == ",":
            document.take(",")
            yield document.value()
    document.take("]")


def _looks_so(begins: str) -> bool:
    return begins.lstrip().startswith("{")


register(Format("scim", (".json", ".scim"), _looks_so, read_scim, unit="resource"))
