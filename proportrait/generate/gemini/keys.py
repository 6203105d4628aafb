"""Where the API key comes from, and how it is kept out of every log, record, and error."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from proportrait.errors import ConfigurationError

VARIABLES = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
REDACTED = "[API key]"
_PLACEHOLDER = re.compile(
    r"<.*>|\.{3}|x{3,}|changeme|(insert|put|paste|enter|your|my|the)[-_ ].*(key|here)"
    r"|(your|my)?[-_ ]?(google|gemini)?[-_ ]?api[-_ ]?key([-_ ]here)?|none|null",
    re.IGNORECASE,
)


def resolve_api_key(
    argument: str | None, environ: Mapping[str, str], dotenv_path: Path | None = None
) -> str:
    """Find the API key: the argument, then GOOGLE_API_KEY, GEMINI_API_KEY, and the .env file.

    Args:
        argument: the key itself, or `@path` of a file that holds nothing else.
        environ: usually `os.environ`; it is read, never changed.
        dotenv_path: a .env file with one of the two variables; it need not exist.

    Raises:
        ConfigurationError: there is no key, or it is a placeholder, or its file cannot be read.
    """
    dotenv = dotenv_values(dotenv_path) if dotenv_path and dotenv_path.is_file() else {}
    candidates = [("--api_key", _read_argument(argument))]
    candidates += [(name, environ.get(name)) for name in VARIABLES]
    candidates += [(f"{name} in {dotenv_path}", dotenv.get(name)) for name in VARIABLES]
    for origin, value in candidates:
        key = (value or "").strip()
        if key:
            return _checked(key, origin)
    raise ConfigurationError(
        "no API key for Gemini: set GOOGLE_API_KEY in the environment or in a .env file "
        "(keys: https://aistudio.google.com/apikey), give --api_key @path/to/file, "
        "or use --mock, which needs no key"
    )


def _read_argument(argument: str | None) -> str | None:
    if argument is None or not argument.startswith("@"):
        return argument
    path = Path(argument[1:]).expanduser()
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the file of --api_key cannot be read: {path}") from error
    if not text:
        raise ConfigurationError(f"the file of --api_key is empty: {path}")
    return text


def _checked(key: str, origin: str) -> str:
    # The value may be a real key with a slip in it, so it is never shown.
    if _PLACEHOLDER.fullmatch(key):
        raise ConfigurationError(
            f"{origin} holds a placeholder, not a key: put your own there "
            "(https://aistudio.google.com/apikey), or use --mock, which needs no key"
        )
    if not key.isascii() or any(c.isspace() or not c.isprintable() for c in key):
        raise ConfigurationError(
            f"{origin} is not a key: it holds blanks, line breaks, or letters outside ASCII"
        )
    return key


def redact(text: str, secret: str) -> str:
    """The text with every occurrence of the secret replaced."""
    return text.replace(secret, REDACTED) if secret else text


class SecretFilter(logging.Filter):
    """Replaces a secret in log records; add it to handlers, or to loggers of other libraries.

    The HTTP library logs reply headers at DEBUG, and a proxy or server may echo the key in them.
    """

    def __init__(self, secret: str) -> None:
        super().__init__()
        self._secret = secret

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place; it is always kept."""
        message = record.getMessage()
        if self._secret and self._secret in message:
            record.msg, record.args = redact(message, self._secret), ()
        if record.exc_info and record.exc_info[1] is not None:
            text = record.exc_text or "".join(traceback.format_exception(record.exc_info[1]))
            record.exc_text = redact(text.rstrip("\n"), self._secret)
        return True
