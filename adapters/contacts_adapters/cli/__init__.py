"""The command `contacts`; needs the extra `cli`."""

import sys


def main() -> None:
    """Runs the command line and ends the process."""
    try:
        from .commands import contacts
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"click", "rich"}:
            raise
        sys.exit("contacts needs click and rich: pip install 'contacts-core[cli]'")
    contacts()
