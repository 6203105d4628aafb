"""Stars in the bytes of an XMP sidecar, of which every other byte stays as it is.

XMP: ISO 16684-1. A rating is `xmp:Rating` of a `rdf:Description` that stands in `rdf:RDF`, either
an attribute or an element. Beside it stands the mark of what was written here: the stars, and the
rating that was there before.
"""

from __future__ import annotations

import re
import xml.parsers.expat
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.sax.saxutils import quoteattr, unescape

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XMP = "http://ns.adobe.com/xap/1.0/"
OURS = "urn:proportrait:rank#"

_RATING, _STARS, _BEFORE = (XMP, "Rating"), (OURS, "Stars"), (OURS, "Before")
_NAMES = (_RATING, _STARS, _BEFORE)
_EMPTY = f"""<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="ProPortrait-Gen">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about=""/>
 </rdf:RDF>
</x:xmpmeta>
""".encode()
_ATTRIBUTE = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
_NAME = re.compile(rb"</?[^\s/>]+")


class NoSidecar(ValueError):
    """The bytes are no XMP that can be changed safely; its text says why."""


@dataclass(frozen=True)
class _Value:
    """A property: its text, where this lies in the bytes, and the whole of attribute or element."""

    text: str
    start: int
    end: int
    whole: tuple[int, int]


@dataclass
class _Sidecar:
    """What a sidecar holds.

    Attributes:
        place: where the attributes of the first description end.
        prefixes: namespaces by prefix that are known there.
        values: of the properties that matter here.
    """

    place: int = -1
    prefixes: Mapping[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], list[_Value]] = field(default_factory=dict)

    def first(self, name: tuple[str, str]) -> str | None:
        values = self.values.get(name)
        return values[0].text if values else None


def new(stars: int) -> bytes:
    """A sidecar that holds stars alone."""
    return rated(_EMPTY, stars)


def rated(data: bytes, stars: int) -> bytes:
    """A sidecar with these stars, and the mark that they were written here.

    Args:
        stars: from 1 to 5.

    Raises:
        NoSidecar: it cannot be changed safely.
    """
    data = unrated(data)
    sidecar = _read(data)
    before = sidecar.first(_RATING)
    prefix = _prefix(sidecar.prefixes, OURS, ("proportrait", "proportrait1"))
    added = f' xmlns:{prefix}="{OURS}" {prefix}:Stars="{stars}"'
    if before is not None:
        added += f" {prefix}:Before={quoteattr(before)}"
    else:
        prefix = _prefix(sidecar.prefixes, XMP, ("xmp", "xap", "xmp1"))
        if sidecar.prefixes.get(prefix) != XMP:
            added += f' xmlns:{prefix}="{XMP}"'
        added += f' {prefix}:Rating="{stars}"'
    edits = [(sidecar.place, sidecar.place, added.encode("ascii", "xmlcharrefreplace"))]
    for value in sidecar.values.get(_RATING, ()):
        edits.append((value.start, value.end, str(stars).encode()))
    return _edited(data, edits)


def unrated(data: bytes) -> bytes:
    """A sidecar without our mark, and with the rating of before, if it still has ours.

    Raises:
        NoSidecar: it cannot be changed safely.
    """
    sidecar = _read(data)
    stars, before = sidecar.first(_STARS), sidecar.first(_BEFORE)
    if stars is None:
        return data
    marks = [*sidecar.values[_STARS], *sidecar.values.get(_BEFORE, ())]
    edits = [(*value.whole, b"") for value in marks]
    for value in sidecar.values.get(_RATING, ()):
        if value.text == stars and before is None:
            edits.append((*value.whole, b""))
        elif value.text == stars and before is not None:
            text = quoteattr(before)[1:-1].encode("ascii", "xmlcharrefreplace")
            edits.append((value.start, value.end, text))
    data = _edited(data, edits)
    return re.sub(rb"""\s+xmlns:[^\s=]+\s*=\s*["']%b["']""" % re.escape(OURS.encode()), b"", data)


def stars_of(data: bytes) -> int | None:
    """The stars that were written here, or None; they need not be the rating any more.

    Raises:
        NoSidecar: it cannot be changed safely.
    """
    text = _read(data).first(_STARS) if OURS.encode() in data else None
    return int(text) if text and re.fullmatch("[1-5]", text) else None


def rating_of(data: bytes) -> str | None:
    """The rating, or None.

    Raises:
        NoSidecar: it cannot be changed safely.
    """
    return _read(data).first(_RATING)


def _prefix(prefixes: Mapping[str, str], namespace: str, choices: tuple[str, ...]) -> str:
    """A prefix that means the namespace already, or one that means nothing yet."""
    known = [prefix for prefix, uri in prefixes.items() if uri == namespace and prefix]
    free = [prefix for prefix in choices if prefix not in prefixes]
    return (known + free)[0]


def _edited(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for start, end, text in sorted(edits, reverse=True):
        data = data[:start] + text + data[end:]
    return data


def _read(data: bytes) -> _Sidecar:
    return _Reader(data).sidecar


class _Reader:
    """Reads where in the bytes of a sidecar the properties lie."""

    def __init__(self, data: bytes) -> None:
        self.sidecar = _Sidecar()
        self._data = data
        self._open: list[tuple[str, str]] = []
        self._prefixes: dict[str, list[str]] = {}
        self._property: tuple[int, int] | None = None
        self._text = ""
        if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
            raise NoSidecar("it is written in UTF-16")
        parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
        self._parser = parser
        parser.buffer_text = True
        parser.StartNamespaceDeclHandler = self._declare
        parser.EndNamespaceDeclHandler = lambda prefix: self._prefixes[prefix or ""].pop()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._write
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            parser.Parse(data, True)
        except xml.parsers.expat.ExpatError as error:
            raise NoSidecar(f"it is no XML: {error}") from None
        if self.sidecar.place < 0:
            raise NoSidecar("it holds no rdf:Description")

    def _refuse(self, *_: object) -> NoReturn:
        raise NoSidecar("it declares a document type")

    def _declare(self, prefix: str | None, uri: str) -> None:
        self._prefixes.setdefault(prefix or "", []).append(uri)

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        name, start = _split(tag), self._parser.CurrentByteIndex
        if self._open[-2:] == [(RDF, "RDF"), (RDF, "Description")]:
            self._property = (start, self._tag_end(start))
            self._text = ""
        elif self._open[-1:] == [(RDF, "RDF")] and name == (RDF, "Description"):
            self._describe(start)
        self._open.append(name)

    def _describe(self, start: int) -> None:
        prefixes = {prefix: uris[-1] for prefix, uris in self._prefixes.items() if uris}
        place = self._attributes_end(start)
        if self.sidecar.place < 0:
            self.sidecar.place, self.sidecar.prefixes = place, prefixes
        for match in _ATTRIBUTE.finditer(self._data, self._name_end(start), place):
            prefix, _, local = match[1].decode("utf-8", "replace").rpartition(":")
            quoted = match.span(2)
            text = self._data[quoted[0] + 1 : quoted[1] - 1].decode("utf-8", "replace")
            value = _Value(_unescaped(text), quoted[0] + 1, quoted[1] - 1, match.span())
            self._keep((prefixes.get(prefix, "") if prefix else "", local), value)

    def _write(self, text: str) -> None:
        self._text += text

    def _end(self, tag: str) -> None:
        name = self._open.pop()
        if self._property and self._open[-2:] == [(RDF, "RDF"), (RDF, "Description")]:
            start, inside = self._property
            close = self._parser.CurrentByteIndex
            if self._data[inside - 2 : inside] != b"/>":
                whole = start, self._tag_end(close)
                self._keep(name, _Value(self._text.strip(), inside, close, whole))
            elif name in _NAMES:  # <xmp:Rating/>
                raise NoSidecar(f"its {name[1]} is empty")
            self._property = None

    def _keep(self, name: tuple[str, str], value: _Value) -> None:
        if name in _NAMES:
            self.sidecar.values.setdefault(name, []).append(value)

    def _name_end(self, start: int) -> int:
        match = _NAME.match(self._data, start)
        if not match:
            raise NoSidecar("its bytes are of another encoding than UTF-8")
        return match.end()

    def _attributes_end(self, start: int) -> int:
        end = self._name_end(start)
        while match := _ATTRIBUTE.match(self._data, end):
            end = match.end()
        return end

    def _tag_end(self, start: int) -> int:
        return self._data.index(b">", self._attributes_end(start)) + 1


def _split(name: str) -> tuple[str, str]:
    uri, _, local = name.rpartition(" ")
    return uri, local


def _unescaped(text: str) -> str:
    return unescape(text, {"&quot;": '"', "&apos;": "'"})
