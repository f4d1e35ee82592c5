"""What a network is made of, as settings that a JSON file can hold. Imports no PyTorch."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

FusionName = Literal["gated", "softmax", "concat", "mean of risks", "stacked risks", "tensor", "cross-attention"]
HeadKind = Literal["log-risk", "five-year status", "discrete time"]

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Width = Annotated[int, Field(ge=1, le=8192)]
Share = Annotated[float, Field(ge=0, lt=1)]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SD = (0.229, 0.224, 0.225)


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PictureModality(_Settings):
    """A modality of pictures, such as ``tiles_10x`` or ``scan``.

    Attributes
    ----------
    name : str
    encoder : str
        ``resnet18``, or ``timm:`` and a name of timm.
    mean, sd : tuple of float
        Of each channel, colours counting from 0 to 1; one number each for grey pictures, else three. For grey ones,
        ImageNet's mean over colours.
    """

    kind: Literal["picture"] = "picture"
    name: Name
    encoder: Annotated[str, Field(pattern=r"^(resnet18|resnet18-layer3|timm:.+)$")] = "resnet18"
    mean: tuple[float, ...] = IMAGENET_MEAN
    sd: tuple[Annotated[float, Field(gt=0)], ...] = IMAGENET_SD

    @model_validator(mode="after")
    def _of_equal_length(self) -> Self:
        if len(self.mean) not in {1, 3} or len(self.sd) != len(self.mean):
            raise ValueError("mean and sd are one number each, or three")
        return self


class BagModality(_Settings):
    """A modality of tile features that were extracted beforehand, all tiles of a patient together.

    Attributes
    ----------
    name : str
    features : int
        Of a tile.
    width : int
        Length of the embedding.
    attention : int
        Width of the attention's hidden layer.
    dropout : float
    """

    kind: Literal["bag"] = "bag"
    name: Name
    features: Width
    width: Width = 256
    attention: Width = 128
    dropout: Share = 0.0


class TableModality(_Settings):
    """A modality that is a row of a table, such as ``genes`` or ``clinical``.

    Attributes
    ----------
    name : str
    inputs : tuple of str
        The values' names, in their order.
    width : int
        Length of the embedding.
    dropout : float
    """

    kind: Literal["table"] = "table"
    name: Name
    inputs: Annotated[tuple[str, ...], Field(min_length=1)]
    width: Width = 32
    dropout: Share = 0.0

    @field_validator("inputs")
    @classmethod
    def _each_once(cls, inputs: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(inputs)) != len(inputs):
            raise ValueError("an input is named twice")
        return inputs


Modality = Annotated[PictureModality | BagModality | TableModality, Field(discriminator="kind")]


class FusionSettings(_Settings):
    """How the modalities' embeddings become one.

    Attributes
    ----------
    name : str
        One of `FusionName`.
    width : int
        Of each modality's part (a multiple of 4 for ``cross-attention``); ``tensor`` takes as much of it as its product
        allows.
    dropout : float
        On each modality's part.
    modality_dropout : float
        Probability with which a present modality is left out in training; the last one never is.
    readings : dict of str to tuple of str
        Of ``stacked risks``: by modality, the clinical values that its head also learns to tell.
    """

    name: FusionName = "gated"
    width: Width = 128
    dropout: Share = 0.0
    modality_dropout: Share = 0.0
    readings: dict[Name, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.name == "cross-attention" and self.width % 4:
            raise ValueError("cross-attention has four heads: width is a multiple of 4")
        if self.readings and self.name != "stacked risks":
            raise ValueError("readings belong to stacked risks")
        return self


class HeadSettings(_Settings):
    """What the network says.

    Attributes
    ----------
    kind : str
        ``log-risk`` (one number without bounds), ``five-year status`` (two classes, alive and dead of disease), or
        ``discrete time`` (a hazard for each interval of time).
    hidden : tuple of int
        Widths of the dense layers before it.
    dropout : float
    edges_months : tuple of float
        For ``discrete time``: the intervals' edges, increasing, the first above 0.
    """

    kind: HeadKind = "log-risk"
    hidden: tuple[Width, ...] = (64,)
    dropout: Share = 0.0
    edges_months: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _edges_fit(self) -> Self:
        if (self.kind == "discrete time") != bool(self.edges_months):
            raise ValueError("edges_months belong to discrete time, which needs them")
        if any(not low < high for low, high in pairwise((0.0, *self.edges_months))):
            raise ValueError("edges_months increase from above 0")
        return self

    @property
    def outputs(self) -> int:
        """How many numbers the network gives for a patient."""
        return {"log-risk": 1, "five-year status": 2, "discrete time": len(self.edges_months)}[self.kind]


class NetworkSettings(_Settings):
    """A whole network.

    Attributes
    ----------
    modalities : tuple of PictureModality, BagModality or TableModality
        In the order in which masks and weights have them.
    fusion : FusionSettings
    head : HeadSettings
    """

    modalities: Annotated[tuple[Modality, ...], Field(min_length=1)]
    fusion: FusionSettings = FusionSettings()
    head: HeadSettings = HeadSettings()

    @field_validator("modalities")
    @classmethod
    def _names_differ(cls, modalities: tuple[Modality, ...]) -> tuple[Modality, ...]:
        names = [modality.name for modality in modalities]
        if len(set(names)) != len(names):
            raise ValueError("two modalities have one name")
        return modalities

    @model_validator(mode="after")
    def _can_be_added(self) -> Self:
        if self.fusion.name == "stacked risks" and self.head.kind != "log-risk":
            raise ValueError("stacked risks are log-risks: they need the head log-risk")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities' names, in their order."""
        return tuple(modality.name for modality in self.modalities)
