"""The words of the domain, each enumeration in the order in which a book lists its contacts."""

from collections.abc import Mapping
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import Final


class ContactProtocol(StrEnum):
    """Which of the four fields carries the value of a contact.

    >>> [protocol.value for protocol in ContactProtocol]
    ['telephone', 'email', 'chat', 'website']
    """

    telephone = auto()
    email = auto()
    chat = auto()
    website = auto()

    # Members are equal to their texts and so have to hash; that of Enum is written in Python.
    __hash__ = str.__hash__


class ContactLabel(StrEnum):
    """What a contact is for.

    >>> ContactLabel("mobile") is ContactLabel.mobile
    True
    """

    work = auto()
    mobile = auto()
    home = auto()
    personal = auto()
    fax = auto()
    chat_workchat = auto()
    chat_teams = auto()
    chat_slack = auto()
    chat_skype = auto()

    __hash__ = str.__hash__


class Origin(Enum):
    """Where an edit comes from: integration contacts are read-only for `USER_INTERFACE` alone."""

    API = "api"
    IMPORT = "import"
    USER_INTERFACE = "user_interface"


# The whole of rule C3 (seed, "Fields"): a pair that is not here is illegal.
LABELS: Final[Mapping[ContactProtocol, tuple[ContactLabel, ...]]] = MappingProxyType(
    {
        ContactProtocol.telephone: (
            ContactLabel.work,
            ContactLabel.mobile,
            ContactLabel.home,
            ContactLabel.fax,
        ),
        ContactProtocol.email: (ContactLabel.work, ContactLabel.personal),
        ContactProtocol.chat: (
            ContactLabel.chat_workchat,
            ContactLabel.chat_teams,
            ContactLabel.chat_slack,
            ContactLabel.chat_skype,
        ),
        ContactProtocol.website: (ContactLabel.work, ContactLabel.personal),
    }
)
