"""The pages of a server, and the bar by which one gets from each to the others."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from pathlib import Path

from starlette.responses import HTMLResponse, Response

PAGES = {  # key: address and name
    "judge": ("/", "Judge"),
    "rank": ("/rank", "Rank"),
    "taste": ("/taste", "Taste"),
}
_MARK = "<!-- bar -->"  # in a page, where the bar goes


class Pages:
    """Those that a server has.

    Args:
        keys: of `PAGES`.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        chosen = set(keys)
        self.keys = tuple(key for key in PAGES if key in chosen)

    def response(self, file: Path, key: str) -> Response:
        """A page with the bar in place of its mark.

        Args:
            file: in HTML.
            key: of the page.
        """
        return HTMLResponse(_text(file).replace(_MARK, self.bar(key)))

    def bar(self, key: str) -> str:
        """The bar in HTML: links to all pages, or else a name, and the help."""
        links = "".join(self._link(other, other == key) for other in self.keys)
        return (
            '<nav class="pages" aria-label="Pages"><img src="/page/icon.svg" alt="">'
            + (links if len(self.keys) > 1 else "<span>ProPortrait</span>")
            + '<button type="button" id="help-open" class="round" aria-label="Help and keys">?'
            + "</button></nav>"
        )

    @staticmethod
    def _link(key: str, is_here: bool) -> str:
        address, name = PAGES[key]
        current = ' aria-current="page"' if is_here else ""
        return f'<a href="{address}"{current}>{escape(name)}</a>'


@lru_cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
