"""One base error. Its message tells a user what happened and what to do next.

ProPortraitError
 ├─ ConfigurationError      a missing key, an unknown name, options that exclude each other
 ├─ AssetError              a weight file is not installed or is damaged
 ├─ ImageError              a picture that cannot be used
 │   ├─ CorruptImageError
 │   ├─ ImageTooSmallError
 │   └─ PictureNotFoundError  there is no such file
 ├─ AssessmentError         a measure that cannot be taken (no face, several faces, face too small)
 ├─ GenerationError         one picture could not be made
 │   ├─ RetryableError      worth another try (429, 5xx, time-out, damaged reply)
 │   │   ├─ RateLimitedError
 │   │   └─ UnreachableError  the source portrait could not be fetched
 │   ├─ RefusedError        the model answered, but with no picture (safety block)
 │   │   └─ NoPictureError  likewise, but it may well draw one at the next try (a RetryableError)
 │   └─ EditError           the offline editor could not make a label true
 ├─ FatalError              the run cannot go on (bad key, unknown model, circuit open)
 │   └─ QuotaError          no more requests for hours; those under way may still be answered
 ├─ BudgetError             the next request would pass the budget
 └─ StoreError              the output folder cannot be written or read
     └─ StoreBusyError      another run is writing to it

Misuse of a function (a wrong type, a value out of range) raises ValueError instead.
"""

from __future__ import annotations


class ProPortraitError(Exception):
    """Base of every error that a user can act on.

    Attributes:
        tries: requests that were made to a generator before it was raised.
        cost_usd: what those requests cost, though no picture came of them.
    """

    tries: int = 0
    cost_usd: float = 0.0


class ConfigurationError(ProPortraitError):
    """A missing key, an unknown name, or options that exclude each other."""


class AssetError(ProPortraitError):
    """A weight file is not installed or does not have the expected bytes."""


class ImageError(ProPortraitError):
    """A picture that cannot be used."""


class CorruptImageError(ImageError):
    """Bytes that no image decoder reads to the end."""


class ImageTooSmallError(ImageError):
    """A picture whose shorter side is under the limit."""


class PictureNotFoundError(ImageError, FileNotFoundError):
    """There is no picture file of that name."""


class AssessmentError(ProPortraitError):
    """A measure that cannot be taken: no face, several faces, a face that is too small."""


class GenerationError(ProPortraitError):
    """One picture could not be made; the run goes on."""


class RetryableError(GenerationError):
    """A failure that another try may cure.

    Attributes:
        retry_after: seconds that the server asked us to wait, or None where it did not say.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitedError(RetryableError):
    """The server said that requests come too fast (HTTP 429)."""


class UnreachableError(RetryableError):
    """The network failed before the source portrait was there: nothing is known of it."""


class RefusedError(GenerationError):
    """The model answered without a picture; another try would cost and say the same."""


class NoPictureError(RetryableError, RefusedError):
    """The model answered without a picture, for no reason that holds at the next try too."""


class EditError(GenerationError):
    """The offline editor could not make a requested label true.

    Args:
        message: why.
        attribute: key of that label, if it was one; the message then starts with it.
    """

    def __init__(self, message: str, attribute: str | None = None) -> None:
        super().__init__(f"{attribute}: {message}" if attribute else message)


class FatalError(ProPortraitError):
    """The run cannot go on: every further request would fail alike."""


class QuotaError(FatalError):
    """The service takes no further request for hours; what was sent before may be answered."""


class BudgetError(ProPortraitError):
    """The next request could pass the budget."""


class StoreError(ProPortraitError):
    """The output folder cannot be written or read."""


class StoreBusyError(StoreError):
    """Another run is writing to the same output folder."""
