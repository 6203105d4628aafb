"""A model against labels: figures, calibration errors, and figures by group of people.

Groups are of skin tone, age band, and glasses. For generated portraits of built-in faces all three
are estimated from the style, whatever the light (`edit.synthesis.traits` gives the accuracy). For
other pictures only the skin tone is estimated, from the pixels, so that it depends on the light:
the individual typology angle (Chardon, Cretois, Hourseau, "Skin colour typology and suntanning
pathways", International Journal of Cosmetic Science 1991) of cheeks and forehead. A table of what
people see is the better source, where there is one.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from proportrait.arrays import Float, Image, Mask, Text
from proportrait.edit.synthesis.network import FaceSynthesizer
from proportrait.edit.synthesis.traits import COMPLEXIONS, People
from proportrait.errors import ConfigurationError
from proportrait.faces import Face
from proportrait.generate.sources.built_in import StyleganItem
from proportrait.labels import KEYS
from proportrait.looks.look import Wants, look
from proportrait.looks.rules import rules
from proportrait.model.calibration import Calibration, expected_calibration_error
from proportrait.model.saved import Headshot
from proportrait.train.batches import readable
from proportrait.train.data import Pictures, from_generator, new_sources
from proportrait.train.metrics import Report, report

MIN_PICTURES = 10  # of a group with figures of its own
# Landmarks in the middle of the cheeks and of the forehead, and the half width of a patch there.
_SKIN = (50, 280, 151)
_GREY = 2.0  # chroma C* of CIELAB: below it a colour counts as grey
_PATCH = 0.05  # face heights
# Lower limits in degrees: the bands of Chardon et al., the outer ones merged.
TONES: tuple[tuple[str, float], ...] = (
    ("skin light", 41.0), ("skin intermediate or tan", 10.0), ("skin brown or dark", -np.inf),
)  # fmt: skip
AGES: tuple[tuple[str, float], ...] = (
    ("age older", 2.0), ("age middle", 1.5), ("age young", -np.inf),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's logits, probabilities, and verdicts of N pictures, each (N, 6)."""

    pictures: Pictures
    logits: Float
    probabilities: Float
    verdicts: Mask

    @classmethod
    def from_logits(
        cls, pictures: Pictures, logits: Float, calibration: Calibration
    ) -> Predictions:
        """Calibrate logits (N, 6) of N pictures."""
        probabilities = calibration.probabilities(logits)
        return cls(pictures, logits, probabilities, calibration.verdicts(probabilities))

    def __getitem__(self, index: npt.NDArray[np.intp]) -> Predictions:
        """The predictions of an array of indices."""
        return Predictions(
            self.pictures[index],
            self.logits[index],
            self.probabilities[index],
            self.verdicts[index],
        )

    def report(self, seed: int = 0) -> Report:
        """Figures with intervals of a bootstrap by source."""
        return report(
            self.pictures.labels,
            self.pictures.known,
            self.probabilities,
            self.verdicts,
            self.pictures.sources,
            seed,
        )

    def sure_shares(self, calibration: Calibration) -> dict[str, dict[str, float]]:
        """Of each attribute: the share of verdicts that are sure, and of these what is right."""
        known = self.pictures.known
        sure = calibration.sure(self.probabilities) & known
        right = sure & (self.verdicts == (self.pictures.labels > 0.5))
        shares = sure.sum(0) / np.maximum(known.sum(0), 1)
        correct = right.sum(0) / np.maximum(sure.sum(0), 1)
        return {
            key: {"share": round(float(shares[i]), 4), "right": round(float(correct[i]), 4)}
            for i, key in enumerate(KEYS)
        }

    def calibration_errors(self) -> dict[str, float | None]:
        """Expected calibration error by attribute; None without a known bit."""
        errors: dict[str, float | None] = {}
        for column, key in enumerate(KEYS):
            mask = self.pictures.known[:, column]
            p, y = self.probabilities[mask, column], self.pictures.labels[mask, column]
            errors[key] = round(expected_calibration_error(p, y), 4) if mask.any() else None
        return errors


def strangers(model: Headshot, pictures: Pictures) -> Pictures:
    """The pictures of people, or sites, that the model has neither learnt from nor was chosen by.

    Raises:
        ConfigurationError: there is none.
    """
    new = new_sources(pictures.sources, model.about.get("data", {}).get("people", ""))
    if not new.any():
        raise ConfigurationError(
            f"the model has learnt from, or was chosen by, all {len(pictures)} pictures, or others "
            f"of these people: figures of them would say nothing"
        )
    return pictures[new]


def judge(model: Headshot, pictures: Pictures, workers: int | None = None) -> Predictions:
    """Look at all pictures and predict their bits, as `proportrait score` does.

    Where the rules give no verdict, the prediction counts as wrong: somebody who asks gets none.
    """
    calibration = model.calibration
    rows: dict[str, tuple[Float, Float, Mask, Mask]] = {}
    files = [Path(str(path)) for path in np.unique(pictures.paths)]
    for file, entry in readable(files, model.wants, workers):
        logits = model.logits([entry])
        probabilities = calibration.probabilities(logits)
        decided = rules(entry)
        good = calibration.verdicts(probabilities)[0] & [key not in decided.bad for key in KEYS]
        silent = np.array([key in decided.null for key in KEYS])
        rows[str(file)] = logits[0], probabilities[0], good, silent
    logits, probabilities, good, silent = (
        np.stack(column) for column in zip(*(rows[str(p)] for p in pictures.paths), strict=True)
    )
    return Predictions(
        pictures, logits, probabilities, np.where(silent, pictures.labels < 0.5, good)
    )


def breakdown(
    predictions: Predictions, seed: int = 0, table: Path | None = None
) -> dict[str, Report]:
    """The figures of each group of people with at least `MIN_PICTURES` pictures.

    Args:
        table: see `table_groups`; without it the groups are estimated.
    """
    pictures = predictions.pictures
    parts = (
        table_groups(table, pictures.paths) if table else groups(pictures.paths, pictures.sources)
    )
    return {
        name: predictions[np.array(numbers)].report(seed)
        for name, numbers in parts.items()
        if len(numbers) >= MIN_PICTURES
    }


def table_groups(table: Path, paths: Text) -> dict[str, list[int]]:
    """The indices of the pictures (N,) of each group in a table, such as "complexion dark".

    Args:
        table: a CSV with a column `file`, the name of a picture, and a column for each way to
            group; an empty cell or `?` is no group.

    Raises:
        ConfigurationError: it cannot be read, has no such columns, or names none of the pictures.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = {row.pop("file"): row for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise ConfigurationError(f"{table} is no CSV with a column file: {error}") from error
    members: dict[str, list[int]] = {}
    for number, path in enumerate(paths):
        for column, value in rows.get(Path(str(path)).name, {}).items():
            if value not in (None, "", "?"):
                members.setdefault(f"{column} {value}", []).append(number)
    if not members:
        raise ConfigurationError(f"{table} puts none of these pictures into a group")
    return dict(sorted(members.items()))


def groups(paths: Text, sources: Text) -> dict[str, list[int]]:
    """The indices of the pictures of each group; pictures without an estimate are in none.

    Args:
        paths, sources: (N,) of the pictures.
    """
    members: dict[str, list[int]] = {}
    # Rated faces lie further from the mean: there the estimates from the style are less accurate.
    ours = from_generator(paths)
    built_in = {
        str(source): item.latent_seed
        for source in np.unique(sources[ours])
        if (item := StyleganItem.from_source_id(str(source)))
    }
    estimates: dict[str, tuple[float, float, float]] = {}
    if built_in:
        synthesizer = FaceSynthesizer()
        traits = People(synthesizer).traits(synthesizer.styles(list(built_in.values())))
        estimates = {
            name: (
                float(traits["complexion"][i]),
                float(traits["age"][i]),
                float(traits["glasses"][i]),
            )
            for i, name in enumerate(built_in)
        }
    for number, (path, source) in enumerate(zip(paths, sources, strict=True)):
        if ours[number] and str(source) in estimates:
            complexion, age, glasses = estimates[str(source)]
            members.setdefault(_band(complexion, COMPLEXIONS), []).append(number)
            members.setdefault(_band(age, AGES), []).append(number)
            members.setdefault("glasses" if glasses > 0.5 else "no glasses", []).append(number)
        else:
            tone = skin_tone(Path(str(path)))
            if not np.isnan(tone):
                members.setdefault(_band(tone, TONES), []).append(number)
    return dict(sorted(members.items()))


def skin_tone(path: Path) -> float:
    """The individual typology angle in degrees of the largest face; NaN without a face."""
    subject = look(path, Wants(())).subject
    if subject is None or not subject.faces:
        return float("nan")
    return typology_angle(subject.image, subject.faces[0])


def typology_angle(image: Image, face: Face) -> float:
    """arctan((L* - 50) / b*) in degrees, of the median colour of cheeks and forehead.

    Higher is lighter. NaN for grey skin: the angle would depend on the exposure alone.
    """
    half = max(1, round(_PATCH * face.height))
    patches = []
    for index in _SKIN:
        x, y = (round(float(v)) for v in face.point(index))
        patch = image[
            max(0, y - half) : max(0, y + half + 1), max(0, x - half) : max(0, x + half + 1)
        ]
        patches.append(patch.reshape(-1, 3))
    skin = np.concatenate(patches)
    if not len(skin):
        return float("nan")
    lab = cv2.cvtColor(np.float32(skin[None]) / 255, cv2.COLOR_RGB2LAB)[0]
    lightness, red, yellow = np.median(lab, 0)
    if np.hypot(red, yellow) < _GREY:
        return float("nan")
    return float(np.degrees(np.arctan2(lightness - 50, max(float(yellow), 1e-3))))


def _band(value: float, bands: tuple[tuple[str, float], ...]) -> str:
    return next(name for name, least in bands if value >= least)
