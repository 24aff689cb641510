"""Contacts as people have them, the same ones on every machine."""

from collections.abc import Iterator
from random import Random

from contacts_core import Contact, ContactBook

Fields = dict[str, str]

_NAMES = ("ann", "bo", "carla", "dmitri", "eva", "farid", "grace", "hugo", "ines", "jon", "keiko")
_HOSTS = ("example.com", "example.org", "mail.example.net", "corp.example")


def fields(number: int) -> Fields:
    """What a client sends for the contact of this number: a label and one value."""
    random = Random(number)
    name = f"{'jörg' if number % 50 == 1 else random.choice(_NAMES)}.{random.randrange(10_000)}"
    host = random.choice(_HOSTS)
    match number % 4:
        case 0:
            return {"label": "mobile", "telephone": f"+{random.randrange(1, 99)} {_digits(random)}"}
        case 1:
            return {"label": "work", "email": f"{name}@{host}"}
        case 2:
            return {"label": "personal", "website": f"https://www.{host}/{name}"}
        case _:
            return {"label": "chat_slack", "chat": f"slack://user?team=T{number}&id=U{number}"}


def book(person_id: int, contacts: int = 3) -> ContactBook:
    """A new book of this many contacts."""
    return ContactBook(
        person_id=person_id,
        contacts=[Contact.from_fields(fields(4 * person_id + n)) for n in range(contacts)],
    )


def books(people: int, contacts: int = 3) -> Iterator[ContactBook]:
    return (book(person_id, contacts) for person_id in range(1, people + 1))


def _digits(random: Random) -> str:
    return f"{random.randrange(100):02} {random.randrange(1000):03} {random.randrange(10_000):04}"


LEGAL: tuple[dict[str, object], ...] = (
    {"label": "mobile", "telephone": "+1 03 413 7223"},
    {"label": "fax", "telephone": "1", "email": None, "website": "", "integration": True},
    {"label": "work", "email": "jörg@bücher.example"},
    {"label": "personal", "website": "www.my-stie.com"},
    {"label": "work", "website": "host:8080"},
    {"label": "chat_teams", "chat": "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}"},
    {"label": "home", "telephone": "x" * 255},
)
ILLEGAL: tuple[dict[str, object], ...] = (
    {"telephone": "1"},
    {"label": None, "telephone": "1"},
    {"label": "emergency", "telephone": "1"},
    {"label": "mobile"},
    {"label": "mobile", "telephone": "", "email": None},
    {"label": "work", "telephone": "1", "email": "ann@example.com"},
    {"label": "fax", "email": "ann@example.com"},
    {"label": "mobile", "telephone": 5},
    {"label": "mobile", "telephone": b"5"},
    {"label": "mobile", "telephone": "x" * 256},
    {"label": "mobile", "telephone": " \N{ZERO WIDTH SPACE}"},
    {"label": "mobile", "telephone": "1\n"},
    {"label": "mobile", "telephone": "1\N{RIGHT-TO-LEFT OVERRIDE}2"},
    {"label": "mobile", "telephone": "1\ud800"},
    {"label": "mobile", "telephone": "1\uffff"},
    {"label": "work", "email": "@example.com"},
    {"label": "work", "email": "ann"},
    {"label": "work", "email": "ann smith@example.com"},
    {"label": "work", "website": "www.my stie.com"},
    {"label": "personal", "website": "JavaScript:alert(1)"},
    {"label": "chat_slack", "chat": "data:text/html,x"},
    {"label": "mobile", "telephone": "1", "integration": None},
    {"label": "mobile", "telephone": "1", "integration": 1},
    {"label": "mobile", "telephone": "1", "id": 7},
    {"label": "mobile", "telephone": "1", "phone": "2"},
)
