"""The port: what every store of contact books promises."""

from collections.abc import Collection, Iterable, Iterator
from types import TracebackType
from typing import NamedTuple, Protocol, Self, runtime_checkable

from .book import ContactBook
from .errors import TokenExpired
from .matching import Match
from .vocabulary import ContactLabel, ContactProtocol


class Change(NamedTuple):
    """A person whose book was saved or erased; who wants the contacts reads the book."""

    person_id: int
    revision: int
    erased: bool


class Changes(NamedTuple):
    """A page of the feed, the token to go on from, and whether more is there already."""

    changes: tuple[Change, ...]
    token: str
    more: bool


class Position(NamedTuple):
    """A place in a store's feed, for stores to share; a token is its text.

    `epoch` names the stretch of the store's history in which the change at `number` was saved. A
    store begins an epoch, with a random name, when it is made and with the first write of each
    handle: so a store that was restored from a backup goes on under another name, and the
    positions that were lost are known from the new ones of the same number.

    >>> Position.parse(str(Position("6f1d", 17)))
    Position(epoch='6f1d', number=17)
    """

    epoch: str
    number: int

    @classmethod
    def parse(cls, token: str, /) -> Self:
        """The position that a token stands for; raises TokenExpired for what is no token."""
        epoch, dash, number = token.partition("-") if isinstance(token, str) else ("", "", "")
        if not (dash and number.isascii() and number.isdigit() and len(number) < 20):
            raise TokenExpired
        return cls(epoch, int(number))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.number}"


@runtime_checkable
class ContactBookRepository(Protocol):
    """Stores contact books. Implementers inherit nothing and pass the conformance suite.

    What every method promises:

    * Many threads and many processes may use one store; after a fork, the child too. No update is
      lost and no contact id is given twice, not even that of a removed contact.
    * What `save`, `save_all` and `erase` acknowledged is durable: no crash takes it back.
    * A book that comes back is the book that was saved. What is damaged raises StoreCorrupted.
    * Whatever else the store cannot do raises StoreUnavailable, after `close` too.
    * A person id that is no whole number from 1 to 2**63-1 raises InvalidContact.
    * No error holds the value of a contact.
    """

    def get(self, person_id: int, /) -> ContactBook:
        """The book of a person; empty at revision 0 for one who was never saved.

        The book of an erased person is empty too, at the revision of the erasure.
        """

    def save(self, book: ContactBook, /) -> ContactBook:
        """Stores a book and returns it as stored: new contacts have ids, the revision is one more.

        A book with no change since it was loaded is returned as it is, and nothing is written.

        Raises BookConflict, and writes nothing, when the revision of the book is not the stored
        one: so also for a book made by hand for a person who has one. Raises InvalidContact when a
        contact has an id that the stored book does not know, for ids are the store's to give.
        """

    def save_all(self, books: Iterable[ContactBook], /) -> list[ContactBook]:
        """`save` for many books, all or none, in the order given: the bulk path.

        A person who comes twice conflicts with itself.
        """

    def books(self, person_ids: Iterable[int] | None = None, /) -> Iterator[ContactBook]:
        """The books of these people, ascending by person, each once, in few queries.

        Unknown and erased people come as empty books. Without *person_ids*: everybody's, without
        the erased, in bounded memory. Each book is whole; the walk is no snapshot of all.
        """

    def person_ids(self) -> Iterator[int]:
        """Everybody with a saved book, an emptied one included, without the erased; ascending."""

    def find(
        self,
        protocol: ContactProtocol,
        value: str,
        /,
        *,
        labels: Collection[ContactLabel | str] | None = None,
        limit: int = 10,
    ) -> tuple[Match, ...]:
        """Whose is this? The contacts that are the same by `same_value`, at most *limit*.

        Best first: most digits in common, then by person, then in the order of the book. Without
        *labels*, all but fax are searched. *value* is any text, for a caller's number comes as it
        comes; one with nothing to compare finds nobody.
        """

    def changes(self, after: str | None = None, limit: int = 1000) -> Changes:
        """What changed since a token was given: each person once, in the order of the last change.

        None starts from the beginning. A change that was saved before a token was given never
        comes after it, and one saved later always does. Erased people stay, marked.

        Raises TokenExpired when the token is not of this store's history: of another store, or of
        this one before it was restored from an older backup.
        """

    def erase(self, person_id: int, /) -> None:
        """Forgets a person: afterwards no file of the store holds a byte of the values.

        What stays is a tombstone of person, revision + 1 and position in the feed, so that who
        still holds the book from before conflicts. Erasing somebody who was never saved does
        nothing; again after an erasure, it only makes sure that the values are gone.
        """

    def close(self) -> None:
        """Releases the store; every later call raises StoreUnavailable. Closing twice is fine."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...
