"""Room for more than fits into memory."""

import sqlite3

from contacts_adapters.closing import Closing


class TemporaryDatabase(Closing):
    """An SQLite database without a name: what does not fit into its cache goes to a temporary file.

    That file has no name either, and goes with the process.
    """

    def __init__(self, table: str) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute(table)

    def close(self) -> None:
        """Forgets all that it holds."""
        self._db.close()
