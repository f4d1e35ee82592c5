"""A fold's scaler: learned on its fit patients, applied to the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tumorboard.survival.outcome import FloatArray

SHARE_FOR_INDICATOR = 0.05


@dataclass(frozen=True, eq=False)
class FeatureScaler:
    """Fills in what is missing and brings features to one scale.

    Missing values become the fit patients' mean. Where 5 % or more of them lack a feature, "missing" is a feature of
    its own; features that lack in the same patients (a gene profile) share one. Features that do not vary are dropped.

    Parameters
    ----------
    mean, spread : arrays of float, shape (p,)
        Of the fit patients, by input feature.
    indicators : tuple of int
        Input features whose absence is a feature.
    kept : array of int
        Positions of the output features that vary.
    """

    mean: FloatArray
    spread: FloatArray
    indicators: tuple[int, ...]
    kept: npt.NDArray[np.intp]

    @classmethod
    def fit(cls, values: FloatArray) -> FeatureScaler:
        """Learn from the fit patients.

        Parameters
        ----------
        values : array of float, shape (n, p)
            Their features, NaN where missing.
        """
        known = ~np.isnan(values)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, values, 0.0).sum(axis=0) / count
        filled = np.where(known, values, mean)
        indicators: list[int] = []
        seen: set[bytes] = set()
        for column in range(values.shape[1]):
            pattern = known[:, column].tobytes()
            if (~known[:, column]).mean() >= SHARE_FOR_INDICATOR and pattern not in seen:
                seen.add(pattern)
                indicators.append(column)
        output = np.hstack((filled, (~known)[:, indicators].astype(float)))
        spread = output.std(axis=0)
        return cls(mean, spread, tuple(indicators), np.flatnonzero(spread > 1e-12))

    def transform(self, values: FloatArray) -> FloatArray:
        """Return filled and standardised features, shape (n, q)."""
        known = ~np.isnan(values)
        filled = np.where(known, values, self.mean) - self.mean
        output = np.hstack((filled, (~known)[:, list(self.indicators)].astype(float)))
        scaled: FloatArray = output[:, self.kept] / self.spread[self.kept]
        return scaled
