"""Pictures out of a request: in memory, never on the disk, and no more than the limits allow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from proportrait.commandline import printable
from proportrait.serve.settings import Settings

FORM, UNKNOWN = "multipart/form-data", "application/octet-stream"
PICTURES = tuple(
    f"image/{kind}"
    for kind in (
        "jpeg", "png", "webp", "avif", "heic", "heif", "heic-sequence", "heif-sequence", "gif",
        "bmp", "x-ms-bmp", "tiff", "jp2", "jpx", "x-portable-pixmap", "x-portable-graymap",
        "x-portable-bitmap", "x-portable-anymap",
    )
)  # fmt: skip
_TYPES = frozenset((*PICTURES, UNKNOWN))  # browsers know no type of a HEIC file
_BODY_S = 120.0  # in which a request has arrived
_LONGEST_NAME = 200
_DRAINED = 4  # times the limit that is read and forgotten, so that the client hears of the limit


@dataclass(frozen=True)
class Upload:
    """The bytes of a picture file, and its name without folders, "" where it has none."""

    name: str
    data: bytes


async def read_uploads(request: Request, limits: Settings) -> list[Upload]:
    """The pictures of a request, one at least: its body, or the files of a form.

    Raises:
        HTTPException: 400 for a damaged form, 408 for a slow client, 413 above a limit, 415 for
            another type than a picture, 422 without a picture.
    """
    kind = _media_type(request.headers.get("content-type", ""))
    if kind != FORM and kind not in _TYPES:
        raise _wrong_type(kind)
    most = limits.request_bytes if kind == FORM else limits.picture_bytes
    try:
        async with asyncio.timeout(_BODY_S):
            if kind == FORM:
                return await _form(request, limits)
            return [Upload("", b"".join([chunk async for chunk in _stream(request, most)]))]
    except TimeoutError:
        raise HTTPException(408, f"the request took longer than {_BODY_S:g} s") from None


async def _form(request: Request, limits: Settings) -> list[Upload]:
    stream = _stream(request, limits.request_bytes)
    parser = _InMemory(
        request.headers, stream, max_files=limits.pictures, max_fields=limits.pictures
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            message = f"at most {limits.pictures} pictures are judged in one request"
            raise HTTPException(413, message) from None
        raise HTTPException(400, f"the form cannot be read: {error.message}") from None
    files = [entry for _, entry in form.multi_items() if isinstance(entry, UploadFile)]
    if not files:
        raise HTTPException(422, "the form holds no file: send each picture as a part with a name")
    uploads = []
    for file in files:
        if (kind := _media_type(file.content_type or UNKNOWN)) not in _TYPES:
            raise _wrong_type(kind)
        if (file.size or 0) > limits.picture_bytes:
            raise _too_large("a picture", limits.picture_bytes)
        uploads.append(Upload(_base_name(file.filename or ""), await file.read()))
        await file.close()
    return uploads


class _InMemory(MultiPartParser):
    spool_max_size = 0  # of a SpooledTemporaryFile: it is never written to the disk


async def _stream(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """The parts of a body, none above `most` bytes in all.

    Raises:
        HTTPException: 413, once the rest was read and forgotten.
    """
    length = request.headers.get("content-length", "0")
    size = int(length) if length.isdecimal() else 0
    body = request.stream()
    if size > most:
        await _drain(body, most)
        raise _too_large("a request", most)
    read = 0
    async for chunk in body:
        read += len(chunk)
        if read > most:
            await _drain(body, most)
            raise _too_large("a request", most)
        yield chunk


async def _drain(body: AsyncIterator[bytes], most: int) -> None:
    read = 0
    async for chunk in body:
        read += len(chunk)
        if read > _DRAINED * most:
            return


def _media_type(header: str) -> str:
    return header.partition(";")[0].strip().lower()


def _base_name(name: str) -> str:
    return printable(name.replace("\\", "/").rpartition("/")[2])[:_LONGEST_NAME]


def _wrong_type(kind: str) -> HTTPException:
    return HTTPException(
        415,
        f"{printable(kind[:80]) or 'a request without a content type'} is not read: send a picture "
        f"as {PICTURES[0]}, {PICTURES[1]}, ..., or a form as {FORM}",
    )


def _too_large(what: str, most: int) -> HTTPException:
    return HTTPException(413, f"{what} may have {most / 1e6:g} MB at most: reduce it first")
