"""The six requests of the seed, as a host serves them with FastAPI."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Body, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from contacts_core import (
    BookConflict,
    ContactBookRepository,
    ContactNotFound,
    ContactReadOnly,
    ContactsError,
    InvalidContact,
    PeopleContacts,
    StoreUnavailable,
    contact_json_schema,
)

STATUS = {ContactNotFound: 404, ContactReadOnly: 403, BookConflict: 409, StoreUnavailable: 503}

Record = dict[str, str | int | bool]
Fields = Annotated[Any, Body(json_schema_extra=contact_json_schema())]
Patch = Annotated[Any, Body()]


def make_app(repository: ContactBookRepository) -> FastAPI:
    app = FastAPI()
    people = PeopleContacts(repository)

    @app.get("/people/{person_id}/contacts")
    def list_contacts(person_id: int) -> list[Record]:
        return [contact.to_summary() for contact in people.list_contacts(person_id)]

    @app.get("/people/{person_id}/contacts/{contact_id}")
    def get_contact(person_id: int, contact_id: int) -> Record:
        return people.get_contact(person_id, contact_id).to_dict()

    @app.post("/people/{person_id}/contacts", status_code=201)
    def add_contact(person_id: int, fields: Fields) -> Record:
        return people.add_contact(person_id, fields).to_dict()

    @app.patch("/people/{person_id}/contacts/{contact_id}")
    def update_contact(person_id: int, contact_id: int, changes: Patch) -> Record:
        return people.update_contact(person_id, contact_id, changes).to_dict()

    @app.delete("/people/{person_id}/contacts/{contact_id}", status_code=204)
    def remove_contact(person_id: int, contact_id: int) -> None:
        people.remove_contact(person_id, contact_id)

    @app.delete("/people/{person_id}/contacts/", status_code=204)
    def remove_all_contacts(person_id: int) -> None:
        people.remove_all_contacts(person_id)

    @app.exception_handler(InvalidContact)
    def invalid(_: Request, error: InvalidContact) -> JSONResponse:
        return JSONResponse({"message": "Validation Failed", "errors": error.to_list()}, 422)

    @app.exception_handler(ContactsError)
    def refused(_: Request, error: ContactsError) -> JSONResponse:
        return answer(STATUS.get(type(error), 500))

    @app.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        # An id that is no number, or a body that is no JSON; FastAPI's own answer repeats it.
        return answer(404 if error.errors()[0]["loc"][0] == "path" else 400)

    return app


def answer(status: int) -> JSONResponse:
    return JSONResponse({"message": HTTPStatus(status).phrase}, status)
