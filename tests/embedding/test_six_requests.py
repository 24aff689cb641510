"""A host that embeds the library: the seed's six requests, their bodies and their status codes."""

from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from contacts_adapters import open_repository
from contacts_core import (
    BookConflict,
    ContactBook,
    ContactBookRepository,
    ContactReadOnly,
    contact_json_schema,
)

MOBILE = {"label": "mobile", "telephone": "+1 03 413 7223"}
SITE = {"label": "personal", "website": "www.my-stie.com"}
LABELS = "work, mobile, home, personal, fax, chat_workchat, chat_teams, chat_slack or chat_skype"


def _make_app() -> Callable[[ContactBookRepository], FastAPI]:
    spec = spec_from_file_location("service", Path(__file__).with_name("service.py"))
    assert spec is not None
    assert spec.loader is not None
    service = module_from_spec(spec)
    spec.loader.exec_module(service)
    return service.make_app  # type: ignore[no-any-return]


make_app = _make_app()


@pytest.fixture(params=["memory://", "sqlite:///{}/contacts.db", "json:///{}/contacts.jsonl"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ContactBookRepository]:
    with open_repository(request.param.format(tmp_path)) as repository:
        yield repository


@pytest.fixture
def client(repository: ContactBookRepository) -> TestClient:
    return TestClient(make_app(repository))


def test_the_seed_s_six_requests(client: TestClient) -> None:
    conversation = [
        ("GET", "/people/42/contacts", None, 200, "[]"),
        (
            *("POST", "/people/42/contacts", {**MOBILE, "integration": True}, 201),
            '{"label":"mobile","id":1,"telephone":"+1 03 413 7223","integration":true}',
        ),
        (
            *("POST", "/people/42/contacts", SITE, 201),
            '{"label":"personal","id":2,"website":"www.my-stie.com","integration":false}',
        ),
        (
            *("GET", "/people/42/contacts", None, 200),
            '[{"label":"mobile","id":1,"telephone":"+1 03 413 7223"},'
            '{"label":"personal","id":2,"website":"www.my-stie.com"}]',
        ),
        (
            *("GET", "/people/42/contacts/1", None, 200),
            '{"label":"mobile","id":1,"telephone":"+1 03 413 7223","integration":true}',
        ),
        (
            *("PATCH", "/people/42/contacts/2", {"label": "work"}, 200),
            '{"label":"work","id":2,"website":"www.my-stie.com","integration":false}',
        ),
        (
            *("PATCH", "/people/42/contacts/2", {"website": None, "email": "ann@example.com"}, 200),
            '{"label":"work","id":2,"email":"ann@example.com","integration":false}',
        ),
        ("DELETE", "/people/42/contacts/1", None, 204, ""),
        ("DELETE", "/people/42/contacts/", None, 204, ""),
        ("DELETE", "/people/42/contacts/", None, 204, ""),
        ("GET", "/people/42/contacts", None, 200, "[]"),
    ]
    for method, path, body, status, text in conversation:
        response = client.request(method, path, json=body)
        assert (method, path, response.status_code, response.text) == (method, path, status, text)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "/people/42/contacts/2") for method in ("GET", "PATCH", "DELETE")),
        *((method, "/people/7/contacts/1") for method in ("GET", "PATCH", "DELETE")),
        ("GET", "/people/42/contacts/0"),
        ("GET", "/people/42/contacts/mobile"),
        ("GET", "/people/ann/contacts"),
        ("GET", f"/people/{'9' * 5000}/contacts"),
    ],
)
def test_what_is_not_there_is_not_found(client: TestClient, method: str, path: str) -> None:
    client.post("/people/42/contacts", json=MOBILE)
    response = client.request(method, path, json={})
    assert (response.status_code, response.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        (
            {"label": "fax", "email": "ann", "phone": "1"},
            [
                ["label", "must be work or personal for email"],
                ["email", "must look like name@host"],
                ["phone", "is not a field of a contact"],
            ],
        ),
        ({"telephone": "1"}, [["label", "is required: one of work, mobile, home or fax"]]),
        (
            {"label": "skype", "integration": None},
            [
                ["label", f"must be one of {LABELS}"],
                ["telephone", "must hold a value, or another of the four fields must"],
                ["integration", "must be true or false"],
            ],
        ),
        ({**MOBILE, "id": 1}, [["id", "is given by the store"]]),
        ([], [["contact", "must be a mapping of fields"]]),
    ],
)
def test_a_refused_body_is_answered_with_every_problem(
    client: TestClient, fields: object, errors: list[list[str]]
) -> None:
    response = client.post("/people/42/contacts", json=fields)
    assert response.status_code == 422
    assert response.json() == {"message": "Validation Failed", "errors": errors}
    assert client.get("/people/42/contacts").json() == []


def test_a_refused_patch_changes_nothing(client: TestClient) -> None:
    client.post("/people/42/contacts", json=MOBILE)
    response = client.patch("/people/42/contacts/1", json={"email": "ann@example.com"})
    assert response.status_code == 422
    assert response.json()["errors"] == [["email", "must be empty: telephone holds the value"]]
    assert client.get("/people/42/contacts/1").json() == {**MOBILE, "id": 1, "integration": False}


def test_a_field_name_that_utf8_cannot_encode_is_answered_too(client: TestClient) -> None:
    response = client.post(
        "/people/42/contacts",
        content='{"label": "mobile", "telephone": "1", "\\ud800": 1}',
        headers={"content-type": "application/json"},
    )
    assert response.status_code == 422


def test_what_is_no_json_is_a_bad_request(client: TestClient) -> None:
    response = client.post(
        "/people/42/contacts", content="{", headers={"content-type": "application/json"}
    )
    assert (response.status_code, response.json()) == (400, {"message": "Bad Request"})


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (BookConflict(42, 0, 1), 409, "Conflict"),
        (ContactReadOnly(42, None), 403, "Forbidden"),
    ],
)
def test_what_the_store_refuses_has_a_status_of_its_own(
    monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, message: str
) -> None:
    def refuse(book: ContactBook) -> ContactBook:
        raise error

    repository = open_repository("memory://")
    monkeypatch.setattr(repository, "save", refuse)
    response = TestClient(make_app(repository)).post("/people/42/contacts", json=MOBILE)
    assert (response.status_code, response.json()) == (status, {"message": message})


def test_a_closed_store_is_an_unavailable_service(
    client: TestClient, repository: ContactBookRepository
) -> None:
    repository.close()
    response = client.get("/people/42/contacts")
    assert (response.status_code, response.json()) == (503, {"message": "Service Unavailable"})


def test_the_openapi_document_describes_a_contact(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/people/{person_id}/contacts"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert {**schema, "title": "Contact"} == contact_json_schema()
