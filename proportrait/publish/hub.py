"""The Hugging Face Hub: an upload that goes on where it stopped.

The files go in commits of about `PART_BYTES`, the card in the last one. `create_commit` does it in
parts of our own: `upload_folder` of huggingface_hub 2.4 splits an upload only with the Xet
protocol, and leaves the order of the files, and so a card without its pictures, to chance
(`upload_large_folder` is gone). What the Hub has is not sent again: files that are committed are
left out by the hashes that it lists, and bytes that came before a kill, but were not committed,
by LFS or Xet themselves.
"""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from proportrait.errors import ConfigurationError, FatalError, ProPortraitError
from proportrait.publish.publication import DataFile, Publication, blob_id

PART_BYTES = 1_000_000_000  # what a commit that is cut off can cost
PART_FILES = 100
_OF_THE_HUB = {".gitattributes"}
_LISTED = 3
_AGAIN = "then run the same command again: it goes on where it stopped"
_TOKENS = "https://huggingface.co/settings/tokens"
Content = DataFile | bytes


@dataclass(frozen=True)
class Upload:
    """What an upload has done.

    Attributes:
        sent: files that were uploaded; `sent_bytes` of them.
        kept: files that the Hub had already.
        deleted: files that were there and are no part of the publication.
    """

    sent: int
    sent_bytes: int
    kept: int
    deleted: int


def read_token(file: Path | None) -> str:
    """A token of the Hub: of a file, else HF_TOKEN, else of `hf auth login`.

    Raises:
        ConfigurationError: there is none, or the file cannot be read.
    """
    if file is not None:
        try:
            token = file.expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise ConfigurationError(f"the token cannot be read from {file}: {reason}") from None
    else:
        token = get_token() or ""
    if not token:
        raise ConfigurationError(
            f"no token of the Hugging Face Hub: make one that may write at {_TOKENS}, and put it "
            f"into HF_TOKEN, or into a file for --token_file FILE"
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise ConfigurationError("a token is one word of printable ASCII, as the Hub shows it")
    return token


def upload(
    publication: Publication,
    token: str,
    *,
    public: bool = False,
    replace: bool = False,
    say: Callable[[str], object] = lambda _: None,
) -> Upload:
    """Bring a publication to the Hub; the same call goes on with one that was cut off.

    A new repository is private until it is complete, and stays so unless `public`.

    Args:
        token: of whoever may write there; it stands in no message.
        replace: take away or overwrite other files that the repository has.
        say: is given a line before each commit.

    Raises:
        ConfigurationError: the token is not known or has not the right, or the repository has other
            files, or is public where `public` is not asked for.
        FatalError: the Hub cannot be reached, or refuses for now.
    """
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"), token=token)
    kind, repo = publication.kind, publication.repo
    with _explained(publication):
        info = _repository(api, publication)
        if not info.private and not public:
            raise ConfigurationError(
                f"{publication.address} is public: say --public if its files are to be so too, or "
                f"make it private in its settings, or name another repository"
            )
        day = (info.created_at or datetime.datetime.now(datetime.UTC)).date()
        files: dict[str, Content] = {**publication.data, **publication.texts(day)}
        entries = api.list_repo_tree(repo, repo_type=kind, recursive=True)
        remote = {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}
        for path in _OF_THE_HUB:
            remote.pop(path, None)
        kept = {p for p, entry in remote.items() if p in files and _is_same(files[p], entry)}
        if (other := sorted(remote.keys() - kept)) and not replace:
            raise ConfigurationError(_other_content(publication, other))
        missing = {path: content for path, content in files.items() if path not in kept}
        gone = sorted(remote.keys() - files.keys())
        _commit(api, publication, info.sha, missing, gone, say)
        if public and info.private:
            api.update_repo_settings(repo, repo_type=kind, private=False)
    return Upload(len(missing), sum(map(size, missing.values())), len(kept), len(gone))


def size(content: Content) -> int:
    """Bytes of a file or a text."""
    return content.size if isinstance(content, DataFile) else len(content)


def _repository(api: HfApi, publication: Publication) -> Any:
    """What the Hub says of the repository, which is made where it is not there."""
    kind, repo = publication.kind, publication.repo
    try:
        return api.repo_info(repo, repo_type=kind)
    except RepositoryNotFoundError:
        api.create_repo(repo, repo_type=kind, private=True, exist_ok=True)
        return api.repo_info(repo, repo_type=kind)


def _is_same(content: Content, entry: RepoFile) -> bool:
    if size(content) != entry.size:
        return False
    if entry.lfs is not None:
        own = content.sha256 if isinstance(content, DataFile) else sha256(content).hexdigest()
        return bool(entry.lfs.sha256 == own)
    data = content.path.read_bytes() if isinstance(content, DataFile) else content
    return bool(entry.blob_id == blob_id(data))


def _commit(
    api: HfApi,
    publication: Publication,
    head: str | None,
    missing: Mapping[str, Content],
    gone: Sequence[str],
    say: Callable[[str], object],
) -> None:
    """One commit a part, each on top of the last: nobody else's change is overwritten."""
    groups = parts(missing) or ([[]] if gone else [])
    for number, group in enumerate(groups, 1):
        say(
            f"part {number} of {len(groups)}: {len(group)} files, "
            f"{sum(size(missing[path]) for path in group):,} bytes"
        )
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            _addition(path, missing[path]) for path in group
        ]
        if number == len(groups):
            operations += [CommitOperationDelete(path, is_folder=False) for path in gone]
        of = f" ({number} of {len(groups)})" if len(groups) > 1 else ""
        try:
            head = api.create_commit(
                publication.repo, operations, repo_type=publication.kind, parent_commit=head,
                commit_message=f"Publish with ProPortrait-Gen{of}",
            ).oid  # fmt: skip
        except HfHubHTTPError:
            raise
        except (RuntimeError, ValueError) as error:  # of LFS or Xet, while a file is sent
            if isinstance(error.__cause__, (httpx2.HTTPError, OSError)):
                raise error.__cause__ from None
            raise FatalError(
                f"the upload broke off ({error}): run the same command again, it goes on"
            ) from error


def parts(files: Mapping[str, Content]) -> list[list[str]]:
    """Paths by commit, in their order: at most `PART_FILES`, and `PART_BYTES` unless one has more.

    Texts, which come last, are in the last part.
    """
    groups: list[list[str]] = []
    room = 0
    for path, content in files.items():
        if not groups or (
            isinstance(content, DataFile)
            and (size(content) > room or len(groups[-1]) == PART_FILES)
        ):
            groups.append([])
            room = PART_BYTES
        groups[-1].append(path)
        room -= size(content)
    return groups


def _addition(path: str, content: Content) -> CommitOperationAdd:
    if isinstance(content, bytes):
        return CommitOperationAdd(path, content)
    addition = CommitOperationAdd(path, content.path)
    addition.upload_info.sha256 = bytes.fromhex(content.sha256)  # is not to be read for it again
    return addition


def _other_content(publication: Publication, paths: Sequence[str]) -> str:
    names = ", ".join(paths[:_LISTED])
    if len(paths) > _LISTED:
        names += f", and {len(paths) - _LISTED} more"
    return (
        f"{publication.address} has other content ({names}): name another repository, or say "
        f"--replace to bring it to what you publish; its history keeps what it had"
    )


@contextlib.contextmanager
def _explained(publication: Publication) -> Iterator[None]:
    """Turn an error of the library into one that says what to do."""
    try:
        yield
    except (HFValidationError, OfflineModeIsEnabled, httpx2.HTTPError, OSError) as error:
        raise _readable(error, publication) from None


def _readable(error: Exception, publication: Publication) -> ProPortraitError:
    where = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    if isinstance(error, HfHubHTTPError):
        return _refusal(error, publication)
    if isinstance(error, OfflineModeIsEnabled):
        return ConfigurationError(f"HF_HUB_OFFLINE is set: unset it, {_AGAIN}")
    if isinstance(error, HFValidationError):
        return ConfigurationError(str(error))
    if isinstance(error, httpx2.HTTPError | ConnectionError | TimeoutError):
        reason = str(error) or type(error).__name__
        return FatalError(
            f"the Hub cannot be reached at {where} ({reason}): look at your connection, {_AGAIN}"
        )
    return FatalError(f"a file cannot be read ({error}): {_AGAIN}")


def _refusal(error: HfHubHTTPError, publication: Publication) -> ProPortraitError:
    status = error.response.status_code
    said = f"HTTP {status}" + (f": {error.server_message}" if error.server_message else "")
    owner = publication.repo.partition("/")[0]
    if status == 401:
        return ConfigurationError(
            f"the Hub does not know the token ({said}): make one that may write at {_TOKENS}"
        )
    if status in (402, 403):
        return ConfigurationError(
            f"the token may not write to {publication.repo} ({said}): {owner} has to be you or an "
            f"organisation in which you may write, and the token has to have the right to write "
            f"there ({_TOKENS})"
        )
    if status == 404:
        return ConfigurationError(
            f"the Hub finds no {publication.repo} ({said}): look whether the owner is right, "
            f"whether the token may see it, and whether nobody has deleted it meanwhile"
        )
    if status in (409, 412):
        return FatalError(
            f"somebody else has changed {publication.repo} meanwhile ({said}): look there, {_AGAIN}"
        )
    return FatalError(f"the Hub refuses for now ({said}): wait some minutes, {_AGAIN}")
