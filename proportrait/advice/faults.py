"""The sentence and the advice for every fault that a measure can tell.

Left and right are those of the picture. A sentence begins small and has no full stop, so that it
may stand in a list, a table, or after a colon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import hypot

from proportrait.advice.bounds import (
    BLOCKS,
    CAP,
    CROWDED,
    DETAIL,
    DIM,
    DIRECTED,
    EQUAL,
    FAR,
    LATERAL,
    LIT,
    PARTED,
    SHUT,
    SMALL,
    TENSE,
    TURNED,
)  # fmt: skip

Values = Mapping[str, float]  # native values by "attribute.Name"
Sentence = Callable[[float, Values], str]


@dataclass(frozen=True)
class Fault:
    """One way in which a measure can be off.

    Attributes:
        measure: "attribute.Name".
        side: -1 where too low a value is the fault, 1 where too high a one is.
        family: what is wrong, in two or three words; of a family only the worst is told.
        sentence: from the measure's native value, with its side, and all others.
        advice: what to do about it.
        leads: whether it is told before all others: it names a kind where they name a symptom.
        applies: whether it is told at all, by the other values.
        beside: the attribute that it speaks against, where that is not the measure's own.
    """

    measure: str
    side: int
    family: str
    sentence: Sentence
    advice: str
    leads: bool = False
    applies: Callable[[Values], bool] = lambda values: True
    beside: str = ""

    @property
    def attribute(self) -> str:
        """The key of the attribute that it speaks against."""
        return self.beside or self.measure.split(".")[0]


def _times(stops: float) -> str:
    """How many times brighter so many stops are."""
    factor = 2.0 ** abs(stops)
    return f"{factor:.1f}" if factor < 9.95 else f"{factor:.0f}"


def _share(value: float) -> str:
    value = abs(value)
    return f"{100 * value:.0f} %" if value >= 0.0095 else f"{100 * value:.1f} %"


def _horizontal(value: float) -> str:
    return "right" if value > 0 else "left"


def _side_light(value: float, values: Values) -> str:
    ratio = values.get("lighting.SideRatio", 0.0)
    if abs(ratio) < 0.3:  # the cheeks agree: the light changes elsewhere on the face
        return "the light on the face is uneven from side to side"
    lit, dim = _horizontal(ratio), _horizontal(-ratio)
    return f"the {lit} half of the face is {_times(ratio)} times brighter than the {dim}"


def _gaze(value: float, values: Values) -> str:
    yaw, pitch = values.get("expression.GazeYaw", 0.0), values.get("expression.GazePitch", 0.0)
    if abs(yaw) >= abs(pitch):
        where = f"to the {_horizontal(yaw)}"
    else:
        where = "down" if pitch > 0 else "up"
    return f"the eyes look past the camera, about {hypot(yaw, pitch):.0f} degrees {where}"


def _clutter(value: float, values: Values) -> str:
    x, y = values.get("background.ClutterX", 0.5), values.get("background.ClutterY", 0.5)
    if abs(x - 0.5) < LATERAL:
        place = "around the head" if y <= 2 / 3 else "beside the body"
    else:
        place = f"on the {_horizontal(x - 0.5)}"
    return f"the background is not plain: objects, edges, or patterns show, most of all {place}"


def _tilt(value: float, values: Values) -> str:
    way = "clockwise" if value > 0 else "counter-clockwise"
    roll = values.get("framing.HeadPoseRoll", value)
    return f"head and shoulders lean {way}, the head by about {abs(roll):.0f} degrees"


def _yaw(value: float, values: Values) -> str:
    if abs(value) > FAR:  # so far the angle itself is not measured well
        return f"the head is turned far to the {_horizontal(value)}"
    return f"the head is turned about {abs(value):.0f} degrees to the {_horizontal(value)}"


def _pitch(value: float, values: Values) -> str:
    return f"the head is tipped {abs(value):.0f} degrees {'down' if value > 0 else 'up'}"


_LIGHT = "Face a window or a large lamp, so that both halves of the face are equally bright."
_SOFTER = "Use softer light: a bright window without direct sun, or open shade."
_BRIGHTER = "Take it in brighter light, or raise the exposure."
_DARKER = "Lower the exposure, or step out of direct light."
_COLOUR = "Set the white balance, and use one kind of light: daylight, without lamps beside it."
_BEHIND = "Turn around, so that the bright window or sky is behind the camera."
_PLAIN = "Stand before a plain wall, or a metre or two farther from what is behind you."
_EDIT_OUT = "Take it where nobody else is in the picture, or crop the other person away."
_LOOKALIKE = (
    "Crop a hand or another person away; before wood or walls of that colour, choose another place."
)
_CLOSER = "Crop closer, or step nearer to the camera."
_FARTHER = "Step back, or use a version that was cropped less."
_CENTRE = "Crop so that the face is in the middle from left to right."
_HEADROOM = "Leave a little space above the head."
_SHOULDERS = "Leave space below the chin, down to the upper chest."
_STRAIGHT = "Straighten the picture until the head stands upright."
_LENS = "Look straight into the lens."
_EYES = "Take it again with the eyes open."
_MOUTH = "Close the mouth, or smile with the teeth together."
_SMILE = "Relax the face and let the corners of the mouth lift a little."
_FOCUS = "Focus on the eyes, hold the camera still, and use more light."
_ORIGINAL = "Use the original file: this one was shrunk or compressed too much."


def _is_frontal(values: Values) -> bool:
    """Whether both eyes and the whole mouth face the camera, large enough to be measured."""
    return _faces_camera(values) and values.get("sharpness.FaceResolution", 9.0) > SMALL


def _is_shaded_by_light(values: Values) -> bool:
    """Whether light may explain how top and bottom differ: a cap or a beard does more."""
    return abs(values.get("lighting.TopLight", 0.0)) < CAP


def _faces_camera(values: Values) -> bool:
    return abs(values.get("framing.HeadPoseYaw", 0.0)) < TURNED


def _is_motion(values: Values) -> bool:
    """Whether what is missing is missing in one direction, and not everywhere."""
    return (
        values.get("sharpness.FaceResolution", 9.0) > SMALL
        and values.get("sharpness.SpectralCutoff", 0.0) > DETAIL
        and values.get("sharpness.DirectionalBlur", 0.0) > DIRECTED
    )


def _fixed(text: str) -> Sentence:
    return lambda value, values: text


FAULTS: tuple[Fault, ...] = (
    # --- lighting
    Fault("lighting.SideLight", 1, "light from one side", _side_light, _LIGHT),
    Fault("lighting.IlluminationUniformity", -1, "light from one side", _side_light, _LIGHT),
    Fault("lighting.DiffuseContrast", 1, "uneven light", lambda v, o:
          f"the light on the face is uneven: it varies by {_share(v)} of its mean", _SOFTER),
    Fault("lighting.SkinContrast", 1, "uneven light", lambda v, o:
          f"bright parts of the face are {_times(v)} times brighter than dark ones", _SOFTER),
    Fault("lighting.ShadowEdges", 1, "hard shadows",
          _fixed("shadows on the face have hard edges"), _SOFTER),
    Fault("lighting.TopLight", 1, "light from above",
          _fixed("the light comes from above: the forehead is brighter than the chin"),
          "Lower the lamp, or move away from the one above you.", applies=_is_shaded_by_light),
    Fault("lighting.TopLight", -1, "light from below",
          _fixed("the light comes from below: the chin is brighter than the forehead"),
          "Raise the lamp to the height of the eyes, or a little above.",
          applies=_is_shaded_by_light),
    Fault("lighting.NoseLight", 1, "shine",
          _fixed("the nose is much brighter than the cheeks"), _SOFTER),
    Fault("lighting.BackLight", 1, "light from behind", lambda v, o:
          f"the background is {_times(v)} times brighter than the face", _BEHIND),
    Fault("lighting.LuminanceMean", -1, "too dark", lambda v, o:
          f"the face is dark: {_share(v)} of full brightness on average", _BRIGHTER),
    Fault("lighting.LuminanceMean", 1, "too bright", lambda v, o:
          f"the face is very bright: {_share(v)} of full brightness on average", _DARKER),
    Fault("lighting.SkinHighlight", -1, "too dark", lambda v, o:
          f"the face is dark: its bright skin is {_times(v)} times darker than white", _BRIGHTER),
    Fault("lighting.SkinHighlight", 1, "too bright", lambda v, o:
          f"the face is too bright: its bright skin is within {abs(v):.1f} stops of white",
          _DARKER),
    Fault("lighting.WhiteLevel", -1, "eyes in shadow",
          _fixed("the eyes lie in shadow: the light comes from above or from behind"), _LIGHT,
          applies=lambda o: o.get("lighting.SkinHighlight", 0.0) > DIM),
    Fault("lighting.UnderExposurePrevention", 1, "too dark", lambda v, o:
          f"{_share(v)} of the face is nearly black", _BRIGHTER),
    Fault("lighting.OverExposurePrevention", 1, "too bright", lambda v, o:
          f"{_share(v)} of the face is nearly white", _DARKER),
    Fault("lighting.BlownHighlights", 1, "too bright", lambda v, o:
          f"{_share(max(0.0, 10**v - 0.001))} of the face is blown out to the brightest value",
          _DARKER),
    Fault("lighting.SkinRedness", 1, "colour cast", _fixed("the skin looks too red"), _COLOUR),
    Fault("lighting.SkinRedness", -1, "colour cast",
          _fixed("the skin looks pale or greenish"), _COLOUR,
          applies=lambda o: o.get("lighting.LuminanceMean", 1.0) > LIT),
    Fault("lighting.SkinYellowness", 1, "colour cast",
          _fixed("the skin looks too yellow"), _COLOUR),
    Fault("lighting.SkinYellowness", -1, "colour cast",
          _fixed("the skin looks too blue"), _COLOUR),
    Fault("lighting.ColourSpread", 1, "mixed colours",
          _fixed("light of different colours falls on the face"), _COLOUR),
    # --- background
    Fault("background.BackgroundClutter", 1, "clutter", _clutter, _PLAIN),
    Fault("background.BackgroundSpots", 1, "clutter",
          _fixed("the background has patches of different light or colour"), _PLAIN),
    Fault("background.OtherSkin", 1, "somebody else", lambda v, o:
          f"something of the colour of skin shows beside the head: {_share(v)} of the picture",
          _LOOKALIKE),
    Fault("background.SingleFacePresent", 1, "somebody else",
          _fixed("there is another face in the picture"), _EDIT_OUT),
    # --- expression
    Fault("expression.GazeAngle", 1, "looks elsewhere", _gaze, _LENS,
          applies=lambda o: not (
              _is_frontal(o) and SHUT.passed(o.get("expression.EyeOpenness", 1.0)))),
    Fault("expression.EyeOpenness", -1, "eyes closed", lambda v, o:
          "the eyes are closed" if v < 0.1 else "the eyes are nearly closed", _EYES,
          applies=_is_frontal),
    Fault("expression.EyesOpen", -1, "eyes closed", lambda v, o:
          "the eyes are closed" if v < 0.04 else "the eyes are nearly closed", _EYES,
          applies=_is_frontal),
    Fault("expression.EyeAsymmetry", 1, "eyes closed", lambda v, o:
          f"one eye is {_share(v)} more closed than the other", _EYES,
          applies=_is_frontal),
    Fault("expression.MouthOpenBeyondSmile", 1, "mouth open", lambda v, o:
          f"the mouth is open wider than in a calm smile, by {_share(v)} of its width", _MOUTH),
    Fault("expression.MouthCavity", 1, "mouth open",
          _fixed("the mouth is open: one sees into it"), _MOUTH,
          applies=lambda o: o.get("expression.MouthClosed", 1.0) > PARTED),
    Fault("expression.MouthClosed", 1, "mouth open", lambda v, o:
          f"the mouth is open by {_share(v)} of the head's height", _MOUTH),
    Fault("expression.MouthCornerHeight", -1, "sad or stern mouth",
          _fixed("the corners of the mouth hang: a slight smile looks friendlier"), _SMILE,
          applies=lambda o: _is_frontal(o)  # of an open mouth they say nothing of a mood
          and o.get("expression.MouthClosed", 0.0) <= PARTED),
    Fault("expression.Agitation", 1, "strong emotion", lambda v, o:
          f"the face looks tense, surprised, or angry (probability {_share(v)})", _SMILE,
          applies=lambda o: TENSE.passed(o.get("expression.Agitation", 0.0))),
    Fault("expression.BrowHeight", -1, "frown",
          _fixed("the brows are drawn down"), _SMILE),
    Fault("framing.HeadPoseYaw", 1, "head turned", _yaw, "Turn the face to the camera.",
          beside="expression"),
    Fault("framing.HeadPosePitch", 1, "head tipped", _pitch,
          "Hold the camera at the height of the eyes.", beside="expression"),
    # --- framing
    Fault("framing.HeadSize", -1, "too far away", lambda v, o:
          f"the head is small: {_share(v)} of the picture's height from the eyes to the chin",
          _CLOSER),
    Fault("framing.HeadSize", 1, "too close", lambda v, o:
          f"the head is large: {_share(v)} of the picture's height from the eyes to the chin",
          _FARTHER),
    Fault("framing.HeadCutAtTheTop", 1, "head cut off", lambda v, o:
          f"the top of the head is cut off, by {_share(v)} of the face's height", _HEADROOM),
    Fault("framing.ChinCut", 1, "chin cut off",
          _fixed("the chin is cut off by the lower border"), _SHOULDERS),
    Fault("framing.MarginBelowOfTheFaceImage", -1, "no shoulders", lambda v, o:
          "there is little space below the chin", _SHOULDERS),
    Fault("framing.MarginAboveOfTheFaceImage", -1, "head cut off",
          _fixed("there is next to no space above the eyes"), _HEADROOM,
          applies=lambda o: CROWDED.passed(o.get("framing.MarginAboveOfTheFaceImage", 0.0))),
    Fault("framing.HorizontalOffset", 1, "off centre", lambda v, o:
          f"the face is {_share(v)} of the picture's width {_horizontal(v)} of the centre",
          _CENTRE),
    Fault("framing.VerticalOffset", 1, "too low", lambda v, o:
          f"the face is {_share(v)} of the picture's height below the centre",
          "Crop so that the eyes lie a little above the middle."),
    Fault("framing.VerticalOffset", -1, "too high", lambda v, o:
          f"the face is {_share(v)} of the picture's height above the centre",
          "Crop so that the eyes lie a little above the middle."),
    Fault("framing.PictureTilt", 1, "tilted", _tilt, _STRAIGHT),
    # --- sharpness
    Fault("sharpness.CompressionArtifacts", 1, "compressed",
          _fixed("blocks of strong JPEG compression show"), _ORIGINAL, leads=True,
          applies=lambda o: BLOCKS.passed(o.get("sharpness.CompressionArtifacts", 0.0))
          and not EQUAL.passed(o.get("sharpness.RepeatedPixels", 0.0))),
    Fault("sharpness.RepeatedPixels", 1, "few pixels", lambda v, o:
          f"it was enlarged from a small picture: {_share(v)} of neighbouring pixels are equal",
          _ORIGINAL, leads=True,
          applies=lambda o: EQUAL.passed(o.get("sharpness.RepeatedPixels", 0.0))),
    Fault("sharpness.DirectionalBlur", 1, "blurred",
          _fixed("the face is blurred most of all in one direction: the camera or head moved"),
          _FOCUS, leads=True, applies=_is_motion),
    Fault("sharpness.EyeDetail", -1, "blurred",
          _fixed("the eyes lack fine detail: the face is blurred"), _FOCUS,
          applies=_faces_camera),
    Fault("sharpness.EyeContours", -1, "blurred",
          _fixed("lashes and brows have soft contours: the face is blurred"), _FOCUS,
          applies=_faces_camera),
    Fault("sharpness.ViewedEyeContours", -1, "blurred",
          _fixed("the eyes look soft at viewing size"), _FOCUS,
          applies=_faces_camera),
    Fault("sharpness.ViewedDetail", -1, "blurred",
          _fixed("the face lacks detail at viewing size"), _FOCUS),
    Fault("sharpness.ViewedEdges", -1, "blurred",
          _fixed("edges on the face look soft at viewing size"), _FOCUS),
    Fault("sharpness.Sharpness", -1, "blurred",
          _fixed("edges on the face are soft"), _FOCUS),
    Fault("sharpness.FaceResolution", -1, "few pixels", lambda v, o:
          f"the face has few pixels: about {2**v:.0f} from forehead to chin", _ORIGINAL),
)  # fmt: skip

# Where no measure names the fault: what the model may have seen, and what helps then.
UNNAMED: dict[str, tuple[str, str]] = {
    "lighting": ("the light on the face looks poor", _LIGHT),
    "background": ("the background looks distracting", _PLAIN),
    "attire": (
        "the clothes look casual",
        "Wear a jacket or blazer, or a plain shirt or blouse with a collar.",
    ),
    "expression": ("the expression looks unprofessional", _SMILE),
    "framing": ("the picture is not framed as head and shoulders", _CENTRE),
    "sharpness": ("the face looks unsharp", _FOCUS),
}


def rule_advice(key: str, rule: str) -> str:
    """What to do about what a rule of `looks.rules` calls bad."""
    if key == "background":
        return _EDIT_OUT
    if "no head" in rule:
        return "Face the camera, with the whole head in the picture and large enough."
    return _STRAIGHT if "not upright" in rule else _CLOSER
