"""Which of a patient's images are combined: by default all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tumorboard.errors import SettingsError
from tumorboard.inputs import evenly_spaced
from tumorboard.study.settings import PredictionSettings


@dataclass(frozen=True)
class ImageChoice:
    """A fixed set of images for each patient.

    Parameters
    ----------
    most : mapping of str to int
        By modality: at most so many images of a patient, at even distances among those in the store. Of a modality
        that is not named, all. 15 of ``tiles_10x``, 10 of ``tiles_5x`` and 3 of ``scan`` make 450 combinations.

    Examples
    --------
    >>> ImageChoice({"tiles_10x": 3}).numbers("tiles_10x", 10)
    [1, 5, 8]
    >>> ImageChoice().numbers("scan", 3)
    [0, 1, 2]
    """

    most: Mapping[str, int] = field(default_factory=dict)

    def numbers(self, modality: str, count: int) -> list[int]:
        """Return which of a patient's images are taken, in order.

        Parameters
        ----------
        modality : str
        count : int
            How many there are.
        """
        return evenly_spaced(count, self.most.get(modality, 0))

    @classmethod
    def of(cls, settings: PredictionSettings) -> ImageChoice:
        """Return what a study's settings say.

        Examples
        --------
        >>> ImageChoice.of(PredictionSettings(scan=3)).most
        {'scan': 3}
        """
        return cls({name: most for name, most in settings.model_dump().items() if most})

    @classmethod
    def parse(cls, text: str, option: str) -> ImageChoice:
        """Read it from words such as ``tiles_10x=15,tiles_5x=10,scan=3``; empty for all images.

        Parameters
        ----------
        text : str
        option : str
            Where it was given, for the message.

        Raises
        ------
        SettingsError
            It is something else.
        """
        most = {}
        for part in (word.strip() for word in text.split(",") if word.strip()):
            name, _, number = part.partition("=")
            if not number.isdigit() or int(number) < 1 or not name:
                raise SettingsError(f"{part!r} is no number of images", where=option, fix="Write scan=3")
            if name not in PredictionSettings.model_fields:
                allowed = ", ".join(PredictionSettings.model_fields)
                raise SettingsError(f"there are no images called {name!r}", where=option, fix=f"There are {allowed}")
            most[name] = int(number)
        return cls(most)
