"""The model card: what a model is for, what it was made of, and how good it is.

Mitchell et al., "Model Cards for Model Reporting", 2019.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData

from proportrait.errors import ConfigurationError
from proportrait.labels import ATTRIBUTES
from proportrait.model.saved import Headshot
from proportrait.train.data import TABLE, picture_file

PHOTOS = "photos.csv"  # beside the model: the photographs that it has learnt from
_COLUMNS = ("sha256", "site", "licence", "labels")


def list_photos(folders: Sequence[Path]) -> str:
    """A table of photographs: SHA-256 of the file, site, licence, and rating; no names.

    The columns `site`, `licence`, and `sha256_of_original` of their labels.csv are used where they
    are there.

    Raises:
        ConfigurationError: a folder has no labels.csv.
    """
    rows = []
    for folder in folders:
        if not (folder / TABLE).is_file():
            raise ConfigurationError(
                f"{folder} has no {TABLE}: the last step learns from photographs that have one"
            )
        with (folder / TABLE).open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                digest = row.get("sha256_of_original") or _digest(folder, row["file"])
                rows.append(
                    (digest, row.get("site") or "", row.get("licence") or "", row["labels"])
                )
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(sorted(rows))
    return text.getvalue()


def _digest(folder: Path, name: str) -> str:
    """SHA-256 of a file of a table that `Pictures.from_folder` has read."""
    path = picture_file(folder, name)
    assert path is not None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def card(headshot: Headshot) -> str:
    """Markdown, with the front matter that the Hugging Face Hub reads."""
    about: Any = headshot.about
    settings, data, figures = about["settings"], about["data"], about["figures"]
    prepare = headshot.preprocessing
    front_matter = ModelCardData(
        license="mit",
        library_name="timm",
        base_model=f"timm/{about['backbone']}" if about["weights"] != "none" else None,
        pipeline_tag="image-classification",
        tags=["portrait", "headshot", "image-quality"],
    )
    lines = [
        "---",
        front_matter.to_yaml(),
        "---",
        "# Is this a professional headshot?",
        f"Six yes-or-no verdicts on a portrait, by `{about['backbone']}` with six heads. Made by "
        f"ProPortrait-Gen {about['version']} on "
        f"{about['time'][:10]}.",
        "",
        "| attribute | 1 | 0 |",
        "|---|---|---|",
        *(f"| {a.key} | {a.good} | {a.bad} |" for a in ATTRIBUTES),
        "",
        "## What it is for",
        "Telling people what in their own portrait to change, and sorting pictures. It says "
        "nothing of the person, and is no ground for a decision about one: do not use it to choose "
        "applicants."
        + (
            " Pictures that were learnt from are made with faces learnt from FFHQ, for "
            "non-commercial use."
            if data["built_in"]
            else ""
        ),
        "",
        "## Use",
        "```python",
        "from proportrait.score import Scorer",
        "",
        'scorer = Scorer.from_file("model.safetensors")',
        'for score in scorer.files(["me.jpg"]):',
        "    print(score.verdicts, score.probabilities)",
        "```",
        f"Input: {', '.join(prepare.views)} of a picture at {prepare.size} px "
        f"(`proportrait.model.views`)"
        + (
            f", and {len(headshot.architecture.measures)} measures of `proportrait.measures`."
            if headshot.architecture.measures
            else "."
        ),
        "",
        "## Figures",
        f"{figures['pictures']} {about['judged_on']} pictures of {figures['sources']} people that "
        f"were not learnt from, with 95 % intervals of a bootstrap by person. They come from where "
        f"those come from that it learnt from: on photos from elsewhere expect less."
        + (
            " They chose the epoch, the temperatures, and the thresholds, too."
            if about["judged_on"] == "validation"
            else ""
        ),
        "",
        "| attribute | accuracy | balanced | F1 | AUC | calibration error | temperature "
        "| threshold |",
        "|---|---|---|---|---|---|---|---|",
    ]
    calibration = headshot.calibration
    for i, attribute in enumerate(ATTRIBUTES):
        row = figures["attributes"][attribute.key]
        cells = (_figure(row[k]) for k in ("accuracy", "balanced_accuracy", "f1", "auc"))
        error = about["calibration_error"][attribute.key]
        lines.append(
            f"| {attribute.key} | {' | '.join(cells)} | {'-' if error is None else f'{error:.3f}'} "
            f"| {calibration.temperatures[i]:.2f} | {calibration.thresholds[i]:.2f} |"
        )
    lines += [
        "",
        f"Overall {_figure(figures['overall'])}, exact match {_figure(figures['exact_match'])}, "
        f"macro F1 {_figure(figures['macro_f1'])}.",
        "",
        "## Data and settings",
        f"{data['pictures']} pictures of {data['sources']} source portraits ({data['train']} "
        f"learnt from, {data['validation']} validation, {data['test']} test); fingerprint "
        f"`{data['fingerprint'][:16]}`.",
        "",
        *(
            [
                f"The last step has learnt from {data['photos']} photographs too: {PHOTOS} lists "
                f"the SHA-256 of each, its site, licence, and rating.",
                "",
            ]
            if data["photos"]
            else []
        ),
        "```",
        *(f"{name} = {value}" for name, value in settings.items()),
        "```",
    ]
    return str(ModelCard("\n".join(lines) + "\n"))


def _figure(figure: dict[str, float | None]) -> str:
    """A figure and its 95 % interval, as far as they are known."""
    if figure["value"] is None:
        return "-"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
