"""Whose value is it: what counts as the same, and which of the same comes first."""

import copy
import pickle
import sys
import unicodedata
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts_core import (
    MAX_ID,
    MAX_LENGTH,
    Contact,
    ContactLabel,
    ContactProtocol,
    InvalidContact,
    Match,
    Search,
    index_key,
    match_key,
    same_value,
)

TELEPHONE, EMAIL, CHAT, WEBSITE = ContactProtocol

KEYS: Final = [
    *(
        (TELEPHONE, value, key)
        for value, key in (
            ("+1 (123) 456 7890", "11234567890"),
            ("0011234567890", "11234567890"),
            ("١٢٣٤٥٦٧", "1234567"),
            ("１２３", "123"),  # noqa: RUF001
            ("+1 (800) 4-BEST-IT or +1 (800) 423 7848", "1800418004237848"),
            ("x²³½", ""),
            ("000", ""),
            ("", ""),
            ("ann", ""),
            ("\ud800\x001\n2", "12"),
            ("112", "112"),
        )
    ),
    *(
        (EMAIL, value, key)
        for value, key in (
            ("Ann@Example.COM", "ann@example.com"),
            ("STRASSE@x", "strasse@x"),
            ("straße@x", "strasse@x"),
            ("e\u0301@x", "é@x"),
            ("\u212b@x", "å@x"),
            ("ΌΣΟΣ@x", "όσοσ@x"),
            (" ann@x", " ann@x"),
            ("\u0399\u0308\u0301@x", "\u0390@x"),
            ("\u03b1\u0345\u0301@x", "\u03ac\u03b9@x"),
            ("", ""),
        )
    ),
    *(
        (WEBSITE, value, key)
        for value, key in (
            ("www.my-stie.com", "www.my-stie.com"),
            ("https://www.my-stie.com/", "www.my-stie.com"),
            ("HTTPS://WWW.My-Stie.com", "www.my-stie.com"),
            ("http://www.my-stie.com", "www.my-stie.com"),
            ("Example.com/Path/", "example.com/Path"),
            ("Example.com?Q=A", "example.com?Q=A"),
            ("Example.com#Frag", "example.com#Frag"),
            ("https://Ann:Pw@Example.com:8080/X", "Ann:Pw@example.com:8080/X"),
            ("Host:8080/X", "host:8080/X"),
            ("x/A@B", "x/A@B"),
            ("mailto:Ann@Example.com", "mailto:Ann@example.com"),
            ("ПРИМЕР.рф/Путь", "пример.рф/Путь"),
            ("https://", ""),
            ("/", ""),
            ("", ""),
        )
    ),
    *((CHAT, value, value) for value in ("https://Slack.example/", "live:Ann", " x ", "é", "")),
]


@pytest.mark.parametrize(("protocol", "value", "key"), KEYS)
def test_a_key_is_what_is_left_to_compare(protocol: ContactProtocol, value: str, key: str) -> None:
    assert match_key(protocol, value) == key
    assert same_value(protocol, value, value) is (key != "")
    assert same_value(protocol, value, key) is (key != "")


STORED: Final = ("+1 (123) 456 7890", "123-456-7890", "4567890")
DIALLED: Final = ("+11234567890", "0011234567890", "4567890")


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("dialled", DIALLED)
def test_the_vendor_s_nine_pairs_are_the_same_number(stored: str, dialled: str) -> None:
    assert same_value(TELEPHONE, stored, dialled)
    contact = Contact(label="mobile", telephone=stored, id=1)
    assert Search(TELEPHONE, dialled).best([(42, contact)]) == (Match(42, contact),)


@pytest.mark.parametrize(
    ("protocol", "a", "b", "same"),
    [
        (TELEPHONE, "1234567", "51234567", True),
        (TELEPHONE, "234567", "1234567", False),
        (TELEPHONE, "234567", "234567", True),
        (TELEPHONE, "0234567", "234567", True),
        (TELEPHONE, "112", "0112", True),
        (TELEPHONE, "112", "5112", False),
        (TELEPHONE, "0012345", "5550012345", False),
        (TELEPHONE, "1234567", "1234568", False),
        (TELEPHONE, "1234567", "12345678", False),
        (TELEPHONE, "1234567 ext. 12", "1234567", False),
        (TELEPHONE, "", "", False),
        (TELEPHONE, "+", "ann", False),
        (EMAIL, "ann@x", "ANN@X", True),
        (EMAIL, "ann@x", "bob-ann@x", False),
        (EMAIL, "ann@x ", "ann@x", False),
        (WEBSITE, "x.com/a", "x.com/A", False),
        (WEBSITE, "x.com//", "x.com", False),
        (WEBSITE, "http://x.com:80", "x.com", False),
        (WEBSITE, "x.com", "www.x.com", False),
        (CHAT, "live:ann", "live:Ann", False),
        (CHAT, "https://x", "x", False),
    ],
)
def test_values_are_the_same_or_not(protocol: ContactProtocol, a: str, b: str, same: bool) -> None:
    assert same_value(protocol, a, b) is same_value(protocol, b, a) is same


NUMBERS: Final = st.text("0129 +-(x٣３", max_size=14)  # noqa: RUF001
VALUES: Final = st.one_of(
    st.text(max_size=8),
    st.text("aAß\u0301\u0345éσςΣİıſK@./:?#", max_size=6),  # noqa: RUF001
    st.builds("{}://{}/".format, st.sampled_from(["http", "x+y"]), st.text("aA@/", max_size=4)),
)
PAIRS: Final = st.one_of(
    st.tuples(st.just(TELEPHONE), NUMBERS, NUMBERS),
    st.tuples(st.just(TELEPHONE), NUMBERS, NUMBERS).map(lambda one: (*one[:2], one[2] + one[1])),
    st.tuples(st.sampled_from(ContactProtocol), VALUES, VALUES),
)


@settings(max_examples=400, deadline=None)
@given(PAIRS)
def test_same_is_symmetric_and_reflexive_and_found_by_the_index(
    pair: tuple[ContactProtocol, str, str],
) -> None:
    protocol, a, b = pair
    key_a, key_b = match_key(protocol, a), match_key(protocol, b)
    assert same_value(protocol, a, a) is (key_a != "")
    assert same_value(protocol, a, b) is same_value(protocol, b, a)
    assert match_key(protocol, key_a) == key_a or protocol is WEBSITE
    if key_a == key_b != "":
        assert same_value(protocol, a, b)
    if same_value(protocol, a, b):
        assert Search(protocol, a).index_key == Search(protocol, b).index_key != ""


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=8))
def test_canonically_equal_addresses_are_the_same(value: str) -> None:
    forms = {unicodedata.normalize(form, value) for form in ("NFC", "NFD")}
    cases = {one for form in forms for one in (form, form.casefold())}
    assert len({match_key(EMAIL, one) for one in cases}) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [("+1 123 456-7890", "4567890"), ("4567890", "4567890"), ("112", "112"), ("call me", "")],
)
def test_telephones_are_indexed_by_their_last_seven_digits(value: str, expected: str) -> None:
    assert index_key(Contact(label="fax", telephone=value)) == expected
    assert Search(TELEPHONE, value).index_key == expected


@pytest.mark.parametrize(
    ("protocol", "label", "value"),
    [
        (EMAIL, "work", "Ann@Example.com"),
        (CHAT, "chat_slack", "slack://user?team=T1&id=12345678"),
        (WEBSITE, "work", "HTTPS://www.My-Stie.com/12345678/"),
    ],
)
def test_others_are_indexed_by_the_whole_key(
    protocol: ContactProtocol, label: str, value: str
) -> None:
    contact = Contact.from_fields({"label": label, protocol.value: value})
    assert index_key(contact) == Search(protocol, value).index_key == match_key(protocol, value)


@pytest.mark.parametrize(
    "value", ["1", "٣", "a", "a\u0301", "e\u0301\u0323", "://", "@", "/", "\0"]
)
@pytest.mark.parametrize("protocol", ContactProtocol)
def test_a_million_characters_take_ten_times_the_steps_of_a_tenth(
    protocol: ContactProtocol, value: str
) -> None:
    def steps(length: int) -> int:
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        text = (value * length)[:length]
        sys.setprofile(count)
        try:
            match_key(protocol, text)
        finally:
            sys.setprofile(None)
        return counted

    assert steps(100_000) <= 10 * steps(10_000) + 10
    assert len(match_key(protocol, (value * 1_000_000)[:1_000_000])) <= 1_000_000


@pytest.mark.parametrize("protocol", [EMAIL, WEBSITE, CHAT])
def test_a_value_longer_than_any_contact_s_is_nobody_s(protocol: ContactProtocol) -> None:
    assert match_key(protocol, "x" * 1_000_000) == ""
    legal = unicodedata.normalize("NFC", "\u0390" * MAX_LENGTH)
    assert match_key(EMAIL, unicodedata.normalize("NFD", legal)) == match_key(EMAIL, legal) != ""


@pytest.mark.parametrize("protocol", [EMAIL, WEBSITE, CHAT])
@pytest.mark.parametrize("value", ["\ud800", "x\udfffy", "\ud83d\ude00"])
def test_a_lone_surrogate_is_nobody_s(protocol: ContactProtocol, value: str) -> None:
    assert match_key(protocol, value) == ""


@pytest.mark.parametrize("value", [None, 5, b"1", ["1"], 1.5])
def test_a_value_is_a_text(value: Any) -> None:
    for call in (match_key, Search):
        with pytest.raises(InvalidContact) as caught:
            call(TELEPHONE, value)
        assert caught.value.to_list() == [["value", "must be a text"]]


@pytest.mark.parametrize(
    "protocol", ["ann@example.com", "Telephone", "", None, 5, [], TELEPHONE.name * 2]
)
def test_a_protocol_is_one_of_four(protocol: Any) -> None:
    for call in (match_key, Search, lambda protocol, value: same_value(protocol, value, "1")):
        with pytest.raises(InvalidContact) as caught:
            call(protocol, "telephone")
        assert caught.value.to_list() == [
            ["protocol", "must be one of telephone, email, chat, website"]
        ]


def test_a_protocol_may_be_its_name() -> None:
    name: Any = "telephone"
    assert match_key(name, "+12") == "12"
    assert same_value(name, "1", "01")
    assert Search(name, "1").protocol is TELEPHONE


def telephone(label: str, number: str, id: int) -> Contact:
    return Contact(label=label, telephone=number, id=id)


def test_the_best_match_comes_first() -> None:
    whole = telephone("work", "+1 (123) 456 7890", 9)
    without_country = telephone("mobile", "123-456-7890", 8)
    short = [telephone(label, "4567890", id) for label, id in (("work", 7), ("work", 3))]
    mobile = telephone("mobile", "4567890", 1)
    candidates = [
        (7, mobile),
        (7, short[0]),
        (2, short[1]),
        (99, without_country),
        (100, whole),
        (1, telephone("home", "4567891", 5)),
        (1, telephone("home", "567890", 6)),
        (7, telephone("work", "4567890", 2)),
    ]
    expected = [(100, 9), (99, 8), (2, 3), (7, 2), (7, 7), (7, 1)]
    for pairs in (candidates, candidates[::-1]):
        matches = Search(TELEPHONE, "0011234567890").best(iter(pairs))
        assert [(match.person_id, match.contact.id) for match in matches] == expected


def test_ten_are_enough_unless_said_otherwise() -> None:
    candidates = [(person, telephone("work", "1234567", person)) for person in range(20, 0, -1)]
    assert [one.person_id for one in Search(TELEPHONE, "1234567").best(candidates)] == [
        *range(1, 11)
    ]
    assert len(Search(TELEPHONE, "1234567", limit=3).best(candidates)) == 3
    assert len(Search(TELEPHONE, "1234567", limit=MAX_ID).best(candidates)) == 20


@pytest.mark.parametrize("limit", [0, -1, True, "5", None, 1.0, MAX_ID + 1])
def test_a_limit_is_a_whole_number(limit: Any) -> None:
    with pytest.raises(InvalidContact) as caught:
        Search(TELEPHONE, "1", limit=limit)
    assert caught.value.problems[0].field == "limit"


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (None, {"work", "mobile", "home"}),
        (["fax"], {"fax"}),
        ("fax", {"fax"}),
        (ContactLabel.home, {"home"}),
        ((ContactLabel.fax, "work"), {"fax", "work"}),
        (set(ContactLabel), {"work", "mobile", "home", "fax"}),
        (["personal"], set()),
        ([], set()),
    ],
)
def test_labels_say_what_is_searched(labels: Any, found: set[str]) -> None:
    every = [telephone(label, "1234567", 1) for label in ("work", "mobile", "home", "fax")]
    search = Search(TELEPHONE, "1234567", labels)
    assert {one.contact.label for one in search.best((1, contact) for contact in every)} == found


@pytest.mark.parametrize("protocol", [EMAIL, CHAT, WEBSITE])
def test_every_label_of_the_other_protocols_is_searched(protocol: ContactProtocol) -> None:
    labels = ["chat_skype", "chat_slack"] if protocol is CHAT else ["work", "personal"]
    every = [Contact.from_fields({"label": label, protocol.value: "a@x"}) for label in labels]
    assert len(Search(protocol, "a@x").best((1, contact) for contact in every)) == 2


@pytest.mark.parametrize("labels", [["skype"], "ann@example.com", ["work", None], [5]])
def test_labels_are_known(labels: Any) -> None:
    with pytest.raises(InvalidContact) as caught:
        Search(TELEPHONE, "1", labels)
    assert [(one.field, one.code) for one in caught.value.problems] == [("labels", "unknown_label")]


def test_other_protocols_are_not_looked_at() -> None:
    contacts = [
        Contact(label="work", email="1234567@x"),
        Contact(label="chat_slack", chat="1234567"),
        Contact(label="work", website="1234567"),
    ]
    assert Search(TELEPHONE, "1234567").best((1, contact) for contact in contacts) == ()
    assert Search(CHAT, "1234567").best([(1, contacts[1])]) == (Match(1, contacts[1]),)


@pytest.mark.parametrize("value", ["", "ann", "+", "0", "\ud800"])
def test_nothing_to_compare_finds_nobody(value: str) -> None:
    search = Search(TELEPHONE, value)
    assert (search.key, search.index_key) == ("", "")
    assert search.best([(1, telephone("work", "+", 1)), (1, telephone("work", "0", 2))]) == ()


def test_a_search_is_a_value() -> None:
    search = Search(TELEPHONE, "0011234567890", ["fax"], 3)
    assert (search.key, search.index_key, search.limit) == ("11234567890", "4567890", 3)
    assert search == Search(TELEPHONE, "+11234567890", ["fax"], 3)
    assert hash(search) == hash(copy.deepcopy(search))
    assert pickle.loads(pickle.dumps(search)) == copy.copy(search) == search
    with pytest.raises(AttributeError):
        search.limit = 4  # type: ignore[misc]


def test_the_repr_of_a_search_has_no_value() -> None:
    assert "11234567890" not in repr(Search(TELEPHONE, "0011234567890"))
