"""Names, prices and shutdown dates of Gemini's image models: the one place where they stand.

They move every few months. Look at https://ai.google.dev/gemini-api/docs/pricing and
https://ai.google.dev/gemini-api/docs/deprecations before a large run; a price given by the user
beats this table.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from proportrait.errors import ConfigurationError

AS_OF = datetime.date(2026, 11, 21)  # of the prices

BATCH_SHARE = 0.5  # of these prices, through the Batch API

# gemini-2.5-flash-image, the former default, was announced to shut down on 2 October 2026, which
# has passed. Its named replacement is the only GA model that is priced for volume and made to keep
# a reference image: the lite model costs half, but is not optimised for references.
DEFAULT_MODEL = "gemini-3.1-flash-image"


@dataclass(frozen=True)
class ImageModel:
    """What one picture of a model costs.

    Attributes:
        name: as the API spells it.
        usd: dollars of one picture by image size; the picture alone, since the words and the
            reference image of a request add about 1 % of it.
        sizes_settable: whether the API takes an image size for this model.
        shutdown: the earliest announced date on which requests may fail, or None.
    """

    name: str
    usd: Mapping[str, float]
    sizes_settable: bool = True
    shutdown: datetime.date | None = None

    def is_shut_down(self, today: datetime.date) -> bool:
        """Whether the announced shutdown date has come."""
        return self.shutdown is not None and today >= self.shutdown


MODELS: Mapping[str, ImageModel] = {
    model.name: model
    for model in (
        ImageModel("gemini-3.1-flash-image", {"512": 0.045, "1K": 0.067, "2K": 0.101, "4K": 0.151}),
        ImageModel("gemini-3.1-flash-lite-image", {"1K": 0.034}, sizes_settable=False),
        ImageModel("gemini-3-pro-image", {"1K": 0.134, "2K": 0.134, "4K": 0.24}),
        ImageModel(
            "gemini-2.5-flash-image",
            {"1K": 0.039},
            sizes_settable=False,
            shutdown=datetime.date(2026, 10, 2),
        ),
    )
}


def price_usd(model: str, image_size: str = "1K", override: float | None = None) -> float:
    """The most that one picture can cost, in dollars.

    Args:
        model: a name of `MODELS`, or any name where `override` is given.
        image_size: "512", "1K", "2K" or "4K".
        override: the user's own price; it beats the table.

    Raises:
        ConfigurationError: neither the table nor the user knows the price.
    """
    if override is not None:
        if override < 0:
            raise ConfigurationError(f"a price cannot be negative: {override}")
        return override
    known = MODELS.get(model)
    if known is None:
        raise ConfigurationError(
            f"no price is known for the model {model!r}: choose one of {', '.join(MODELS)}, "
            "or say with --price_usd what one picture costs"
        )
    if image_size not in known.usd:
        raise ConfigurationError(
            f"{model} makes no pictures of size {image_size!r}, only {', '.join(known.usd)}"
        )
    return known.usd[image_size]
