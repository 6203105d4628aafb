"""What stands where in each kind of bad lighting."""

from __future__ import annotations

import numpy as np

from proportrait.edit.retouch.lighting.good_rigs import Colour, Light, Rig, RigMaker, grey, tinted
from proportrait.tone import Camera

_WARM: Colour = (1.0, 0.97, 0.92)
_RED_KEPT: Colour = (1.08, 0.975, 1.03)  # skin in the shade would be greyer on average
_COOL: Colour = (0.95, 1.0, 1.08)  # what fills shadows: sky, and walls that the lamp does not reach


def _side(rng: np.random.Generator, side: float) -> Rig:
    """A window or a lamp far to one side in an unlit room: the other cheek sinks into shadow."""
    key = Light(
        (side, rng.uniform(-0.65, -0.25), rng.uniform(-0.05, 0.15)),
        1.2,
        _WARM,
        size=rng.uniform(0.45, 0.7),
        shadow=0.9,
        shine=0.02,
        fall=rng.uniform(0.3, 0.5),
    )
    return Rig(
        (key,),
        tinted(rng.uniform(0.05, 0.08), _COOL),
        flatten=0.85,
        exposure=rng.uniform(-0.3, 0.3),
        metered=True,
        backdrop=grey(rng.uniform(0.3, 0.65)),
        backdrop_ramp=(0.35 * side * rng.choice([-1.0, 1.0]), 0.0),
        camera=Camera(cast=_RED_KEPT, grain=0.007),
    )


def top(rng: np.random.Generator) -> Rig:
    """A lamp or the noon sun overhead: dark eye sockets, a dark neck."""
    key = Light(
        (rng.uniform(-0.3, 0.3), -1.0, rng.uniform(0.05, 0.18)),
        1.3,
        _WARM,
        size=rng.uniform(0.3, 0.45),
        shadow=0.9,
        shine=0.01,
        fall=rng.uniform(0.3, 0.5),
    )
    return Rig(
        (key,),
        tinted(rng.uniform(0.05, 0.08), _COOL),
        sky=-0.2,
        flatten=0.6,
        exposure=rng.uniform(-0.7, -0.1),
        metered=True,
        backdrop=grey(rng.uniform(0.4, 0.7)),
        backdrop_ramp=(0.0, -0.2),
        camera=Camera(grain=0.008, contrast=1.05),
    )


def under(rng: np.random.Generator) -> Rig:
    """A screen or a lamp below the chin in a dark room."""
    cool = bool(rng.random() < 0.6)
    key = Light(
        (rng.uniform(-0.3, 0.3), 1.0, rng.uniform(0.3, 0.45)),
        1.2,
        (0.82, 0.98, 1.15) if cool else (1.12, 0.97, 0.78),
        size=rng.uniform(0.7, 0.9),
        shadow=0.0,
        shine=0.02,
        fall=rng.uniform(1.8, 2.4),
    )
    return Rig(
        (key,),
        grey(rng.uniform(0.04, 0.08)),
        sky=-0.4,
        flatten=0.8,
        exposure=rng.uniform(0.1, 0.7),
        metered=True,
        backdrop=tinted(rng.uniform(0.08, 0.2), key.colour),
        backdrop_ramp=(0.0, 0.3),
        camera=Camera(grain=0.014, contrast=1.05),
    )


def back(rng: np.random.Generator) -> Rig:
    """The light stands behind the person: a dark face, and stray light over everything."""
    return Rig(
        (),
        (0.96, 0.98, 1.04),
        sky=0.25,
        flatten=0.4,
        level=rng.uniform(0.026, 0.04),
        backdrop=grey(rng.uniform(1.2, 1.8)),
        glow=(rng.uniform(1.5, 3.0), rng.uniform(-0.7, 0.7), rng.uniform(-0.9, -0.2)),
        camera=Camera(bloom=rng.uniform(0.06, 0.12), grain=0.012, soft=0.55),
    )


def flash(rng: np.random.Generator) -> Rig:
    """A bare flash on the camera: a flat, burnt, shining face, the room behind sinks away."""
    key = Light((rng.uniform(-0.12, 0.12), -0.15, 1.0), 1.2, size=0.25, shadow=0.0, shine=0.5)
    return Rig(
        (key,),
        grey(0.02),
        flatten=0.3,
        level=rng.uniform(0.65, 0.85),
        backdrop=grey(rng.uniform(0.35, 0.55)),
        camera=Camera(cast=(0.98, 1.0, 1.05), grain=0.006, soft=0.6, fade=0.6),
    )


def dark(rng: np.random.Generator) -> Rig:
    """Underexposed: a phone in a dim room."""
    return Rig(
        exposure=-rng.uniform(2.9, 3.8),
        whole=True,
        camera=Camera(
            cast=(1.05, 0.99, 0.92) if rng.random() < 0.5 else (0.95, 1.0, 1.07),
            grain=rng.uniform(0.015, 0.03),
            black=0.0007,
        ),
    )


def over(rng: np.random.Generator) -> Rig:
    """Overexposed: skin bends over to white, dark things keep their detail."""
    return Rig(
        flatten=0.2,
        level=rng.uniform(1.2, 1.6),
        whole=True,
        camera=Camera(bloom=rng.uniform(0.02, 0.05), grain=0.003, soft=0.5, fade=0.6),
    )


def _cast(
    rng: np.random.Generator, colour: Colour, exposure: tuple[float, float], direction: Colour
) -> Rig:
    """A room lit by one coloured lamp alone; the camera was balanced for daylight."""
    key = Light(direction, 1.0, size=0.35, shadow=0.7, shine=0.02, fall=0.3)
    stops = rng.uniform(*exposure)
    return Rig(
        (key,),
        grey(0.15),
        flatten=0.6,
        exposure=stops,
        backdrop=grey(rng.uniform(0.45, 0.75) * 2.0**stops),
        camera=Camera(cast=colour, grain=rng.uniform(0.008, 0.016)),
    )


def tungsten(rng: np.random.Generator) -> Rig:
    """Old bulbs or street lamps: everything is orange."""
    side = rng.choice([-1.0, 1.0]) * rng.uniform(0.7, 1.0)
    return _cast(rng, (1.4, 0.94, rng.uniform(0.25, 0.4)), (-0.6, -0.2), (side, -0.5, 0.5))


def fluorescent(rng: np.random.Generator) -> Rig:
    """Bare tubes at a ceiling: green, from above."""
    colour = (rng.uniform(0.72, 0.8), 1.1, rng.uniform(0.58, 0.7))
    return _cast(rng, colour, (-0.5, 0.0), (rng.uniform(-0.3, 0.3), -1.0, 0.3))


def evening(rng: np.random.Generator) -> Rig:
    """After sunset: everything is blue and dim."""
    colour = (rng.uniform(0.52, 0.64), 0.98, rng.uniform(1.6, 2.0))
    side = rng.choice([-1.0, 1.0]) * rng.uniform(0.7, 1.0)
    return _cast(rng, colour, (-1.6, -1.1), (side, -0.5, 0.4))


# Lamps of stages and bars; they keep some of every colour, as filtered lamps do.
_GELS: tuple[tuple[Colour, Colour], ...] = (
    ((1.0, 0.16, 0.14), (0.30, 0.34, 0.55)),
    ((1.0, 0.20, 0.55), (0.18, 0.30, 0.80)),
    ((0.35, 0.30, 1.0), (0.55, 0.38, 0.34)),
    ((0.95, 0.30, 0.85), (0.25, 0.40, 0.60)),
)


def stage(rng: np.random.Generator) -> Rig:
    """A coloured lamp from one side, a weaker one in another colour from the other."""
    side = rng.choice([-1.0, 1.0])
    one, other = _GELS[int(rng.integers(len(_GELS)))]
    lights = (
        Light((side, -0.4, 0.7), 1.1, one, size=0.5, shadow=0.5, shine=0.02, fall=0.2),
        Light((-side, -0.2, 0.6), rng.uniform(0.5, 0.8), other, size=0.6, shadow=0.4, fall=0.2),
    )
    return Rig(
        lights,
        grey(0.04),
        flatten=0.6,
        exposure=rng.uniform(-0.6, -0.2),
        backdrop=tinted(rng.uniform(0.15, 0.3), one),
        backdrop_ramp=(0.3 * side, 0.0),
        camera=Camera(grain=0.014, bloom=0.03),
    )


BAD: dict[str, RigMaker] = {
    "side_left": lambda rng: _side(rng, -1.0),
    "side_right": lambda rng: _side(rng, 1.0),
    "top": top,
    "under": under,
    "back": back,
    "flash": flash,
    "dark": dark,
    "over": over,
    "tungsten": tungsten,
    "fluorescent": fluorescent,
    "evening": evening,
    "stage": stage,
}
