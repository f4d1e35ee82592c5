"""What a user may choose about the scores."""

from __future__ import annotations

from dataclasses import dataclass

from tumorboard.errors import SettingsError


@dataclass(frozen=True)
class ScoreSettings:
    """Choices that the scores leave open; each is named, none is made in silence.

    Parameters
    ----------
    nx_as_n0 : bool
        Take NX as N0. The scores then list ``n`` as a proxy. An empty cell stays unknown.
    mx_as_m0 : bool
        Take MX as M0. The scores then list ``m`` as a proxy. An empty cell stays unknown.
    ssign_pt4_points : int
        What pT4 counts in SSIGN: 0 or 4. Sources disagree.

    Raises
    ------
    SettingsError
        If ``ssign_pt4_points`` is neither 0 nor 4.
    """

    nx_as_n0: bool = False
    mx_as_m0: bool = False
    ssign_pt4_points: int = 0

    def __post_init__(self) -> None:
        if self.ssign_pt4_points not in (0, 4):
            raise SettingsError(
                f"{self.ssign_pt4_points!r} is not allowed", where="SSIGN points of pT4", fix="Allowed: 0 or 4"
            )
