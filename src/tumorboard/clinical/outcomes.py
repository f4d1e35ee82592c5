"""What a published score says about outcome: one record a group, with its source and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedOutcome:
    """The outcome that was published for one group, or one number of points.

    Parameters
    ----------
    group : str
        The group's name, or the points.
    measure : str
        What was measured, for example ``5-year DSS``.
    value : float
        The figure.
    unit : str
        ``%`` or ``months``.
    source : str
        Where the figure stands.
    read : bool
        True where the figure was read in its source or that source's abstract; False where it still has to be checked.
    """

    group: str
    measure: str
    value: float
    unit: str
    source: str
    read: bool = True


def published(
    measure: str, unit: str, source: str, figures: dict[str, float], *, read: bool = True
) -> tuple[PublishedOutcome, ...]:
    """Return one :class:`PublishedOutcome` a group.

    Parameters
    ----------
    measure, unit, source : str
        As in :class:`PublishedOutcome`, the same for all groups.
    figures : dict of str to float
        The figure of each group.
    read : bool
        As in :class:`PublishedOutcome`.

    Returns
    -------
    tuple of PublishedOutcome
    """
    return tuple(PublishedOutcome(group, measure, value, unit, source, read) for group, value in figures.items())
