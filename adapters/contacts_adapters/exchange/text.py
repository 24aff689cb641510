"""Streams as text, in bounded memory whatever they hold."""

import codecs
from collections.abc import Iterator
from typing import IO, Any, Final

LONGEST_LINE: Final = 100_000  # characters; the csv module takes 131,072 for one field
_PIECE: Final = 1 << 16  # bytes, or characters, read at once
_TELLING: Final = 8  # bytes that tell the encoding


def texts(stream: IO[Any], /) -> Iterator[str]:
    """A stream of text, or of bytes in UTF-8 or UTF-16LE, as text in pieces.

    A byte order mark is left out. What is not in its encoding becomes lone surrogates, which no
    contact may have: it is refused where it stands.
    """
    piece = stream.read(_PIECE)
    if isinstance(piece, str):
        yield piece.removeprefix("\ufeff")
        yield from iter(lambda: stream.read(_PIECE), "")
        return
    while len(piece) < _TELLING and (more := stream.read(_PIECE)):
        piece += more
    encoding, errors = _encoding_of(piece)
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    begun = False
    while piece:
        text = decoder.decode(piece)
        if text:
            yield text if begun else text.removeprefix("\ufeff")
            begun = True
        piece = stream.read(_PIECE)
    try:
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:  # half a character of UTF-16
        yield "\udc00"


def _encoding_of(head: bytes) -> tuple[str, str]:
    # Every file of ours begins with ASCII, of which UTF-16 has a zero in every second byte.
    if head.startswith(codecs.BOM_UTF16_LE) or (head[1:2] and not head[1:_TELLING:2].strip(b"\0")):
        return "utf-16-le", "surrogatepass"
    return "utf-8", "surrogateescape"


def lines(pieces: Iterator[str], /) -> Iterator[tuple[str, bool]]:
    """The lines of a text, with their ends, and whether they are whole.

    Of one that is longer than LONGEST_LINE only the beginning comes.
    """
    rest = ""
    for piece in pieces:
        *ended, new = piece.split("\n")
        for text in ended:
            line = rest + text
            yield f"{line[:LONGEST_LINE]}\n", len(line) <= LONGEST_LINE
            rest = ""
        rest = (rest + new)[: LONGEST_LINE + 1]
    if rest:
        yield rest[:LONGEST_LINE], len(rest) <= LONGEST_LINE


def number_in(text: str, /) -> int | None:
    """The number that a text of at most 19 ASCII digits is; None for any other.

    >>> number_in("1720"), number_in("1_720"), number_in("")
    (1720, None, None)
    """
    # isdigit takes the digits of all scripts, int underscores and blanks; long ones are slow.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
