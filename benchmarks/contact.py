"""Making contacts: from a dict, by keywords, from and to JSON text; and what they weigh."""

import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import pydantic
from measure import Row, Scale, interleaved
from models import (
    AttrsContact,
    DataclassContact,
    MsgspecContact,
    MsgspecNewContact,
    PydanticContact,
    PydanticNewContact,
    check_fields,
)
from sample import ILLEGAL, LEGAL, fields

from contacts_core import Contact, make_converter, to_json

GROUP = "contact"
COUNT = 1_000
Given = Mapping[str, Any]
_FIELDS = ("label", "telephone", "email", "website", "chat", "integration")
_msgspec_new = partial(msgspec.convert, type=MsgspecNewContact)


def _from_dict(fields: Given) -> Given:
    kept = dict(fields)
    check_fields(kept)
    return kept


FROM_DICT: dict[str, Callable[[Given], object]] = {
    "contacts_core": Contact.from_fields,
    "pydantic model_validate": PydanticNewContact.model_validate,
    "msgspec convert": _msgspec_new,
    "the same rules on a dict": _from_dict,
}
# By keywords the id, too, is the class's business: it comes from the store.
BY_KEYWORDS: dict[str, Callable[..., object]] = {
    "contacts_core": Contact,
    "attrs, one validator per field": AttrsContact,
    "dataclass with __post_init__": DataclassContact,
    "pydantic": PydanticContact,
}


def check_peers() -> None:
    """Every contender refuses what is illegal and keeps what is legal."""
    for name, make in FROM_DICT.items():
        _check(name, make, (*ILLEGAL,))
    for name, make in BY_KEYWORDS.items():
        _check(name, lambda given, make=make: make(**given), [x for x in ILLEGAL if "id" not in x])


def _check(name: str, make: Callable[[Given], object], illegal: Iterable[Given]) -> None:
    for given in LEGAL:
        contact = make(given)
        for field in _FIELDS:
            kept = contact.get(field) if isinstance(contact, dict) else getattr(contact, field)
            assert (kept or None) == (given.get(field) or None), (name, field)
    for given in illegal:
        try:
            make(given)
        except (ValueError, TypeError):
            continue
        raise AssertionError(f"{name} accepts {given}")


def run(scale: Scale) -> Iterator[Row]:
    check_peers()
    rounds = scale.rounds(24, 150)
    yield from _construct(rounds)
    yield from _json_text(rounds // 4)
    yield from _weight(scale.rounds(20_000, 100_000))


def _construct(rounds: int) -> Iterator[Row]:
    sparse = [fields(number) for number in range(COUNT)]
    empty = dict.fromkeys(("telephone", "email", "website", "chat"))
    full = [{**empty, **given, "integration": False} for given in sparse]
    targets = {"pydantic model_validate": 0.6, "msgspec convert": 1.2}
    work = "validated contact from a dict"
    for what, given, goals in ((work, sparse, targets), (f"{work}, every key given", full, {})):
        seconds = interleaved(
            {name: _each(make, given) for name, make in FROM_DICT.items()}, rounds
        )
        yield from _rows(what, seconds, goals, COUNT)
    seconds = interleaved(
        {name: _each_by_keywords(make, sparse) for name, make in BY_KEYWORDS.items()}, rounds
    )
    goals = {"attrs, one validator per field": 0.8}
    yield from _rows("validated contact by keywords", seconds, goals, COUNT)


def _each(make: Callable[[Given], object], given: Sequence[Given]) -> Callable[[], None]:
    def work() -> None:
        for one in given:
            make(one)

    return work


def _each_by_keywords(make: Callable[..., object], given: Sequence[Given]) -> Callable[[], None]:
    def work() -> None:
        for one in given:
            make(**one)

    return work


def _json_text(rounds: int) -> Iterator[Row]:
    count = 10_000
    bodies = [
        {"label": given.pop("label"), "id": number, **given, "integration": False}
        for number, given in ((number, fields(number)) for number in range(1, count + 1))
    ]
    text = json.dumps(bodies).encode()
    converter = make_converter()
    adapter = pydantic.TypeAdapter(list[PydanticContact])
    decoder = msgspec.json.Decoder(list[MsgspecContact])
    loads = {
        "contacts_core": lambda: converter.structure(json.loads(text), list[Contact]),
        "pydantic TypeAdapter": lambda: adapter.validate_json(text),
        "msgspec": lambda: decoder.decode(text),
    }
    ours, theirs, structs = (load() for load in loads.values())
    dumps = {
        "contacts_core": lambda: to_json(ours).encode(),
        "pydantic TypeAdapter": lambda: adapter.dump_json(theirs, exclude_none=True),
        "msgspec": lambda: msgspec.json.encode(structs),
    }
    for name, dump in dumps.items():
        again = [{"integration": False, **body} for body in json.loads(dump())]
        assert again == bodies, name
    notes = {"msgspec": "leaves `integration` out when it is false"}
    measured = {
        what: interleaved(works, rounds) for what, works in (("from", loads), ("to", dumps))
    }
    both = {
        name: [sum(pair) for pair in zip(measured["from"][name], measured["to"][name], strict=True)]
        for name in loads
    }
    target = {"pydantic TypeAdapter": 1.0}
    yield from _rows("10,000 contacts to and from JSON text", both, target, count, notes)
    yield from _rows("of which from JSON text", measured["from"], {}, count)
    yield from _rows("of which to JSON text", measured["to"], {}, count, notes)


def _weight(count: int) -> Iterator[Row]:
    given = [{**fields(number), "id": number} for number in range(1, count + 1)]
    keepers = {
        "contacts_core": Contact,
        "pydantic": PydanticContact,
        "msgspec": MsgspecContact,
        "attrs": AttrsContact,
        "dataclass": DataclassContact,
        "dict": dict,
    }
    weights = {name: [_bytes(make, given)] for name, make in keepers.items()}
    work = f"memory of {count:,} contacts without their texts"
    for row in _rows(work, weights, {"pydantic": 0.25}, count):
        yield row._replace(unit="bytes")


def _bytes(make: Callable[..., object], given: Sequence[Given]) -> float:
    kept: list[object] = [None] * len(given)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number, one in enumerate(given):
        kept[number] = make(**one)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before


def _rows(
    work: str,
    measured: dict[str, list[float]],
    targets: dict[str, float],
    per_round: int,
    notes: dict[str, str] | None = None,
) -> Iterator[Row]:
    ours = measured.pop("contacts_core")
    for peer, theirs in measured.items():
        note = (notes or {}).get(peer, "")
        yield Row(GROUP, work, peer, targets.get(peer), ours, theirs, per_round, note)
