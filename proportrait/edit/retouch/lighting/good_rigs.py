"""The lights of a portrait, and what stands where in each kind of good lighting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from proportrait.tone import Camera

Colour = tuple[float, float, float]
WHITE: Colour = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Light:
    """One lamp.

    Attributes:
        direction: towards the lamp; x right, y down, z towards the camera.
        strength: 1 lights a surface that faces it as the ambient light of strength 1 does.
        colour: of its light.
        size: half the lamp's angle as a tangent; 0.05 is hard, 0.6 a window or softbox.
        shadow: [0, 1], how much of its cast shadow is seen.
        shine: strength of its reflection on skin.
        fall: stops that it loses over the width of a face.
    """

    direction: Colour
    strength: float
    colour: Colour = WHITE
    size: float = 0.4
    shadow: float = 0.5
    shine: float = 0.0
    fall: float = 0.0


@dataclass(frozen=True)
class Rig:
    """A way to light a person and the place behind, and to take the picture.

    Attributes:
        lights: the lamps.
        ambient: light from everywhere.
        sky: [-1, 1], how much more of the ambient light comes from above than from below.
        flatten: [0, 1], how much of the light in the source picture is taken away first.
        exposure: stops over (+) or under (-) the right exposure of the person's brighter skin.
        metered: the right exposure is instead that of the face's mean value, as a camera meters.
        level: if set, the light that this skin is given instead, whatever its tone.
        backdrop: light on the background, relative to the source.
        whole: the background gets the person's exposure too: only the camera was set wrongly.
        backdrop_ramp: (x, y), change of the backdrop across the picture.
        glow: (strength, x, y) of a bright place behind the person; -1 is left or top, 1 is right
            or bottom.
        camera: takes the picture.
    """

    lights: tuple[Light, ...] = ()
    ambient: Colour = WHITE
    sky: float = 0.0
    flatten: float = 0.0
    exposure: float = 0.0
    metered: bool = False
    level: float | None = None
    backdrop: Colour = WHITE
    whole: bool = False
    backdrop_ramp: tuple[float, float] = (0.0, 0.0)
    glow: tuple[float, float, float] | None = None
    camera: Camera = field(default_factory=Camera)


def grey(value: float) -> Colour:
    return (value, value, value)


def tinted(value: float, colour: Colour) -> Colour:
    return (value * colour[0], value * colour[1], value * colour[2])


def natural(rng: np.random.Generator) -> Rig:
    """The light of the source, evened out only as far as it needs it."""
    return Rig(camera=Camera(grain=0.0))


def _soft(
    rng: np.random.Generator,
    lamp: tuple[float, float, float, float],
    exposure: tuple[float, float],
    backdrop: tuple[float, float] = (1.0, 1.0),
    camera: Camera | None = None,
) -> Rig:
    """One large lamp and much light from everywhere.

    Args:
        lamp: how far to a side it stands at most, how high, its strength, and its size; it and the
            light from everywhere give 1 together.
        exposure, backdrop: between which values they lie.
    """
    beside, up, strength, size = lamp
    light = Light((rng.uniform(-beside, beside), -up, 1.0), strength, size=size, shadow=0.3)
    return Rig(
        (light,),
        grey(1 - strength),
        sky=0.1,
        flatten=0.3,
        exposure=rng.uniform(*exposure),
        backdrop=grey(rng.uniform(*backdrop)),
        camera=Camera() if camera is None else camera,
    )


def frontal(rng: np.random.Generator) -> Rig:
    """A big soft lamp beside the camera."""
    return _soft(rng, (0.15, 0.35, 0.4, 0.8), (-0.1, 0.15))


def loop(rng: np.random.Generator) -> Rig:
    """A soft key lamp a little to one side, well filled: gentle modelling."""
    return _soft(rng, (0.5, 0.45, 0.45, 0.7), (-0.1, 0.1))


def low_key(rng: np.random.Generator) -> Rig:
    """Dark surroundings, an evenly lit face."""
    return _soft(rng, (0.25, 0.45, 0.5, 0.7), (-0.25, -0.05), (0.35, 0.6), Camera(contrast=1.04))


def high_key(rng: np.random.Generator) -> Rig:
    """Bright surroundings, a bright face that keeps its detail."""
    return _soft(rng, (0.1, 0.3, 0.3, 1.0), (0.15, 0.3), (1.2, 1.5), Camera(bloom=0.03))


def monochrome(rng: np.random.Generator) -> Rig:
    """Black and white, even light."""
    camera = Camera(contrast=rng.uniform(1.0, 1.12), grain=rng.uniform(0.004, 0.012), grey=True)
    return _soft(rng, (0.3, 0.4, 0.4, 0.7), (-0.15, 0.15), camera=camera)


def crisp(rng: np.random.Generator) -> Rig:
    """Even light printed with some contrast."""
    camera = Camera(contrast=rng.uniform(1.06, 1.15))
    return _soft(rng, (0.2, 0.4, 0.45, 0.6), (0.0, 0.0), camera=camera)


def clamshell(rng: np.random.Generator) -> Rig:
    """A key lamp above the camera and a weaker one or a reflector below."""
    key = Light((rng.uniform(-0.1, 0.1), -0.6, 1.0), 0.5, size=0.8, shadow=0.3)
    fill = Light((0.0, 0.6, 1.0), rng.uniform(0.15, 0.25), size=0.8, shadow=0.0)
    return Rig((key, fill), grey(0.45), flatten=0.4, exposure=rng.uniform(-0.05, 0.15))


def window(rng: np.random.Generator) -> Rig:
    """A large window to one side, the room fills the other: soft and slightly cool."""
    side = rng.choice([-1.0, 1.0])
    key = Light((side * 0.75, -0.2, 0.9), 0.35, (0.97, 1.0, 1.04), size=1.0, shadow=0.2)
    exposure, ramp = rng.uniform(-0.1, 0.15), (side * 0.1, 0.0)
    return Rig((key,), (0.68, 0.67, 0.66), 0.0, 0.4, exposure, backdrop_ramp=ramp)


RigMaker = Callable[[np.random.Generator], Rig]

GOOD: dict[str, RigMaker] = {
    "natural": natural,
    "frontal": frontal,
    "clamshell": clamshell,
    "loop": loop,
    "window": window,
    "low_key": low_key,
    "high_key": high_key,
    "monochrome": monochrome,
    "crisp": crisp,
}
