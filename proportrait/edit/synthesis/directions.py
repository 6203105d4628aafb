"""What is seen of a built-in face as a linear function of its style, and how to move the style.

The smallest change of the style that reaches what is wanted, and holds all the rest, keeps the
person: mouth, brows, and eyes move, or the clothes and what stands behind, while sex, age, skin,
hair, light, and the embedding of identity stay. Where identity is not held, angry faces turn
younger and laughing men into women; suits come with grey hair; and a covariance-weighted change
turns adults into children.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from proportrait.arrays import Float, Mask
from proportrait.edit.data import load_arrays, mean_style

# Coordinates of the embedding of identity that tell most faces apart, as the model names them.
IDENTITIES: tuple[str, ...] = tuple(f"identity_{i}" for i in range(8))
# What raters said of faces, see fit_traits.py. "clean" (background), "formal" (clothes), "even"
# (light), "child", and "man" are log odds, "age" is a band from 0 to 3, "tone" of skin in degrees.
TRAITS: tuple[str, ...] = ("clean", "formal", "even", "child", "man", "age", "tone")
RIMS = "rims"
BEHIND = ("behind_luminance", "behind_red", "behind_yellow")
HELD: tuple[str, ...] = (
    "yaw", "side", "luminance", "red", "yellow", "hair", *BEHIND, *IDENTITIES, *TRAITS,
)  # fmt: skip
# The source puts spectacles on whoever squints. From so many standard deviations on a face wears
# some (98 % of 73 that do, 0.4 % of those that don't); the others are led away from them.
_WEARS, _NO_RIMS = 0.8, 1.5
# A portrait is about frontal, of a grown person, and lit evenly enough to be lit anew.
_YAW, _CHILD, _EVEN = 0.9, -0.3, 0.3


@dataclass(frozen=True, eq=False)
class Directions:
    """look = weights (n, 512) @ (style - mean style) + intercept (n,), by name.

    What is measured on faces is in standard deviations of the source, traits as `TRAITS` says.
    """

    names: tuple[str, ...]
    weights: Float
    intercept: Float

    def tell(self, styles: Float, names: Sequence[str]) -> dict[str, Float]:
        """What faces (n, 512) look like: (n,) each."""
        offset = styles - mean_style()
        rows = [self.names.index(name) for name in names]
        return {
            n: offset @ self.weights[i] + self.intercept[i]
            for n, i in zip(names, rows, strict=True)
        }

    def change(
        self, style: Float, wanted: Mapping[str, float], held: Sequence[str] = (*HELD, RIMS)
    ) -> Float:
        """The smallest change (512,) of a style that brings looks to `wanted` and holds `held`.

        Whoever wears no spectacles is led away from them, where they are held.
        """
        names = [*wanted, *(name for name in held if name not in wanted)]
        rows = [self.names.index(name) for name in names]
        a = self.weights[rows].astype(np.float64)
        now = a @ (style - mean_style()) + self.intercept[rows]
        target = np.array([*wanted.values(), *now[len(wanted) :]])
        if RIMS in held and now[names.index(RIMS)] < _WEARS:
            target[names.index(RIMS)] -= _NO_RIMS
        # Traits and looks differ in scale: of equal length, none of them weighs more.
        length = np.linalg.norm(a, axis=1)
        unit = a / length[:, None]
        step = unit.T @ np.linalg.solve(
            unit @ unit.T + 1e-6 * np.eye(len(rows)), (target - now) / length
        )
        return np.asarray(step, np.float32)


def presentable(styles: Float) -> Mask:
    """Which faces (n, 512) are worth a portrait: (n,).

    Children are left out: hardly one of them wears what is called professional.
    """
    told = directions().tell(styles, ("yaw", "child", "even"))
    fit = (np.abs(told["yaw"]) < _YAW) & (told["child"] < _CHILD) & (told["even"] > _EVEN)
    return np.asarray(fit)


@cache
def directions() -> Directions:
    """The fitted model that ships with the package (see fit_directions.py and fit_traits.py)."""
    looks, traits = load_arrays("directions"), load_arrays("traits")
    return Directions(
        (*map(str, looks["names"]), *TRAITS),
        np.concatenate([looks["weights"], traits["weights"]]),
        np.concatenate([looks["intercept"], traits["intercept"]]),
    )
