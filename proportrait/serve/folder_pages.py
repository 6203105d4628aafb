"""What the pages have in common that are about folders which were named at the start."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Generic, Protocol, TypeVar

from starlette.exceptions import HTTPException

from proportrait.serve.pages import Pages


class Background(Protocol):
    """What works in the background for as long as it is open."""

    def open(self) -> AbstractAsyncContextManager[None]: ...


Desk = TypeVar("Desk", bound=Background)


class FolderPages(Generic[Desk]):
    """What answers the requests of such pages.

    Args:
        desk: that knows the folders; None: none was named at the start.
        pages: that the server has.
    """

    def __init__(self, desk: Desk | None, pages: Pages) -> None:
        self._desk, self._pages = desk, pages

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let the desk work for as long as the block."""
        if self._desk is None:
            yield
            return
        async with self._desk.open():
            yield

    @property
    def desk(self) -> Desk:
        if self._desk is None:
            raise HTTPException(404, "no folder was named: start proportrait serve --photos DIR")
        return self._desk
