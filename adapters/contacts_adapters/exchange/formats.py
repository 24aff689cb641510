"""The formats in which contacts are exchanged; each is a module that registers itself."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Final

from attrs import frozen

from contacts_core import ContactsError

from .records import Record
from .text import texts

SNIFFED: Final = 4096  # bytes of a source that are looked at to find out its format


class UnknownFormat(ContactsError, ValueError):
    """What is to be read is in no format that is registered."""

    def __init__(self, known: tuple[str, ...]) -> None:
        super().__init__(known)
        self.known = known

    def __str__(self) -> str:
        return f"the format is none of {', '.join(self.known)}"


@frozen
class Format:
    """How to know a source of this format, and how to read it.

    `read` takes a stream of bytes or of text, and `key=`, the name of what identifies a person
    in the source, where a format leaves a choice.
    """

    name: str
    suffixes: tuple[str, ...]  # of file names, in lower case, with the dot
    looks_so: Callable[[str], bool]  # whether a source that begins so is of this format
    read: Callable[..., Iterator[Record]]
    unit: str = "line"  # what the numbers of the records count


_formats: dict[str, Format] = {}


def register(format: Format, /) -> None:
    """Adds a format; raises ValueError when the name is taken."""
    if format.name in _formats:
        raise ValueError(f"there is a format {format.name}")
    _formats[format.name] = format


def known_formats() -> tuple[str, ...]:
    """The names of the formats that can be read."""
    return tuple(sorted(_formats))


def format_named(name: str, /) -> Format:
    """The format of this name; raises UnknownFormat."""
    if name not in _formats:
        raise UnknownFormat(known_formats())
    return _formats[name]


def format_of(name: str, head: bytes, /) -> Format:
    """The format of a file, by its beginning first and by its name; raises UnknownFormat."""
    begins = "".join(texts(BytesIO(head)))
    by_look = [format for format in _formats.values() if format.looks_so(begins)]
    by_name = [format for format in _formats.values() if name.lower().endswith(format.suffixes)]
    for format in [*(one for one in by_look if one in by_name), *by_look, *by_name]:
        return format
    raise UnknownFormat(known_formats())
