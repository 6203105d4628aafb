"""The lights of a portrait: what stands where in each kind of good and bad lighting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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
    """

    direction: Colour
    strength: float
    colour: Colour = WHITE
    size: float = 0.2
    shadow: float = 1.0
    shine: float = 0.05


@dataclass(frozen=True)
class Rig:
    """A way to light a person and the place behind.

    Attributes:
        lights: the lamps.
        ambient: light from everywhere.
        sky: [-1, 1], how much more of the ambient light comes from above than from below.
        flatten: [0, 1], how much of the light in the source picture is taken away first.
        exposure: stops over (+) or under (-) the right exposure of the person's brighter skin.
        clip_face: if set, the exposure rises until this share of the face's skin is blown out.
        backdrop: light on the background, relative to the source.
        whole: the background gets the person's exposure too: only the camera was set wrongly.
        backdrop_ramp: (x, y), change of the backdrop across the picture.
        glow: [0, 1], how far the background burns out to white.
        wall_shadow: the person's shadow on a wall behind: -1 to the left, 1 to the right, 0 none.
        rim: light along the person's outline.
        veil: stray light over the whole picture.
        hard_clip: highlights clip instead of bending over.
        grain: camera noise, see `tone.grain`.
        contrast: 1 keeps the tone curve.
        grey: the picture is black and white.
    """

    lights: tuple[Light, ...] = ()
    ambient: Colour = WHITE
    sky: float = 0.0
    flatten: float = 0.9
    exposure: float = 0.0
    clip_face: float | None = None
    backdrop: Colour = WHITE
    whole: bool = False
    backdrop_ramp: tuple[float, float] = (0.0, 0.0)
    glow: float = 0.0
    wall_shadow: float = 0.0
    rim: float = 0.0
    veil: float = 0.0
    hard_clip: bool = False
    grain: float = 0.004
    contrast: float = 1.0
    grey: bool = False


def _grey(value: float) -> Colour:
    return (value, value, value)


# --- good -----------------------------------------------------------------------------------------


def natural(rng: np.random.Generator) -> Rig:
    """The light of the source, evened out only as far as it needs it."""
    return Rig(flatten=0.0, grain=0.0)


def frontal(rng: np.random.Generator) -> Rig:
    """A big soft lamp beside the camera."""
    lamp = Light((rng.uniform(-0.15, 0.15), -0.35, 1.0), 0.55, size=0.8, shadow=0.3, shine=0.02)
    return Rig((lamp,), _grey(0.5), sky=0.15, exposure=rng.uniform(-0.1, 0.15))


def clamshell(rng: np.random.Generator) -> Rig:
    """A key lamp above the camera and a weaker one or a reflector below."""
    key = Light((rng.uniform(-0.1, 0.1), -0.7, 1.0), 0.65, size=0.7, shadow=0.45, shine=0.04)
    fill = Light((0.0, 0.6, 1.0), rng.uniform(0.2, 0.3), size=0.8, shadow=0.0, shine=0.01)
    return Rig((key, fill), _grey(0.32), exposure=rng.uniform(-0.05, 0.2))


def loop(rng: np.random.Generator) -> Rig:
    """A soft key lamp a little to one side, well filled: gentle modelling."""
    side = rng.choice([-1.0, 1.0])
    key = Light((side * rng.uniform(0.35, 0.5), -0.5, 1.0), 0.55, size=0.6, shadow=0.5, shine=0.04)
    return Rig((key,), _grey(0.55), sky=0.1, exposure=rng.uniform(-0.1, 0.1))


def window(rng: np.random.Generator) -> Rig:
    """A large window to one side, the room fills the other: soft and slightly cool."""
    side = rng.choice([-1.0, 1.0])
    key = Light((side * 0.75, -0.2, 0.9), 0.40, (0.97, 1.0, 1.04), 1.0, shadow=0.25, shine=0.03)
    ramp = (side * 0.12, 0.0)
    return Rig((key,), (0.63, 0.62, 0.61), exposure=rng.uniform(-0.1, 0.15), backdrop_ramp=ramp)


def low_key(rng: np.random.Generator) -> Rig:
    """Dark surroundings, an evenly lit face."""
    lamp = Light((rng.uniform(-0.25, 0.25), -0.45, 1.0), 0.7, size=0.6, shadow=0.45, shine=0.05)
    return Rig(
        (lamp,),
        _grey(0.36),
        exposure=rng.uniform(-0.45, -0.2),
        backdrop=_grey(rng.uniform(0.25, 0.5)),
        contrast=1.08,
    )


def high_key(rng: np.random.Generator) -> Rig:
    """Bright surroundings, a bright face that keeps its detail."""
    lamp = Light((rng.uniform(-0.1, 0.1), -0.3, 1.0), 0.4, size=1.0, shadow=0.2, shine=0.01)
    return Rig(
        (lamp,),
        _grey(0.65),
        sky=0.1,
        exposure=rng.uniform(0.2, 0.4),
        backdrop=_grey(rng.uniform(1.2, 1.5)),
        glow=rng.uniform(0.05, 0.15),
        contrast=0.96,
    )


def monochrome(rng: np.random.Generator) -> Rig:
    """Black and white, even light."""
    lamp = Light((rng.uniform(-0.3, 0.3), -0.4, 1.0), 0.55, size=0.7, shadow=0.4, shine=0.04)
    return Rig(
        (lamp,),
        _grey(0.5),
        exposure=rng.uniform(-0.2, 0.2),
        contrast=rng.uniform(1.0, 1.2),
        grain=rng.uniform(0.004, 0.012),
        grey=True,
    )


def crisp(rng: np.random.Generator) -> Rig:
    """Even light printed with much contrast."""
    lamp = Light((rng.uniform(-0.25, 0.25), -0.4, 1.0), 0.65, size=0.4, shadow=0.45, shine=0.06)
    return Rig((lamp,), _grey(0.42), contrast=rng.uniform(1.15, 1.3))


# --- bad ------------------------------------------------------------------------------------------


def _side(rng: np.random.Generator, side: float) -> Rig:
    key = Light(
        (side, rng.uniform(-0.45, -0.1), rng.uniform(0.05, 0.25)),
        1.25,
        (1.0, 0.98, 0.95),
        size=rng.uniform(0.06, 0.2),
        shine=0.12,
    )
    fill = rng.uniform(0.035, 0.075)
    return Rig(
        (key,),
        (fill * 0.92, fill, fill * 1.1),
        exposure=rng.uniform(0.1, 0.35),
        backdrop=_grey(rng.uniform(0.35, 0.7)),
        backdrop_ramp=(-0.4 * side, 0.0),
        grain=0.008,
    )


def _split(rng: np.random.Generator, side: float) -> Rig:
    key = Light(
        (side, rng.uniform(-0.3, 0.0), rng.uniform(-0.05, 0.12)),
        1.5,
        (1.0, 0.97, 0.92),
        size=rng.uniform(0.08, 0.2),
        shine=0.15,
    )
    fill = rng.uniform(0.02, 0.05)
    return Rig(
        (key,),
        (fill * 0.9, fill, fill * 1.15),
        exposure=rng.uniform(0.0, 0.25),
        backdrop=_grey(rng.uniform(0.15, 0.4)),
        backdrop_ramp=(-0.4 * side, 0.0),
        grain=0.01,
    )


def top(rng: np.random.Generator) -> Rig:
    """A bare lamp or the noon sun overhead: dark eye sockets, a shadow under the nose."""
    key = Light(
        (rng.uniform(-0.2, 0.2), -1.0, rng.uniform(0.12, 0.28)),
        1.35,
        (1.0, 0.98, 0.94),
        size=rng.uniform(0.1, 0.2),
        shine=0.15,
    )
    fill = rng.uniform(0.05, 0.09)
    return Rig(
        (key,),
        (fill * 0.95, fill, fill * 1.08),
        exposure=rng.uniform(0.25, 0.5),
        backdrop=_grey(rng.uniform(0.4, 0.8)),
        backdrop_ramp=(0.0, -0.3),
        grain=0.008,
    )


def under(rng: np.random.Generator) -> Rig:
    """A lamp or a screen below the chin."""
    cool = bool(rng.random() < 0.5)
    key = Light(
        (rng.uniform(-0.12, 0.12), 1.0, rng.uniform(0.35, 0.55)),
        1.2,
        (0.88, 0.98, 1.1) if cool else (1.08, 0.98, 0.84),
        size=rng.uniform(0.4, 0.6),
        shadow=0.6,
        shine=0.1,
    )
    fill = rng.uniform(0.03, 0.06)
    return Rig(
        (key,),
        _grey(fill),
        sky=-0.3,
        exposure=rng.uniform(-0.1, 0.2),
        backdrop=_grey(rng.uniform(0.12, 0.35)),
        backdrop_ramp=(0.0, 0.3),
        grain=0.012,
    )


def back(rng: np.random.Generator) -> Rig:
    """The light stands behind the person: a dark face before a burnt-out background."""
    return Rig(
        (),
        (1.0, 0.98, 1.0),
        sky=0.25,
        flatten=0.7,
        exposure=rng.uniform(-2.6, -1.9),
        backdrop=_grey(rng.uniform(1.8, 2.6)),
        glow=rng.uniform(0.55, 0.9),
        rim=rng.uniform(0.5, 0.9),
        veil=rng.uniform(0.02, 0.06),
        grain=0.012,
    )


def flash(rng: np.random.Generator) -> Rig:
    """A bare flash on the camera: blown shine, a flat face, a black room."""
    side = rng.choice([-1.0, 1.0])
    key = Light((side * 0.06, -0.1, 1.0), 1.3, size=0.03, shadow=1.0, shine=1.0)
    return Rig(
        (key,),
        _grey(0.04),
        flatten=0.6,
        clip_face=rng.uniform(0.2, 0.35),
        backdrop=_grey(rng.uniform(0.06, 0.25)),
        wall_shadow=-side * float(rng.random() < 0.7),
        hard_clip=True,
        contrast=1.1,
        grain=0.006,
    )


def dark(rng: np.random.Generator) -> Rig:
    """Underexposed by three stops and more."""
    return Rig(
        ambient=(0.96, 1.0, 1.05),
        flatten=0.0,
        exposure=-rng.uniform(2.9, 3.9),
        whole=True,
        grain=rng.uniform(0.015, 0.035),
    )


def over(rng: np.random.Generator) -> Rig:
    """Overexposed until skin burns out."""
    return Rig(
        flatten=0.3,
        clip_face=rng.uniform(0.45, 0.75),
        whole=True,
        hard_clip=True,
        veil=rng.uniform(0.02, 0.05),
        glow=rng.uniform(0.4, 0.8),
        grain=0.003,
    )


# Pairs that are met on stages and in bars; both keep some of every colour, as filtered lamps do.
_GELS: tuple[tuple[Colour, Colour], ...] = (
    ((1.0, 0.18, 0.14), (0.12, 0.30, 1.0)),
    ((1.0, 0.45, 0.10), (0.08, 0.65, 0.85)),
    ((1.0, 0.15, 0.35), (0.15, 0.35, 1.0)),
    ((1.0, 0.35, 0.12), (0.45, 0.15, 1.0)),
)


def stage(rng: np.random.Generator) -> Rig:
    """Coloured stage lamps from both sides."""
    side = rng.choice([-1.0, 1.0])
    one, other = _GELS[int(rng.integers(len(_GELS)))]
    lights = (
        Light((side, -0.35, 0.55), 1.15, one, size=0.25, shine=0.1),
        Light((-side, -0.25, 0.35), rng.uniform(0.7, 1.1), other, size=0.25, shine=0.1),
    )
    red, green, blue = (0.16 * (a + b) + 0.05 for a, b in zip(one, other, strict=True))
    return Rig(
        lights,
        _grey(rng.uniform(0.05, 0.09)),
        exposure=rng.uniform(-0.3, 0.1),
        backdrop=(red, green, blue),
        backdrop_ramp=(-0.3 * side, 0.0),
        grain=0.012,
    )


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
BAD: dict[str, RigMaker] = {
    "side_left": lambda rng: _side(rng, -1.0),
    "side_right": lambda rng: _side(rng, 1.0),
    "split_left": lambda rng: _split(rng, -1.0),
    "split_right": lambda rng: _split(rng, 1.0),
    "top": top,
    "under": under,
    "back": back,
    "flash": flash,
    "dark": dark,
    "over": over,
    "stage": stage,
}
