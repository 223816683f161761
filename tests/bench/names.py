"""Names that nobody has yet, so that every measurement begins with the same nothing."""

from __future__ import annotations

import itertools
import secrets


class Names:
    def __init__(self, server_name: str) -> None:
        self._server_name = server_name
        self._prefix = secrets.token_hex(3)
        self._numbers = itertools.count()

    def user(self) -> str:
        return f"@u{self._prefix}-{next(self._numbers)}:{self._server_name}"

    def room(self) -> str:
        """As messages have it: without type and server."""
        return f"r{self._prefix}-{next(self._numbers)}"
