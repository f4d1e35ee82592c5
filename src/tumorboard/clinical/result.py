"""The result of one score for one patient: an interval, every possible group, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScoreResult:
    """One score of one patient.

    Parameters
    ----------
    points : tuple of float or None
        Smallest and largest possible number of points; None where the score has no points or does not apply.
    group : tuple of str
        Every possible group, the best outcome first; empty where the score does not apply.
    missing : tuple of str
        The unknown inputs that could change the points, the group, or whether the score applies.
    proxy : tuple of str
        The inputs that stand in for what the score was built on.
    notes : tuple of str
        What a reader has to know, in sentences.
    """

    points: tuple[float, float] | None
    group: tuple[str, ...]
    missing: tuple[str, ...] = ()
    proxy: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether the score is meant for this patient, or may be."""
        return bool(self.group)

    @property
    def exact(self) -> bool:
        """Whether there is one group and one number of points."""
        return len(self.group) == 1 and (self.points is None or self.points[0] == self.points[1])

    def to_json(self) -> dict[str, object]:
        """Return plain JSON types; whole numbers as integers.

        Returns
        -------
        dict
            ``points`` ([min, max] or None), ``group``, ``missing``, ``proxy`` and ``notes``.
        """
        return {
            "points": None if self.points is None else [_whole(points) for points in self.points],
            "group": list(self.group),
            "missing": list(self.missing),
            "proxy": list(self.proxy),
            "notes": list(self.notes),
        }


def _whole(points: float) -> int | float:
    return int(points) if float(points).is_integer() else float(points)
