"""Sizes in bytes as people read them."""

from __future__ import annotations

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def readable_size(size: int) -> str:
    """Write a number of bytes with three digits and its unit.

    Parameters
    ----------
    size : int
        Bytes.

    Returns
    -------
    str
        Such as ``44.7 MiB``.

    Examples
    --------
    >>> readable_size(46_830_571)
    '44.7 MiB'
    """
    step = min(max(size.bit_length() - 1, 0) // 10, len(_UNITS) - 1)
    amount = size / 1024**step
    return f"{amount:.1f} {_UNITS[step]}" if step and amount < 100 else f"{amount:.0f} {_UNITS[step]}"
