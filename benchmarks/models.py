"""A contact with the same rules, C1 to C11, by the means of each peer.

The patterns and the table of labels are those of `contacts_core`: only the machinery differs. A
value "" counts as none, but stays where it is: to turn it into None would cost the peers more.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Self

import attrs
import msgspec
import pydantic

from contacts_core import LABELS, MAX_ID, MAX_LENGTH, RULES, ContactLabel, ContactProtocol

_patterns = {rule.code: rule.must or rule.must_not or "" for rule in RULES}
_unsafe = _patterns["unsafe_character"].strip("[]")
_hidden = _patterns["blank"].removeprefix("[^").removesuffix("]")
_spaces = _patterns["white_space"].strip("[]")

# ASCII by itself first: Python's large character classes are slow.
TEXT = rf"^(?:[!-~][ -~]*|[^{_unsafe}]*[^{_hidden}][^{_unsafe}]*)?\Z"
EMAIL = rf"^(?:[!-~]+@[!-~]+|[^{_unsafe}{_spaces}]+@[^{_unsafe}{_spaces}]+)?\Z"
LINK = rf"^(?:[!-~]+|[^{_unsafe}{_spaces}]*[^{_hidden}{_spaces}][^{_unsafe}{_spaces}]*)?\Z"
TELEPHONE_LABELS, EMAIL_LABELS, WEBSITE_LABELS, CHAT_LABELS = (
    frozenset(LABELS[ContactProtocol(field)]) for field in ("telephone", "email", "website", "chat")
)
_unsafe_link = re.compile(_patterns["unsafe_link"]).match


def check_pair(
    label: str,
    telephone: str | None,
    email: str | None,
    website: str | None,
    chat: str | None,
) -> None:
    """C2 and C3."""
    if telephone:
        legal = label in TELEPHONE_LABELS and not (email or website or chat)
    elif email:
        legal = label in EMAIL_LABELS and not (website or chat)
    elif website:
        legal = label in WEBSITE_LABELS and not chat
    else:
        legal = bool(chat) and label in CHAT_LABELS
    if not legal:
        raise ValueError("one value, and a label that fits it")


def check_link(value: str) -> str:
    """C8."""
    if _unsafe_link(value):
        raise ValueError("unsafe link")
    return value


# pydantic: constraints in Annotated, C8 by an AfterValidator, C2 and C3 by a model_validator.


def _pydantic_text(pattern: str) -> pydantic.StringConstraints:
    # Rust's regular expressions know no surrogates, which pydantic refuses by itself.
    rust = pattern.replace(r"\ud800-\udfff", "").replace(r"\Z", "$")
    return pydantic.StringConstraints(strict=True, max_length=MAX_LENGTH, pattern=rust)


_PydanticLink = Annotated[str, _pydantic_text(LINK), pydantic.AfterValidator(check_link)]


class PydanticNewContact(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    label: ContactLabel
    telephone: Annotated[str, _pydantic_text(TEXT)] | None = None
    email: Annotated[str, _pydantic_text(EMAIL)] | None = None
    website: _PydanticLink | None = None
    chat: _PydanticLink | None = None
    integration: pydantic.StrictBool = False

    @pydantic.model_validator(mode="after")
    def _check_pair(self) -> Self:
        check_pair(self.label, self.telephone, self.email, self.website, self.chat)
        return self


class PydanticContact(PydanticNewContact):
    id: Annotated[int, pydantic.Field(strict=True, ge=1, le=MAX_ID)] | None = None


# msgspec: constraints in Meta, the rest in __post_init__.


def _msgspec_text(pattern: str) -> msgspec.Meta:
    return msgspec.Meta(max_length=MAX_LENGTH, pattern=pattern)


class MsgspecNewContact(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    label: ContactLabel
    telephone: Annotated[str, _msgspec_text(TEXT)] | None = None
    email: Annotated[str, _msgspec_text(EMAIL)] | None = None
    website: Annotated[str, _msgspec_text(LINK)] | None = None
    chat: Annotated[str, _msgspec_text(LINK)] | None = None
    integration: bool = False

    def __post_init__(self) -> None:
        check_pair(self.label, self.telephone, self.email, self.website, self.chat)
        if self.website:
            check_link(self.website)
        if self.chat:
            check_link(self.chat)


class MsgspecContact(MsgspecNewContact, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)] | None = None


# attrs: one validator per field; that of the label runs when all fields are set.

_labels = dict(ContactLabel.__members__)
_matches = {
    "telephone": re.compile(TEXT).match,
    "email": re.compile(EMAIL).match,
    "website": re.compile(LINK).match,
    "chat": re.compile(LINK).match,
}


def _label(name: Any) -> ContactLabel:
    try:
        return _labels[name]
    except (KeyError, TypeError):
        raise ValueError("unknown label") from None


def check_text(field: str, value: object) -> None:
    """C4, C6 and C7."""
    if value is not None and not (
        isinstance(value, str) and len(value) <= MAX_LENGTH and _matches[field](value)
    ):
        raise ValueError("must be a text that follows the rules")


def check_integration(value: object) -> None:
    """C9."""
    if type(value) is not bool:
        raise ValueError("must be true or false")


def check_id(value: object) -> None:
    """C10."""
    if value is not None and not (type(value) is int and 1 <= value <= MAX_ID):
        raise ValueError("must be an id")


def _attrs_text(_: object, attribute: "attrs.Attribute[str | None]", value: object) -> None:
    check_text(attribute.name, value)


def _attrs_link(_: object, attribute: "attrs.Attribute[str | None]", value: object) -> None:
    check_text(attribute.name, value)
    if isinstance(value, str):
        check_link(value)


def _attrs_integration(_: object, __: "attrs.Attribute[bool]", value: object) -> None:
    check_integration(value)


def _attrs_id(_: object, __: "attrs.Attribute[int | None]", value: object) -> None:
    check_id(value)


@attrs.frozen(kw_only=True)
class AttrsContact:
    label: ContactLabel = attrs.field(converter=_label)
    telephone: str | None = attrs.field(default=None, validator=_attrs_text)
    email: str | None = attrs.field(default=None, validator=_attrs_text)
    website: str | None = attrs.field(default=None, validator=_attrs_link)
    chat: str | None = attrs.field(default=None, validator=_attrs_link)
    integration: bool = attrs.field(default=False, validator=_attrs_integration)
    id: int | None = attrs.field(default=None, validator=_attrs_id)

    @label.validator
    def _check_pair(self, _: "attrs.Attribute[ContactLabel]", label: ContactLabel) -> None:
        check_pair(label, self.telephone, self.email, self.website, self.chat)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataclassContact:
    label: ContactLabel
    telephone: str | None = None
    email: str | None = None
    website: str | None = None
    chat: str | None = None
    integration: bool = False
    id: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", _label(self.label))
        check_text("telephone", self.telephone)
        check_text("email", self.email)
        check_text("website", self.website)
        check_text("chat", self.chat)
        if self.website:
            check_link(self.website)
        if self.chat:
            check_link(self.chat)
        check_integration(self.integration)
        check_id(self.id)
        check_pair(self.label, self.telephone, self.email, self.website, self.chat)


FIELDS = frozenset(("label", "telephone", "email", "website", "chat", "integration"))


def check_fields(fields: dict[str, Any]) -> None:
    """All rules on a bare dict."""
    if not fields.keys() <= FIELDS:
        raise ValueError("unknown field")
    label = _label(fields.get("label"))
    telephone, email = fields.get("telephone"), fields.get("email")
    website, chat = fields.get("website"), fields.get("chat")
    check_text("telephone", telephone)
    check_text("email", email)
    check_text("website", website)
    check_text("chat", chat)
    if website:
        check_link(website)
    if chat:
        check_link(chat)
    check_integration(fields.get("integration", False))
    check_pair(label, telephone, email, website, chat)
