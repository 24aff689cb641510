"""Options that several commands have."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def store_option(command: Command) -> Command:
    """The store to work on, as a URL."""
    return click.option(
        "--store",
        envvar="CONTACTS_STORE",
        default="sqlite:///contacts.db",
        show_default=True,
        metavar="URL",
        help="The store, as a URL.",
    )(command)


def json_option(command: Command) -> Command:
    """JSON for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")(command)
