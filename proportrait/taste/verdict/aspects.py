"""What of a picture a taste can speak about: columns that belong together, and words for them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from proportrait.labels import KEYS
from proportrait.taste.extract import FACE, GEOMETRY, MEASURES


@dataclass(frozen=True)
class Phrase:
    """Words for one column.

    Attributes:
        more, less: what a high value is, and a low one.
        unit: of the number that is told; None where a number would tell nothing.
        scale: from the value of the column to that number.
    """

    more: str
    less: str
    unit: str | None = None
    scale: Callable[[float], float] = float


@dataclass(frozen=True)
class Aspect:
    """Columns that are replaced together.

    Attributes:
        name: in two or three words.
        phrases: by the title of a column; None of a column that has no words of its own, as the
            features of networks have none.
    """

    name: str
    phrases: dict[str, Phrase | None]


def _percent(more: str, less: str, of: str = "") -> Phrase:
    return Phrase(more, less, f"% {of}".rstrip(), lambda value: 100 * value)


def _degrees(more: str, less: str) -> Phrase:
    return Phrase(more, less, "degrees")


def _odds(more: str, less: str) -> Phrase:
    return Phrase(more, less, "% to the model", lambda value: 100 / (1 + math.exp(min(-value, 99))))


_WIDTH, _HEIGHT = "of the picture's width", "of the picture's height"
_VERDICTS = {
    "lighting": "the light looks {} professional",
    "background": "the background looks {} professional",
    "attire": "the clothes look {} professional",
    "expression": "the expression looks {} professional",
    "framing": "the framing looks {} professional",
    "sharpness": "the face looks {} sharp",
}
_ASPECTS: tuple[tuple[str, str, dict[str, Phrase]], ...] = (  # name, silent columns, the others
    ("size of the head", "framing.HeadSize face.Width", {
        "face.Height": _percent("the head is larger", "the head is smaller", _HEIGHT)}),
    ("height of the head", "framing.VerticalOffset face.Top face.Bottom", {
        "face.CentreY": _percent("the face is lower in the picture",
                                 "the face is higher in the picture", "below the top"),
        "framing.MarginAboveOfTheFaceImage": Phrase("there is more space above the eyes",
                                                    "there is less space above the eyes"),
        "framing.MarginBelowOfTheFaceImage": Phrase("more of the body shows",
                                                    "less of the body shows")}),
    ("place from left to right", "framing.HorizontalOffset face.Side "
     "framing.LeftwardCropOfTheFaceImage framing.RightwardCropOfTheFaceImage", {
        "face.CentreX": _percent("the face is farther from the middle",
                                 "the face is nearer to the middle", _WIDTH)}),
    ("cut head", "", {
        "framing.HeadCutAtTheTop": _percent("more of the head is cut off at the top",
                                            "less of the head is cut off at the top",
                                            "of the head's height"),
        "framing.ChinCut": _percent("more of the chin is cut off", "less of the chin is cut off",
                                    "of the head's height")}),
    ("turn of the head", "", {
        "framing.HeadPoseYaw": _degrees("the head is turned farther to a side",
                                        "the head is turned less to a side")}),
    ("tip of the head", "", {
        "framing.HeadPosePitch": _degrees("the head is tipped farther down",
                                          "the head is tipped farther up")}),
    ("lean of the head", "", {
        "framing.HeadPoseRoll": _degrees("the head leans more", "the head leans less"),
        "framing.PictureTilt": _degrees("head and shoulders lean more",
                                        "head and shoulders lean less")}),
    ("framing as a whole", "", {
        "framing.Score": Phrase("the framing measures better", "the framing measures worse",
                                "of 100")}),
    ("people", "background.SingleFacePresent", {
        "face.Faces": Phrase("there are more faces", "there are fewer faces", ""),
        "background.OtherSkin": _percent("more skin colour shows beside the head",
                                         "less skin colour shows beside the head",
                                         "of the picture")}),
    ("form of the picture", "", {
        "face.PictureForm": Phrase("the picture is wider for its height",
                                   "the picture is narrower for its height",
                                   "times as wide as high")}),
    ("light from one side", "lighting.IlluminationUniformity", {
        "lighting.SideLight": Phrase("the light is more from one side",
                                     "the light is less from one side")}),
    ("brightness of the face", "lighting.UnderExposurePrevention lighting.OverExposurePrevention "
     "lighting.BlownHighlights lighting.WhiteLevel lighting.SkinHighlight", {
        "lighting.LuminanceMean": _percent("the face is brighter", "the face is darker",
                                           "of full brightness")}),
    ("contrast of the face", "lighting.LuminanceVariance lighting.DynamicRange "
     "lighting.DiffuseContrast", {
        "lighting.SkinContrast": Phrase("the light on the face has more contrast",
                                        "the light on the face has less contrast",
                                        "times from dark to bright", lambda value: 2.0**value)}),
    ("light from above", "lighting.NoseLight", {
        "lighting.TopLight": Phrase("the light comes more from above",
                                    "the light comes less from above")}),
    ("light behind", "", {
        "lighting.BackLight": Phrase("the background is brighter beside the face",
                                     "the background is darker beside the face",
                                     "times as bright as it", lambda value: 2.0**value)}),
    ("edges of shadows", "", {
        "lighting.ShadowEdges": Phrase("shadows on the face are harder",
                                       "shadows on the face are softer")}),
    ("colour of the skin", "lighting.NaturalColour", {
        "lighting.SkinRedness": Phrase("the skin is redder", "the skin is less red"),
        "lighting.SkinYellowness": Phrase("the skin is yellower", "the skin is less yellow"),
        "lighting.ColourSpread": Phrase("light of more different colours falls on the face",
                                        "the light on the face has fewer colours")}),
    ("clutter behind", "background.BackgroundUniformity background.BackgroundEntropy "
     "background.BackgroundSpots", {
        "background.BackgroundClutter": Phrase("the background is more cluttered",
                                               "the background is plainer")}),
    ("room around the person", "", {
        "background.BackgroundShare": _percent("more background shows",
                                               "less background shows", "of the picture")}),
    ("smile", "expression.SmileWidth expression.MouthCornerHeight expression.Teeth "
     "expression.ExpressionNeutrality", {
        "expression.Happiness": _percent("the face smiles more", "the face smiles less",
                                         "happy")}),
    ("mouth", "expression.MouthCavity expression.MouthOpenBeyondSmile", {
        "expression.MouthClosed": _percent("the mouth is open wider", "the mouth is less open",
                                           "of the head's height")}),
    ("eyes", "expression.EyesOpen expression.EyeAsymmetry", {
        "expression.EyeOpenness": _percent("the eyes are open wider", "the eyes are less open",
                                           "of their width")}),
    ("gaze", "expression.GazeYaw expression.GazePitch", {
        "expression.GazeAngle": _degrees("the eyes look farther past the camera",
                                         "the eyes look closer to the camera")}),
    ("tension", "expression.MouthAsymmetry", {
        "expression.Agitation": _percent("the face is tenser", "the face is calmer", "tense"),
        "expression.BrowHeight": Phrase("the brows are higher", "the brows are lower")}),
    ("what hides the face", "expression.EyesVisible expression.MouthVisible", {
        "expression.FaceOcclusionPrevention": Phrase("more hides the face",
                                                     "less hides the face")}),
    ("fine detail", "sharpness.Sharpness sharpness.SpectralCutoff sharpness.DirectionalBlur "
     "sharpness.EyeDetail sharpness.EyeContours sharpness.ViewedEyeContours "
     "sharpness.ViewedEdges", {
        "sharpness.ViewedDetail": Phrase("the face is sharper", "the face is softer")}),
    ("size in pixels", "sharpness.EffectiveResolution", {
        "sharpness.FaceResolution": Phrase("the face has more pixels", "the face has fewer pixels",
                                           "px high", lambda value: 2.0**value)}),
    ("compression", "sharpness.RepeatedPixels", {
        "sharpness.CompressionArtifacts": Phrase("the file is compressed more",
                                                 "the file is compressed less")}),
    *(
        (f"verdict on {key}", "", {f"verdicts.{key}": _odds(text.format("more"),
                                                            text.format("less"))})
        for key, text in _VERDICTS.items()
    ),
)  # fmt: skip
_NETWORKS = {  # of a part: what a network saw
    "layout": "what lies where in the picture",
    "objects": "what the picture shows",
    "whole": "the picture as a whole",
    "bust": "head and shoulders",
    "face": "the look of the face",
}
_TITLES: dict[str, tuple[str, ...]] = {
    "geometry": (*GEOMETRY, *(f"face.{name}" for name in FACE)),
    "verdicts": tuple(f"verdicts.{key}" for key in KEYS),
    **MEASURES,
}


@cache
def aspects(names: tuple[str, ...]) -> tuple[tuple[Aspect, dict[int, str]], ...]:
    """Every aspect that there is of the columns with these names, and its columns with titles.

    Each column is in exactly one aspect.

    Args:
        names: "part:number", see `features.Features`.
    """
    titles = [_title(name) for name in names]
    every = (
        (aspect, {at: title for at, title in enumerate(titles) if title in aspect.phrases})
        for aspect in (*_measured(), *_others(titles))
    )
    return tuple((aspect, columns) for aspect, columns in every if columns)


def _title(name: str) -> str:
    """The measure of a column, or its part where it is the feature of a network."""
    part, _, number = name.partition(":")
    return _TITLES[part][int(number)] if part in _TITLES else part


@cache
def _measured() -> tuple[Aspect, ...]:
    return tuple(
        Aspect(name, dict.fromkeys(silent.split()) | phrases) for name, silent, phrases in _ASPECTS
    )


def _others(titles: Sequence[str]) -> list[Aspect]:
    """Of what has no words: a part of a network each, and each further measure."""
    known = {title for aspect in _measured() for title in aspect.phrases}
    rest = [title for title in dict.fromkeys(titles) if title not in known]
    return [
        Aspect(_NETWORKS.get(title, f"what the network {title} sees"), {title: None})
        for title in rest
    ]
