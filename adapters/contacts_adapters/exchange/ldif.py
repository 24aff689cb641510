"""LDIF, the text in which directories give out their entries.

Source: RFC 2849 for the text, RFC 2798, 4519, 4524 and 2079 for what the attributes mean. No
package that we found says where in the source something is wrong, or goes on behind it.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import IO, Any, Final, NamedTuple

from .formats import Format, register
from .records import Listed, Record, Skipped, given, refused
from .text import LONGEST_LINE, lines, texts

MOST_VALUES: Final = 1_000  # of one entry, which is kept until its key is known


class Attribute(NamedTuple):
    """What the values of an attribute are; what stands behind *end* is no part of the contact."""

    protocol: str
    label: str
    end: str = ""
    behind: str = ""  # what that is


_FAX: Final = Attribute("telephone", "fax", "$", "fax parameters")  # RFC 4517
_LINK: Final = Attribute("website", "work", " ", "name of a link")  # RFC 2079

ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    "telephonenumber": Attribute("telephone", "work"),
    "othertelephone": Attribute("telephone", "work"),
    "mobile": Attribute("telephone", "mobile"),
    "othermobile": Attribute("telephone", "mobile"),
    "homephone": Attribute("telephone", "home"),
    "otherhomephone": Attribute("telephone", "home"),
    "facsimiletelephonenumber": _FAX,
    "otherfacsimiletelephonenumber": _FAX,
    "mail": Attribute("email", "work"),
    "labeleduri": _LINK,
    "wwwhomepage": _LINK,
    "url": _LINK,
}
"""The attributes that hold contacts, in lower case."""

_MALFORMED: Final = "line"

# Details of a person that are no contact.
_NO_CONTACT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("pager", "otherpager"), "pager"),
    **dict.fromkeys(("ipphone", "otheripphone"), "telephone of another type"),
    **dict.fromkeys(
        (
            *("postaladdress", "homepostaladdress", "registeredaddress", "street", "l", "st"),
            *("postalcode", "postofficebox"),
        ),
        "postal address",
    ),
    **dict.fromkeys(
        ("telexnumber", "teletexterminalidentifier", "internationalisdnnumber", "x121address"),
        "telex",
    ),
    **dict.fromkeys(("preferreddeliverymethod", "preferredlanguage"), "preference"),
}


class _Line(NamedTuple):
    number: int
    name: str  # of the attribute, in lower case, without options
    value: str
    problem: tuple[str, str] | None = None


def read_ldif(
    stream: IO[Any], /, *, key: str = "mail", attributes: Mapping[str, Attribute] = ATTRIBUTES
) -> Iterator[Record]:
    """The contacts in the entries of a directory, all of them integration contacts.

    *key* is the attribute that names the person, or `dn`; an entry that has none is no person.
    *attributes* says what attributes hold contacts, by their names in lower case. Values are kept
    as they are, from a base64 text too; no other file is read. Entries to be deleted or modified
    are refused, for they say nothing of what a person has.

    Memory is bounded: lines, also folded ones, of more than 100,000 characters are refused, and of
    an entry all contacts after the thousandth. Records have the numbers of their lines.

    >>> import io
    >>> text = "dn: uid=ann,dc=example\\nmail: ann@example.com\\nsn: Ann\\nmobile: +1 03 413"
    >>> for record in read_ldif(io.StringIO(text)):
    ...     print(record)
    <Listed 1>
    <Given 2: <Contact None: work email>>
    <Given 4: <Contact None: mobile telephone>>
    """
    key = key.lower()
    told = {key, "changetype", _MALFORMED, *attributes, *_NO_CONTACT}
    first, entry = 0, list[_Line]()
    for number, text, whole in _unfolded(stream):
        if not text:
            if first:
                yield from _records(first, entry, key, attributes)
            first, entry = 0, []
        elif not text.startswith("#"):
            line = _parsed(number, text, whole)
            if not first and line.name == "version":
                continue
            first = first or number
            if line.name in told:
                if len(entry) < MOST_VALUES:
                    entry.append(line)
                else:
                    message = f"must have at most {MOST_VALUES} values"
                    yield refused(number, "entry", "too_many_values", message)
    if first:
        yield from _records(first, entry, key, attributes)


def _records(
    number: int, entry: list[_Line], key: str, attributes: Mapping[str, Attribute]
) -> Iterator[Record]:
    person = next((line.value for line in entry if line.name == key and line.value), "")
    if not person:
        if any(line.name in attributes for line in entry):
            yield refused(number, "person", "required", f"is required: the entry has no {key}")
        else:
            yield Skipped(number, "entry of no person")
        return
    for line in entry:
        if line.name == "changetype" and line.value.strip().lower() != "add":
            yield refused(line.number, "changetype", "unsupported", "must be add", person)
            return
    yield Listed(number, person)
    for line in entry:
        if line.problem is not None:
            yield refused(line.number, line.name, *line.problem, person)
        elif line.name in attributes:
            attribute = attributes[line.name]
            end = line.value.find(attribute.end) if attribute.end else -1
            value = line.value if end < 0 else line.value[:end]
            yield given(line.number, person, attribute.protocol, attribute.label, value)
            if line.value[len(value) + 1 :].strip():
                yield Skipped(line.number, attribute.behind)
        elif line.name in _NO_CONTACT:
            yield Skipped(line.number, _NO_CONTACT[line.name])


def _parsed(number: int, text: str, whole: bool) -> _Line:
    name, colon, rest = text.partition(":")
    if not colon and whole:
        return _Line(number, _MALFORMED, "", ("malformed", "must be an attribute and a value"))
    name = name.partition(";")[0].lower()
    if not whole:
        message = f"must have at most {LONGEST_LINE} characters"
        return _Line(number, name, "", ("too_long", message))
    if rest.startswith("<"):
        message = "must stand in the file: no other file is read"
        return _Line(number, name, "", ("external_value", message))
    if not rest.startswith(":"):
        return _Line(number, name, rest.lstrip(" "))
    try:
        value = b64decode(rest[1:].strip(" ").encode("ascii"), validate=True).decode()
    except ValueError:
        return _Line(number, name, "", ("not_text", "must be a text in UTF-8 and base64"))
    return _Line(number, name, value)


def _unfolded(stream: IO[Any]) -> Iterator[tuple[int, str, bool]]:
    """Lines as they were before they were folded: first number, text, and whether it is whole."""
    first, parts, size, whole = 0, list[str](), 0, True
    for number, (line, complete) in enumerate(lines(texts(stream)), 1):
        text = line.removesuffix("\n").removesuffix("\r")
        if text.startswith(" ") and parts:
            size += len(text) - 1
            whole = whole and complete and size <= LONGEST_LINE
            if whole and len(text) > 1:
                parts.append(text[1:])
            continue
        if first:
            yield first, "".join(parts), whole
        first, parts, size, whole = number, [text] if text else [], len(text), complete
    if first:
        yield first, "".join(parts), whole


def _looks_so(begins: str) -> bool:
    for line in begins.split("\n"):
        if line.strip() and not line.startswith("#"):
            return line.lower().startswith(("dn:", "version:"))
    return False


register(Format("ldif", (".ldif", ".ldi"), _looks_so, read_ldif))
