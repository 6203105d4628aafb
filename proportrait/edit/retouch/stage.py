"""The part of a scene that is edited: a window, and the rest of the head around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from proportrait.arrays import Float
from proportrait.edit.retouch.framing import Window, face_extent
from proportrait.faces import Face


@dataclass(frozen=True, eq=False)
class Stage:
    """The part of a scene that is edited: a window, and the rest of the head around it.

    Attributes:
        left, top: corner of the stage in px of the scene.
        scale: px of the stage for one px of the scene.
        width, height: size of the stage in its own px.
        inner: (x, y, size) of the window in the stage's px.
    """

    left: float
    top: float
    scale: float
    width: int
    height: int
    inner: tuple[int, int, int]

    @classmethod
    def around(cls, window: Window, face: Face, size: int) -> Stage:
        """A stage with the window at (size, size) px and the whole face."""
        scale = size / window.side
        points = face.landmarks[:, :2]
        margin = 0.35 * face_extent(face)[2]
        low, high = points.min(0) - margin, points.max(0) + margin
        before = [
            max(0, int(np.ceil((start - float(edge)) * scale)))
            for start, edge in ((window.left, low[0]), (window.top, low[1]))
        ]
        after = [
            max(0, int(np.ceil((float(edge) - end) * scale)))
            for end, edge in (
                (window.left + window.side, high[0]),
                (window.top + window.side, high[1]),
            )
        ]
        return cls(
            window.left - before[0] / scale,
            window.top - before[1] / scale,
            scale,
            before[0] + size + after[0],
            before[1] + size + after[1],
            (before[0], before[1], size),
        )

    def move(self, plane: Any, border: int) -> Any:
        """A plane or picture of the scene on the stage; `border` is OpenCV's border mode."""
        scale, reduction = self.scale, 1.0
        if scale < 0.7:
            # warpAffine does not filter, so average areas first.
            height, width = plane.shape[:2]
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            reduction = size[0] / width
            plane = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
        ratio = scale / reduction
        shift = [0.5 * ratio - 0.5 - edge * scale for edge in (self.left, self.top)]
        matrix = np.array([[ratio, 0, shift[0]], [0, ratio, shift[1]]])
        flags = cv2.INTER_CUBIC if plane.ndim == 3 else cv2.INTER_LINEAR
        return cv2.warpAffine(
            plane, matrix, (self.width, self.height), flags=flags, borderMode=border
        )

    def move_face(self, face: Face) -> Face:
        """The face in px of the stage."""
        corner = np.array([self.left, self.top], np.float32)
        landmarks = face.landmarks.copy()
        landmarks[:, :2] -= corner
        bbox = face.bbox - np.concatenate([corner, corner])
        scale = np.float32(self.scale)
        return Face(bbox * scale, landmarks * scale, face.score)

    def cut_face(self, face: Face) -> Face:
        """The face in px of the window's content."""
        on_stage = self.move_face(face)
        corner = np.array(self.inner[:2], np.float32)
        landmarks = on_stage.landmarks.copy()
        landmarks[:, :2] -= corner
        return Face(on_stage.bbox - np.concatenate([corner, corner]), landmarks, face.score)

    def surround(self, picture: Float) -> Float:
        """A picture of the window's size, mirrored outwards to the size of the stage."""
        x, y, size = self.inner
        bottom, right = self.height - y - size, self.width - x - size
        wide = cv2.copyMakeBorder(picture, y, bottom, x, right, cv2.BORDER_REFLECT)
        return np.asarray(wide, np.float32)

    def cut(self, image: Any) -> Any:
        """The window's part of a picture or plane on the stage."""
        x, y, size = self.inner
        return np.ascontiguousarray(image[y : y + size, x : x + size])
