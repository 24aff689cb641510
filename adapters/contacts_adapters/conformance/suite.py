"""The promises of the port, one by one."""

import multiprocessing
import os
import shutil
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, find, settings
from hypothesis import strategies as st

from contacts_adapters.registry import open_repository
from contacts_core import (
    LABELS,
    MAX_ID,
    BookConflict,
    Change,
    Contact,
    ContactBook,
    ContactBookRepository,
    ContactLabel,
    ContactNotFound,
    ContactProtocol,
    ContactReadOnly,
    ContactsError,
    InvalidContact,
    Origin,
    PeopleContacts,
    StoreUnavailable,
    TokenExpired,
    same_value,
)

from .agreement import check_agreement
from .strategies import contacts

FreshUrl = Callable[[], str]

ANN: Final = 42
BOB: Final = 7
NOBODY: Final = 99

KEPT_AS_GIVEN: Final = [
    ("mobile", "telephone", "+1 03 413 7223"),
    ("personal", "website", "www.my-stie.com"),
    ("work", "telephone", "+44 (0)20 7946 0958 ext. 12"),
    ("work", "telephone", "+1 (800) 4-BEST-IT or +1 (800) 423 7848"),
    ("home", "telephone", "٠١٢٣٤٥٦٧٨٩"),
    ("fax", "telephone", " 00 1 "),
    ("work", "email", "ann@example.com"),
    ("work", "email", "';DROP/**/TABLE/**/contact;--@x"),
    ("personal", "email", "用户@例え.jp"),
    ("personal", "email", "ann@xn--fsq.com"),
    ("work", "email", '"a@b"@[127.0.0.1]'),
    ("work", "website", "example.com:8080/x"),
    ("work", "website", "localhost:3000"),
    ("work", "website", "https://例え.jp/पथ?q=%00#ü"),
    ("work", "website", "database:8080"),
    ("chat_skype", "chat", "skype:live:abc?chat"),
    ("chat_slack", "chat", "slack://user?team=T1&id=U1"),
    ("chat_teams", "chat", "a\"b'c`d%_\\e{0}{{}}%s"),
    ("chat_workchat", "chat", "שלום\u200f"),
    ("work", "telephone", "👩\u200d👩\u200d👧"),
    ("work", "telephone", "e\u0301 \u00e9 \u200d \u200c \u200e"),
    ("work", "telephone", "x" * 255),
    ("work", "telephone", "👩" * 255),
    ("mobile", "telephone", "=1+1"),
    ("mobile", "telephone", "NULL"),
]

CANARY: Final = "canary-7223"
UNSAFE: Final = (
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    *"\ud800\udbff\udc00\udfff\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0010ffff",
)
UNSAFE_LINKS: Final = [
    disguise.format(scheme)
    for scheme in ("javascript", "data", "vbscript")
    for disguise in ("{}:x", " {}:x", "\x01{}:x", "\t{}\n:x", "{}\t:x")
] + ["JaVaScRiPt:x", "jav\tascript:x", "java\nscript:x", "DATA:text/html,x", "\x00vbscript:x"]

REFUSED: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({"telephone": "1"}, "label", "required"),
    ({"label": "skype", "telephone": "1"}, "label", "unknown_label"),
    ({"label": "work"}, "telephone", "no_value"),
    ({"label": "work", "telephone": "1", "email": "a@b"}, "email", "more_than_one_value"),
    ({"label": "fax", "email": "a@b"}, "label", "label_not_allowed"),
    ({"label": "work", "telephone": 1}, "telephone", "wrong_type"),
    ({"label": "work", "telephone": "x" * 256}, "telephone", "too_long"),
    ({"label": "work", "telephone": "\u200b"}, "telephone", "blank"),
    *[
        ({"label": "work", "telephone": f"{CANARY}{unsafe}x"}, "telephone", "unsafe_character")
        for unsafe in UNSAFE
    ],
    ({"label": "work", "email": CANARY}, "email", "not_an_email_address"),
    ({"label": "work", "email": f"{CANARY}@ x"}, "email", "white_space"),
    *[({"label": "work", "website": link}, "website", "unsafe_link") for link in UNSAFE_LINKS],
    *[({"label": "chat_slack", "chat": link}, "chat", "unsafe_link") for link in UNSAFE_LINKS],
    *[
        ({"label": "work", "telephone": "1", "integration": flag}, "integration", "wrong_type")
        for flag in (None, 0, 1, "true", CANARY)
    ],
    *[
        ({"label": "work", "telephone": "1", "id": id}, "id", "read_only")
        for id in (1, 1.0, "1", True, None, -1, 2**63, CANARY)
    ],
    ({"label": "work", "telephone": "1", "phone": CANARY}, "phone", "unknown_field"),
]

SAME_NUMBERS: Final = [
    (stored, dialled)
    for stored in ("+1 (123) 456 7890", "123-456-7890", "4567890")
    for dialled in ("+11234567890", "0011234567890", "4567890")
]


def new_contact(number: int = 0, *, integration: bool = False) -> Contact:
    return Contact(label="work", telephone=f"+1 555 010 {number:04}", integration=integration)


def new_book(person_id: int, *numbers: int) -> ContactBook:
    book = ContactBook(person_id=person_id)
    for number in numbers:
        book = book.add(new_contact(number))
    return book


def all_texts(error: BaseException) -> str:
    """Whatever of an error may end up in a log."""
    texts = []
    pending: list[BaseException | None] = [error]
    while pending:
        one = pending.pop()
        if one is not None:
            texts += [str(one), repr(one), repr(one.args), repr(vars(one))]
            pending += [one.__cause__, one.__context__]
    return "".join([*texts, *traceback.format_exception(error)])


def add_many(url: str, person_id: int, count: int) -> None:
    """In a process of its own."""
    with open_repository(url) as repository:
        people = PeopleContacts(repository)
        for number in range(count):
            people.add_contact(person_id, {"label": "work", "telephone": f"{os.getpid()} {number}"})


def save_many(url: str, first: int, count: int) -> None:
    """In a process of its own: some new people, one whom everybody edits, some erased."""
    with open_repository(url) as repository:
        people = PeopleContacts(repository)
        for person_id in range(first, first + count):
            people.add_contact(person_id, {"label": "work", "telephone": "1"})
            people.add_contact(ANN, {"label": "work", "telephone": "1"})
            if person_id % 5 == 0:
                repository.erase(person_id)


def in_processes(work: Callable[..., None], arguments: Iterable[tuple[Any, ...]]) -> None:
    arguments = list(arguments)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(arguments), mp_context=spawn) as pool:
        for done in [pool.submit(work, *one) for one in arguments]:
            done.result()


class RepositoryConformance:
    """Subclass it, give it the fixture `fresh_url`, and run pytest.

    `fresh_url` is a callable, each call of which names another new and empty store. What an
    adapter cannot do, its class says; tests of that are skipped.
    """

    persistent: bool = False
    """Whether a URL names a store that outlives its handle and that several processes share."""

    def files(self, url: str) -> Iterable[Path]:
        """All files of a store, if it is one in files: they are searched for what was erased."""
        pytest.skip("the store has no files")

    @pytest.fixture
    def fresh_url(self) -> FreshUrl:
        """Names stores; every subclass has its own."""
        raise NotImplementedError("give your class a fixture fresh_url")

    @pytest.fixture
    def url(self, fresh_url: FreshUrl) -> str:
        """One store."""
        return fresh_url()

    @pytest.fixture
    def repository(self, url: str) -> Iterable[ContactBookRepository]:
        """A handle on it."""
        with open_repository(url) as repository:
            yield repository

    @pytest.fixture
    def people(self, repository: ContactBookRepository) -> PeopleContacts:
        """The seed's operations on it."""
        return PeopleContacts(repository)

    @pytest.fixture
    def second(
        self, url: str, repository: ContactBookRepository
    ) -> Iterable[ContactBookRepository]:
        """Another handle on the same store."""
        self._needs_persistence()
        with open_repository(url) as second:
            yield second

    def _needs_persistence(self) -> None:
        if not self.persistent:
            pytest.skip("the store ends with its handle")

    # The port is a protocol.

    def test_it_is_a_repository(self, repository: ContactBookRepository) -> None:
        assert isinstance(repository, ContactBookRepository)

    # The rules of a contact hold in every store.

    def test_labels_go_with_protocols_as_in_the_table(self, people: PeopleContacts) -> None:
        values = {"telephone": "1", "email": "a@b", "chat": "c", "website": "w"}
        for protocol in ContactProtocol:
            for label in ContactLabel:
                fields = {"label": label.value, protocol.value: values[protocol]}
                if label in LABELS[protocol]:
                    assert people.add_contact(ANN, fields).protocol is protocol
                else:
                    with pytest.raises(InvalidContact) as caught:
                        people.add_contact(ANN, fields)
                    assert [p.code for p in caught.value.problems] == ["label_not_allowed"]
        assert len(people.list_contacts(ANN)) == 12

    def test_values_come_back_as_given(self, repository: ContactBookRepository) -> None:
        people = PeopleContacts(repository)
        for person_id, (label, field, value) in enumerate(KEPT_AS_GIVEN, 1):
            contact = people.add_contact(person_id, {"label": label, field: value})
            [again] = repository.get(person_id)
            assert again == contact
            assert again.to_dict() == {
                "label": label,
                "id": contact.id,
                field: value,
                "integration": False,
            }
            matches = repository.find(ContactProtocol(field), value, labels=[label])
            assert all(match.contact == contact for match in matches)
        walk = repository.books()
        assert [contact.value for book in walk for contact in book] == [
            value for _, _, value in KEPT_AS_GIVEN
        ]

    def test_what_is_illegal_is_refused_and_named_without_its_value(
        self, repository: ContactBookRepository
    ) -> None:
        people = PeopleContacts(repository)
        kept = people.add_contact(ANN, {"label": "work", "telephone": "1"})
        for fields, field, code in REFUSED:
            with pytest.raises(InvalidContact) as caught:
                people.add_contact(ANN, fields)
            assert (field, code) in [(p.field, p.code) for p in caught.value.problems], fields
            assert CANARY not in all_texts(caught.value)
        assert list(repository.get(ANN)) == [kept]

    # The six operations of the seed.

    def test_the_six_operations_play_as_in_the_seed(self, people: PeopleContacts) -> None:
        assert people.list_contacts(ANN) == []
        website = people.add_contact(ANN, {"label": "personal", "website": "www.my-stie.com"})
        mobile = people.add_contact(
            ANN, {"label": "mobile", "telephone": "+1 03 413 7223", "integration": True}
        )
        assert [contact.to_summary() for contact in people.list_contacts(ANN)] == [
            {"label": "mobile", "id": mobile.id, "telephone": "+1 03 413 7223"},
            {"label": "personal", "id": website.id, "website": "www.my-stie.com"},
        ]
        assert list(people.get_contact(ANN, mobile.id or 0).to_dict().items()) == [
            ("label", "mobile"),
            ("id", mobile.id),
            ("telephone", "+1 03 413 7223"),
            ("integration", True),
        ]
        updated = people.update_contact(ANN, mobile.id or 0, {"label": "work", "id": mobile.id})
        assert (updated.id, updated.label) == (mobile.id, ContactLabel.work)
        people.remove_contact(ANN, website.id or 0)
        assert people.list_contacts(ANN) == [updated]
        people.remove_all_contacts(ANN)
        people.remove_all_contacts(ANN)
        assert people.list_contacts(ANN) == []

    @pytest.mark.parametrize("contact_id", [0, -1, 10**6, True, "1", 1.0, None])
    def test_an_id_that_the_person_does_not_have_is_not_found(
        self, people: PeopleContacts, contact_id: Any
    ) -> None:
        people.add_contact(ANN, {"label": "work", "telephone": "1"})
        for call in (
            lambda: people.get_contact(ANN, contact_id),
            lambda: people.update_contact(ANN, contact_id, {}),
            lambda: people.remove_contact(ANN, contact_id),
        ):
            with pytest.raises(ContactNotFound):
                call()

    def test_a_contact_of_somebody_else_is_not_found(self, people: PeopleContacts) -> None:
        contact = people.add_contact(ANN, {"label": "work", "telephone": "1"})
        with pytest.raises(ContactNotFound):
            people.get_contact(BOB, contact.id or 0)

    # The rules of a book.

    def test_contacts_stand_in_the_documented_order(self, people: PeopleContacts) -> None:
        pairs = [(protocol, label) for protocol in ContactProtocol for label in LABELS[protocol]]
        values = {"telephone": "1", "email": "a@b", "chat": "c", "website": "w"}
        for protocol, label in [*reversed(pairs), *pairs]:
            people.add_contact(ANN, {"label": label.value, protocol.value: values[protocol]})
        listed = people.list_contacts(ANN)
        assert [(one.protocol, one.label) for one in listed] == [
            pair for pair in pairs for _ in range(2)
        ]
        assert all(
            (one.id or 0) < (two.id or 0)
            for one, two in zip(listed[::2], listed[1::2], strict=True)
        )

    def test_the_same_label_and_value_may_occur_twice(self, people: PeopleContacts) -> None:
        first = people.add_contact(ANN, {"label": "mobile", "telephone": "1"})
        again = people.add_contact(ANN, {"label": "mobile", "telephone": "1"})
        assert people.list_contacts(ANN) == [first, again]

    def test_a_refused_change_changes_nothing(self, repository: ContactBookRepository) -> None:
        people = PeopleContacts(repository)
        contact = people.add_contact(ANN, {"label": "work", "telephone": "1"})
        before = repository.get(ANN)
        for changes in (
            {"email": "a@b"},
            {"telephone": None},
            {"label": "personal"},
            {"id": 10**6},
        ):
            with pytest.raises(InvalidContact):
                people.update_contact(ANN, contact.id or 0, changes)
        assert people.update_contact(ANN, contact.id or 0, {}) == contact
        assert repository.get(ANN) == before
        moved = people.update_contact(ANN, contact.id or 0, {"telephone": None, "email": "a@b"})
        assert (moved.id, moved.value) == (contact.id, "a@b")

    def test_what_an_integration_keeps_is_read_only_on_a_screen(
        self, repository: ContactBookRepository
    ) -> None:
        kept = PeopleContacts(repository).add_contact(
            ANN, {"label": "work", "telephone": "1", "integration": True}
        )
        screen = PeopleContacts(repository, Origin.USER_INTERFACE)
        own = screen.add_contact(ANN, {"label": "home", "telephone": "2"})
        kept_id, own_id = kept.id or 0, own.id or 0
        for call in (
            lambda: screen.update_contact(ANN, kept_id, {"telephone": "3"}),
            lambda: screen.remove_contact(ANN, kept_id),
            lambda: screen.remove_all_contacts(ANN),
            lambda: screen.update_contact(ANN, own_id, {"integration": True}),
            lambda: screen.add_contact(
                ANN, {"label": "home", "telephone": "4", "integration": True}
            ),
        ):
            with pytest.raises(ContactReadOnly):
                call()
        assert screen.list_contacts(ANN) == [kept, own]
        screen.remove_contact(ANN, own_id)

    def test_an_import_keeps_ids_and_repeats_without_a_change(
        self, repository: ContactBookRepository
    ) -> None:
        people = PeopleContacts(repository)
        manual = people.add_contact(ANN, {"label": "home", "telephone": "1"})
        source = [new_contact(1, integration=True), new_contact(2, integration=True)]
        first = repository.save(repository.get(ANN).replace_integration(source))
        again = repository.save(repository.get(ANN).replace_integration(source))
        assert again == first
        smaller = repository.save(again.replace_integration(source[1:]))
        assert manual in smaller.contacts
        assert {one.id for one in smaller} < {one.id for one in first}

    # Saving.

    def test_an_unknown_person_has_an_empty_book(self, repository: ContactBookRepository) -> None:
        book = repository.get(NOBODY)
        assert (book.person_id, len(book), book.revision, book.changed) == (NOBODY, 0, 0, False)

    def test_save_returns_what_get_then_returns(self, repository: ContactBookRepository) -> None:
        stored = repository.save(new_book(ANN, 1, 2))
        assert stored == repository.get(ANN)
        assert (stored.revision, stored.changed) == (1, False)
        assert all(type(contact.id) is int for contact in stored)
        assert repository.save(stored.add(new_contact(3))).revision == 2

    def test_a_stale_save_conflicts_and_changes_nothing(
        self, repository: ContactBookRepository
    ) -> None:
        base = repository.save(new_book(ANN, 1))
        winner = repository.save(base.add(new_contact(2)))
        for loser in (base.add(new_contact(3)), base.clear(), base, new_book(ANN, 4)):
            with pytest.raises(BookConflict) as caught:
                repository.save(loser)
            assert caught.value.stored_revision == 2
        with pytest.raises(BookConflict):
            repository.save(ContactBook(person_id=ANN))
        assert repository.get(ANN) == winner

    def test_a_stale_save_conflicts_between_handles(
        self, repository: ContactBookRepository, second: ContactBookRepository
    ) -> None:
        repository.save(new_book(ANN, 1))
        mine, theirs = repository.get(ANN), second.get(ANN)
        assert mine == theirs
        winner = second.save(theirs.add(new_contact(2)))
        with pytest.raises(BookConflict):
            repository.save(mine.add(new_contact(3)))
        assert repository.get(ANN) == second.get(ANN) == winner

    def test_an_unchanged_book_is_not_written(self, repository: ContactBookRepository) -> None:
        book = repository.save(new_book(ANN, 1))
        token = repository.changes().token
        contact = book.contacts[0]
        for same in (book, book.update(contact.id or 0, {}), book.add(new_contact(2)).clear()):
            if not same.changed:
                assert repository.save(same).revision == book.revision
        repository.save(ContactBook(person_id=NOBODY))
        assert repository.changes(token).changes == ()
        assert list(repository.person_ids()) == [ANN]

    def test_an_emptied_book_keeps_its_revision(self, repository: ContactBookRepository) -> None:
        full = repository.save(new_book(ANN, 1))
        empty = repository.save(full.clear())
        assert (len(empty), empty.revision) == (0, 2)
        assert repository.get(ANN) == empty
        assert list(repository.person_ids()) == [ANN]
        with pytest.raises(BookConflict):
            repository.save(full.add(new_contact(2)))
        assert repository.save(empty.add(new_contact(3))).revision == 3

    def test_ids_are_never_given_again(self, fresh_url: FreshUrl) -> None:
        url = fresh_url()
        given: list[int] = []

        def add(repository: ContactBookRepository, person_id: int) -> None:
            fields = {"label": "work", "telephone": "1"}
            given.append(PeopleContacts(repository).add_contact(person_id, fields).id or 0)

        with open_repository(url) as repository:
            people = PeopleContacts(repository)
            forgetting: list[Callable[[], None]] = [
                lambda: people.remove_contact(ANN, given[-1]),
                lambda: people.remove_all_contacts(ANN),
                lambda: repository.erase(ANN),
            ]
            for forget in forgetting:
                add(repository, BOB)
                add(repository, ANN)
                forget()
                add(repository, ANN)
        if self.persistent:
            with open_repository(url) as repository:
                add(repository, BOB)
        assert len(set(given)) == len(given)
        assert all(1 <= id <= MAX_ID for id in given)

    def test_ids_are_the_stores_to_give(self, repository: ContactBookRepository) -> None:
        stored = repository.save(new_book(ANN, 1))
        gone = stored.contacts[0]
        emptied = repository.save(stored.clear())
        others = repository.save(new_book(BOB, 1)).contacts[0]
        for forged in (gone, others, Contact(label="fax", telephone="1", id=10**6)):
            book = ContactBook(person_id=ANN, contacts=[forged], revision=emptied.revision)
            with pytest.raises(InvalidContact) as caught:
                repository.save(book.add(new_contact(2)))
            assert [p.code for p in caught.value.problems] == ["read_only"]
        assert repository.get(ANN) == emptied

    def test_save_all_saves_in_the_order_given(self, repository: ContactBookRepository) -> None:
        books = [new_book(3, 1), new_book(1, 2), ContactBook(person_id=5), new_book(2, 3, 4)]
        stored = repository.save_all(iter(books))
        assert [book.person_id for book in stored] == [3, 1, 5, 2]
        assert [book.revision for book in stored] == [1, 1, 0, 1]
        assert list(repository.books()) == sorted(
            (book for book in stored if book.revision), key=lambda book: book.person_id
        )
        assert repository.save_all([]) == []

    def test_save_all_saves_all_or_none(self, repository: ContactBookRepository) -> None:
        stale = new_book(BOB, 1)
        stored = repository.save(stale)
        token = repository.changes().token

        def breaking() -> Iterable[ContactBook]:
            yield new_book(1, 1)
            raise RuntimeError

        for books, error in (
            ([new_book(1, 1), stale.add(new_contact(2)), new_book(2, 1)], BookConflict),
            ([new_book(1, 1), new_book(1, 2)], BookConflict),
            (breaking(), RuntimeError),
        ):
            with pytest.raises(error):
                repository.save_all(books)
        assert list(repository.books()) == [stored]
        assert repository.changes(token).changes == ()

    # Reading.

    def test_books_come_ascending_and_once(self, repository: ContactBookRepository) -> None:
        for person_id in (9, 3, 7, 1):
            repository.save(new_book(person_id, person_id))
        everybody = list(repository.books())
        assert [book.person_id for book in everybody] == [1, 3, 7, 9]
        assert everybody == [repository.get(person_id) for person_id in (1, 3, 7, 9)]
        assert list(repository.person_ids()) == [1, 3, 7, 9]
        some = list(repository.books(iter([9, NOBODY, 3, 9, MAX_ID])))
        assert [(book.person_id, book.revision) for book in some] == [
            (3, 1),
            (9, 1),
            (NOBODY, 0),
            (MAX_ID, 0),
        ]
        assert list(repository.books([])) == []

    def test_a_walk_stands_saves_in_between(self, repository: ContactBookRepository) -> None:
        repository.save_all(new_book(person_id, 1) for person_id in range(1, 1202))
        seen = []
        for book in repository.books():
            seen.append(book.person_id)
            if book.person_id == 600:
                repository.save(repository.get(1200).clear())
                repository.erase(1201)
        assert seen == sorted(seen)
        assert set(range(1, 1201)) <= set(seen)
        assert len(list(repository.person_ids())) == 1200

    @pytest.mark.parametrize("person_id", [0, -1, MAX_ID + 1, True, 1.0, "42", None])
    def test_a_person_id_that_is_none_is_refused(
        self, repository: ContactBookRepository, person_id: Any
    ) -> None:
        for call in (
            lambda: repository.get(person_id),
            lambda: list(repository.books([person_id])),
            lambda: repository.erase(person_id),
            lambda: ContactBook(person_id=person_id),
        ):
            with pytest.raises(InvalidContact):
                call()

    def test_a_closed_repository_is_unavailable(self, fresh_url: FreshUrl) -> None:
        repository = open_repository(fresh_url())
        book = repository.save(new_book(ANN, 1))
        walk = repository.books()
        repository.close()
        repository.close()
        for call in (
            lambda: repository.get(ANN),
            lambda: repository.save(book.clear()),
            lambda: repository.save_all([book]),
            lambda: list(walk),
            lambda: list(repository.books([ANN])),
            lambda: list(repository.person_ids()),
            lambda: repository.find(ContactProtocol.telephone, "5550100001"),
            repository.changes,
            lambda: repository.erase(ANN),
        ):
            with pytest.raises(StoreUnavailable):
                call()

    # Erasing.

    def test_an_erased_person_leaves_a_tombstone(self, repository: ContactBookRepository) -> None:
        held = repository.save(new_book(ANN, 1))
        repository.erase(ANN)
        gone = repository.get(ANN)
        assert (len(gone), gone.revision) == (0, 2)
        assert list(repository.person_ids()) == []
        assert list(repository.books()) == []
        assert list(repository.books([ANN])) == [gone]
        with pytest.raises(BookConflict):
            repository.save(held.add(new_contact(2)))
        with pytest.raises(BookConflict):
            repository.save(new_book(ANN, 2))
        back = repository.save(gone.add(new_contact(3)))
        assert (back.revision, list(repository.person_ids())) == (3, [ANN])
        with pytest.raises(BookConflict):
            repository.save(held.add(new_contact(4)))

    def test_erasing_again_or_nobody_does_nothing(self, repository: ContactBookRepository) -> None:
        repository.erase(NOBODY)
        assert repository.changes().changes == ()
        repository.save(new_book(ANN, 1))
        repository.erase(ANN)
        page = repository.changes()
        repository.erase(ANN)
        assert repository.changes(page.token).changes == ()
        assert page.changes == (Change(ANN, 2, erased=True),)

    def test_nothing_is_left_of_who_was_erased(
        self, url: str, repository: ContactBookRepository
    ) -> None:
        self.files(url)
        people = PeopleContacts(repository)
        secrets = {n: f"secret{n:03}@{'x' * (n * 7 % 200)}.example" for n in range(1, 61)}
        for n, secret in secrets.items():
            added = people.add_contact(n, {"label": "work", "email": secret})
            people.update_contact(n, added.id or 0, {"email": f"new.{secret}"})
            repository.find(ContactProtocol.email, secret)
        for n in range(1, 61, 2):
            repository.erase(n)
        text = b"".join(path.read_bytes() for path in self.files(url))
        left = [n for n, secret in secrets.items() if secret[:9].encode() in text]
        assert left == list(range(2, 61, 2))

    # Finding.

    @pytest.mark.parametrize(("stored", "dialled"), SAME_NUMBERS)
    def test_a_caller_is_found(
        self, repository: ContactBookRepository, stored: str, dialled: str
    ) -> None:
        repository.save(new_book(BOB, 1))
        contact = Contact(label="mobile", telephone=stored)
        [kept] = repository.save(ContactBook(person_id=ANN).add(contact))
        [match] = repository.find(ContactProtocol.telephone, dialled)
        assert match == (ANN, kept)

    @pytest.mark.parametrize(
        ("label", "field", "stored", "asked", "found"),
        [
            ("work", "telephone", "+1 (800) 4-BEST-IT or +1 (800) 423 7848", "4237848", True),
            ("work", "telephone", "+1 (800) 4-BEST-IT or +1 (800) 423 7848", "BEST-IT", False),
            ("work", "telephone", "٠٠٤٤١٢٣٤٥٦٧٨", "+44 123 456 78", True),
            ("work", "telephone", "12345", "12345", True),
            ("work", "telephone", "12345", "9912345", False),
            ("work", "telephone", "no digits", "no digits", False),
            ("fax", "telephone", "5550100", "5550100", False),
            ("work", "telephone", "5550100", "", False),
            ("work", "telephone", "5550100", "\ud800\0", False),
            ("work", "telephone", "5550100", "1" * 10**6, False),
            ("work", "telephone", "5550100", "0" * 10**6 + "5550100", True),
            ("work", "email", "Ann@Example.com", "aNN@eXAMPLE.COM", True),
            ("work", "email", "straße@x", "STRASSE@X", True),
            ("work", "email", "e\u0301@x", "\u00c9@X", True),
            ("work", "email", "a@b", "a@c", False),
            ("work", "email", "a@b", "\ud800@b", False),
            ("work", "email", "a@b", "a\u0301\u0316" * 10**5, False),
            ("work", "website", "www.my-stie.com", "https://WWW.my-stie.com/", True),
            ("work", "website", "http://x/Path", "x/path", False),
            ("chat_slack", "chat", "slack://U1", "slack://U1", True),
            ("chat_slack", "chat", "slack://U1", "slack://u1", False),
        ],
    )
    def test_the_same_is_found_and_nothing_else(
        self,
        repository: ContactBookRepository,
        label: str,
        field: str,
        stored: str,
        asked: str,
        found: bool,
    ) -> None:
        PeopleContacts(repository).add_contact(ANN, {"label": label, field: stored})
        matches = repository.find(ContactProtocol(field), asked)
        assert [match.person_id for match in matches] == [ANN] * found

    def test_the_best_match_comes_first(self, repository: ContactBookRepository) -> None:
        numbers = {5: "4567890", 3: "1234567890", 4: "1234567890", 9: "+1 123 456 7890"}
        for person_id, number in numbers.items():
            PeopleContacts(repository).add_contact(
                person_id, {"label": "work", "telephone": number}
            )
        found = repository.find(ContactProtocol.telephone, "+11234567890")
        assert [match.person_id for match in found] == [9, 3, 4, 5]
        assert repository.find(ContactProtocol.telephone, "+11234567890", limit=2) == found[:2]

    def test_labels_and_limit_narrow_a_search(self, repository: ContactBookRepository) -> None:
        people = PeopleContacts(repository)
        for person_id in range(1, 15):
            for label in ("home", "fax"):
                people.add_contact(person_id, {"label": label, "telephone": "5550100"})
        find = repository.find
        telephone = ContactProtocol.telephone
        assert [m.person_id for m in find(telephone, "5550100")] == list(range(1, 11))
        assert {m.contact.label for m in find(telephone, "5550100")} == {ContactLabel.home}
        [match, *_] = find(telephone, "5550100", labels=["fax"], limit=1)
        assert match.contact.label is ContactLabel.fax
        assert len(find(telephone, "5550100", labels=[*ContactLabel], limit=100)) == 28
        assert find(telephone, "5550100", labels=[]) == ()
        wrong: list[tuple[Any, Any, Any, Any]] = [
            (telephone, "1", None, 0),
            (telephone, "1", [CANARY], 1),
            (CANARY, "1", None, 1),
            (telephone, 5550100, None, 1),
        ]
        for protocol, value, labels, limit in wrong:
            with pytest.raises(InvalidContact) as caught:
                find(protocol, value, labels=labels, limit=limit)
            assert CANARY not in all_texts(caught.value)

    def test_find_follows_what_is_saved(self, repository: ContactBookRepository) -> None:
        people = PeopleContacts(repository)

        def found(value: str) -> list[int]:
            return [one.person_id for one in repository.find(ContactProtocol.email, value)]

        old = people.add_contact(ANN, {"label": "work", "email": "old@x"})
        assert found("old@x") == [ANN]
        people.update_contact(ANN, old.id or 0, {"email": "new@x"})
        assert (found("old@x"), found("new@x")) == ([], [ANN])
        repository.save_all([new_book(BOB).add(Contact(label="work", email="new@x"))])
        assert found("new@x") == [BOB, ANN]
        people.remove_contact(ANN, old.id or 0)
        assert found("new@x") == [BOB]
        repository.erase(BOB)
        assert found("new@x") == []

    def test_find_follows_what_another_handle_saves(
        self, repository: ContactBookRepository, second: ContactBookRepository
    ) -> None:
        assert repository.find(ContactProtocol.email, "a@x") == ()
        PeopleContacts(second).add_contact(ANN, {"label": "work", "email": "a@x"})
        assert len(repository.find(ContactProtocol.email, "a@x")) == 1
        second.erase(ANN)
        assert repository.find(ContactProtocol.email, "a@x") == ()

    def test_find_agrees_with_looking_at_everybody(self, fresh_url: FreshUrl) -> None:
        digits = st.text("0123456789 +", min_size=1, max_size=12)
        numbers = digits.map(lambda text: Contact(label="work", telephone=f"x{text}"))
        books = st.lists(st.lists(st.one_of(numbers, contacts()), max_size=3), max_size=5)

        def differs(drawn: tuple[list[list[Contact]], str]) -> bool:
            people, asked = drawn
            with open_repository(fresh_url()) as repository:
                for person_id, given in enumerate(people, 1):
                    book = ContactBook(person_id=person_id)
                    for contact in given:
                        book = book.add(contact)
                    repository.save(book)
                for protocol in ContactProtocol:
                    values = [c.value for given in people for c in given if c.protocol is protocol]
                    for value in [asked, *values]:
                        matches = repository.find(
                            protocol, value, labels=[*ContactLabel], limit=10**6
                        )
                        assert sorted((m.person_id, m.contact.id or 0) for m in matches) == [
                            (book.person_id, contact.id or 0)
                            for book in repository.books()
                            for contact in sorted(book, key=lambda one: one.id or 0)
                            if contact.protocol is protocol
                            and same_value(protocol, contact.value, value)
                        ]
            return False

        _try_all(st.tuples(books, digits), differs, examples=30)

    # Following.

    def test_each_changed_person_comes_once_by_the_last_change(
        self, repository: ContactBookRepository
    ) -> None:
        people = PeopleContacts(repository)
        start = repository.changes()
        assert (start.changes, start.more) == ((), False)
        for person_id in (3, 1, 2, 3):
            people.add_contact(person_id, {"label": "work", "telephone": "1"})
        page = repository.changes()
        assert page.changes == (Change(1, 1, False), Change(2, 1, False), Change(3, 2, False))
        assert repository.changes(start.token).changes == page.changes
        assert repository.changes(page.token) == ((), page.token, False)
        people.remove_all_contacts(1)
        repository.erase(2)
        assert repository.changes(after=page.token).changes == (
            Change(1, 2, False),
            Change(2, 2, True),
        )
        assert [one.person_id for one in repository.changes().changes] == [3, 1, 2]

    def test_the_feed_comes_in_pages(self, repository: ContactBookRepository) -> None:
        repository.save_all(new_book(person_id, 1) for person_id in range(25, 0, -1))
        seen: list[int] = []
        token = None
        more = True
        while more:
            page = repository.changes(token, limit=10)
            token, more = page.token, page.more
            seen += [one.person_id for one in page.changes]
            assert len(page.changes) == (5 if not more else 10)
        assert seen == list(range(25, 0, -1))
        assert not repository.changes(limit=25).more
        with pytest.raises(InvalidContact):
            repository.changes(limit=0)

    def test_a_token_of_another_store_has_expired(
        self, repository: ContactBookRepository, fresh_url: FreshUrl
    ) -> None:
        repository.save(new_book(ANN, 1))
        with open_repository(fresh_url()) as other:
            with pytest.raises(TokenExpired):
                repository.changes(other.changes().token)
            other.save(new_book(BOB, 1))
            with pytest.raises(TokenExpired):
                repository.changes(other.changes().token)
        token = repository.changes().token
        for garbage in ("", "x", CANARY, "-1", f"{token}0", f"{token} ", f"{token}\n", "0" * 10**5):
            with pytest.raises(TokenExpired) as caught:
                repository.changes(garbage)
            assert CANARY not in all_texts(caught.value)

    def test_tokens_outlive_handles_and_erasures(self, fresh_url: FreshUrl) -> None:
        self._needs_persistence()
        url = fresh_url()
        tokens = []
        for person_id in (1, 2, 3):
            with open_repository(url) as repository:
                tokens.append(repository.changes().token)
                repository.save(new_book(person_id, 1))
        with open_repository(url) as repository:
            repository.erase(2)
            assert [
                [one.person_id for one in repository.changes(token).changes] for token in tokens
            ] == [[1, 3, 2], [3, 2], [3, 2]]

    def test_a_token_from_before_a_restore_has_expired(
        self, fresh_url: FreshUrl, tmp_path: Path
    ) -> None:
        self._needs_persistence()
        url = fresh_url()
        with open_repository(url) as repository:
            repository.save(new_book(ANN, 1))
            early = repository.changes().token
        folder = tmp_path / "backup of the store"
        folder.mkdir()
        backup = {path: shutil.copy(path, folder) for path in self.files(url)}
        with open_repository(url) as repository:
            repository.save(new_book(BOB, 1))
            late = repository.changes().token
        for path in list(self.files(url)):
            path.unlink()
        for path, copy in backup.items():
            shutil.copy(copy, path)
        with open_repository(url) as repository:
            with pytest.raises(TokenExpired):
                repository.changes(late)
            for person_id in (1, 2, 3):
                repository.save(new_book(person_id, 1))
                with pytest.raises(TokenExpired):
                    repository.changes(late)
            assert [one.person_id for one in repository.changes(early).changes] == [1, 2, 3]

    def test_a_follower_misses_nothing_while_processes_save(self, url: str) -> None:
        self._needs_persistence()
        open_repository(url).close()
        with ThreadPoolExecutor(1) as pool, open_repository(url) as repository:
            writers = pool.submit(
                in_processes, save_many, [(url, first, 15) for first in (100, 200, 300, 400)]
            )
            index: dict[int, ContactBook] = {}
            token, done = None, False
            while not done:
                done = writers.done()
                more = True
                while more:
                    page = repository.changes(token, limit=7)
                    token, more = page.token, page.more
                    people = [one.person_id for one in page.changes]
                    assert len(set(people)) == len(people)
                    index.update((book.person_id, book) for book in repository.books(people))
            writers.result()
            known = {person_id: book for person_id, book in index.items() if book.contacts}
            assert known == {book.person_id: book for book in repository.books()}
            assert len(known[ANN]) == 60

    # Sharing.

    def test_threads_lose_no_update(self, repository: ContactBookRepository) -> None:
        def add(name: int) -> None:
            people = PeopleContacts(repository)
            for number in range(20):
                people.add_contact(ANN, {"label": "work", "telephone": f"{name} {number}"})

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(4)))
        book = repository.get(ANN)
        assert (book.revision, len({contact.value for contact in book})) == (80, 80)

    def test_processes_lose_no_update(self, url: str) -> None:
        self._needs_persistence()
        in_processes(add_many, [(url, ANN, 25)] * 3 + [(url, BOB, 25)])
        with open_repository(url) as repository:
            book = repository.get(ANN)
            assert (book.revision, len({contact.value for contact in book})) == (75, 75)
            ids = [contact.id for book in repository.books() for contact in book]
            assert len(set(ids)) == len(ids) == 100

    def test_a_forked_child_may_use_the_store(self, url: str) -> None:
        self._needs_persistence()
        if not hasattr(os, "fork"):
            pytest.skip("the system cannot fork")
        with open_repository(url) as repository:
            repository.save(new_book(ANN, 1))
            child = os.fork()
            if child == 0:
                try:
                    for number in range(20):
                        PeopleContacts(repository).add_contact(
                            ANN, {"label": "work", "telephone": f"child {number}"}
                        )
                finally:
                    os._exit(0)
            for number in range(20):
                PeopleContacts(repository).add_contact(
                    ANN, {"label": "work", "telephone": f"parent {number}"}
                )
            os.waitpid(child, 0)
            assert len({contact.value for contact in repository.get(ANN)}) == 41

    def test_errors_of_the_store_are_typed(self, repository: ContactBookRepository) -> None:
        book = new_book(ANN, 1)
        repository.save(book)
        with pytest.raises(ContactsError):
            repository.save(book)

    # All of it at once.

    def test_agrees_with_a_plain_dict(self, fresh_url: FreshUrl) -> None:
        check_agreement([fresh_url], persistent=[self.persistent])


def _try_all(
    strategy: st.SearchStrategy[Any], differs: Callable[[Any], bool], examples: int
) -> None:
    """Calls *differs*, which fails by itself, with many examples: for a test that is inherited."""
    quick = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        find(strategy, differs, settings=quick)
    except Exception as error:
        if type(error).__name__ != "NoSuchExample":
            raise
