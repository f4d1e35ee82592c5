"""The sections of ``study.toml`` on the network and its training, and what a preset stands for.

A number of -1, or an empty word, leaves a setting to the preset; :meth:`TrainingSettings.recipe` fills them in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from tumorboard.study.section import Section

TrainedModality = Literal["tiles_10x", "tiles_5x", "scan", "genes", "clinical"]
TRAINED_MODALITIES: tuple[TrainedModality, ...] = ("tiles_10x", "tiles_5x", "scan", "genes", "clinical")

FusionChoice = Literal["gated", "softmax", "concat", "mean of risks", "stacked risks", "tensor", "cross-attention"]
HeadChoice = Literal["log-risk", "five-year status", "discrete time"]
READ_FROM: tuple[TrainedModality, ...] = ("tiles_10x", "tiles_5x", "scan")
READINGS = ("age", "male", "t", "n", "m", "grade", "size", "necrosis", "ecog")
"""Clinical values that images can be taught to tell."""
Preset = Literal["modern", "paper"]
Width = Annotated[int, Field(ge=1, le=8192)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Strength = Annotated[float, Field(ge=0, le=0.5)]


class NetworkChoices(Section):
    """What the network is made of.

    Parameters
    ----------
    modalities : tuple of str
        What it looks at, of ``tiles_10x``, ``tiles_5x``, ``scan``, ``genes`` and ``clinical``; empty for all images and
        genes that the study has.
    encoder : str
        Of pictures: ``resnet18``, ``resnet18-layer3`` (without its last group of blocks: textures), or ``timm:`` and a
        name of timm.
    weights : str
        The encoders' first weights: ``imagenet``, a file relative to the study folder, or ``none`` for random ones.
    features : bool
        Take tile features, where the study has them, in place of pictures.
    tile_px, scan_px : int
        Side of the pictures as the network sees them.
    fusion : str
        How embeddings become one.
    readings : tuple of str
        Of ``stacked risks``: clinical values that a modality of images also learns to tell, such as ``scan size``; see
        `READINGS`.
    width : int
        Of each modality's part in the fusion.
    table_width : int
        Length of the embedding of genes and of clinical values.
    hidden : tuple of int
        Widths of the dense layers of the head.
    dropout : float
        On the fusion's parts, tables and dense layers.
    modality_dropout : float
        Probability with which a modality is left out in training, never a patient's last one.
    head : str
        What the network says: ``log-risk``, ``five-year status`` (at ``cohort.landmark_months``) or ``discrete time``.
    intervals : int
        Of ``discrete time``; their edges are at quantiles of the fit patients' events.
    """

    modalities: tuple[TrainedModality, ...] = ()
    encoder: Annotated[str, Field(pattern=r"^(resnet18|resnet18-layer3|timm:.+)$")] = "resnet18"
    weights: Annotated[str, Field(min_length=1)] = "imagenet"
    features: bool = True
    tile_px: Annotated[int, Field(ge=64, le=1024)] = 256
    scan_px: Annotated[int, Field(ge=64, le=1024)] = 256
    fusion: FusionChoice = "gated"
    readings: tuple[str, ...] = ()
    width: Width = 128
    table_width: Width = 32
    hidden: tuple[Width, ...] = (64,)
    dropout: Dropout = 0.1
    modality_dropout: Dropout = 0.0
    head: HeadChoice = "log-risk"
    intervals: Annotated[int, Field(ge=1, le=100)] = 10

    @field_validator("modalities")
    @classmethod
    def _in_order(cls, modalities: tuple[TrainedModality, ...]) -> tuple[TrainedModality, ...]:
        return tuple(name for name in TRAINED_MODALITIES if name in modalities)

    @model_validator(mode="after")
    def _heads_divide(self) -> Self:
        if self.fusion == "cross-attention" and self.width % 4:
            raise ValueError("cross-attention has four heads: width is a multiple of 4")
        return self

    @field_validator("readings")
    @classmethod
    def _can_be_read(cls, readings: tuple[str, ...]) -> tuple[str, ...]:
        for reading in readings:
            modality, _, value = reading.partition(" ")
            if modality not in READ_FROM or value not in READINGS:
                raise ValueError(
                    f"{reading!r} is not one of {', '.join(READ_FROM)}, a blank, and one of {', '.join(READINGS)}"
                )
        return tuple(dict.fromkeys(readings))

    @model_validator(mode="after")
    def _risks_can_be_added(self) -> Self:
        if self.fusion == "stacked risks" and self.head != "log-risk":
            raise ValueError('stacked risks are log-risks: head is "log-risk", or fusion is "mean of risks"')
        if self.readings and self.fusion != "stacked risks":
            raise ValueError('readings belong to the fusion "stacked risks"')
        idle = [own for own in self.readings if self.modalities and own.partition(" ")[0] not in self.modalities]
        if idle:
            raise ValueError(f"{idle[0]!r} is read from a modality that modalities does not name")
        return self

    def readings_of(self, modality: str) -> tuple[str, ...]:
        """Return the clinical values that a modality learns to tell.

        Examples
        --------
        >>> NetworkChoices(fusion="stacked risks", readings=("scan size",)).readings_of("scan")
        ('size',)
        """
        return tuple(
            value for own, _, value in (reading.partition(" ") for reading in self.readings) if own == modality
        )


@dataclass(frozen=True)
class Recipe:
    """What a preset stands for.

    Parameters
    ----------
    optimiser : {"sgd", "adamw"}
    learning_rate : float
    encoder_rate : float
        The picture encoders' learning rate is so many times that.
    weight_decay : float
    schedule : {"constant", "cosine"}
    warm_up : int
        Epochs in which the learning rate rises to its value.
    epochs : int
        Of all modalities together.
    alone_epochs : int
        Of each modality alone; 0 for none.
    frozen_epochs : int
        First epochs of a stage in which picture encoders are frozen.
    patience : int
        Epochs without a better select loss after which a stage ends; its best weights are kept. So many epochs at the
        beginning are not judged. 0: all epochs are run and the last weights kept.
    """

    optimiser: Literal["sgd", "adamw"]
    learning_rate: float
    encoder_rate: float
    weight_decay: float
    schedule: Literal["constant", "cosine"]
    warm_up: int
    epochs: int
    alone_epochs: int
    frozen_epochs: int
    patience: int


PRESETS: dict[Preset, Recipe] = {
    "modern": Recipe("adamw", 0.001, 0.1, 0.01, "cosine", 2, 60, 40, 3, 12),
    "paper": Recipe("sgd", 0.004, 1.0, 0.0, "constant", 0, 300, 300, 10, 0),
}
"""``paper`` is Schulz et al., Front Oncol 2021;11:788740, as far as it is told there: SGD with momentum 0.9, 0.004,
batches of 32, 200 to 400 epochs, each modality alone first. How long its encoders were frozen is not told."""

FromPreset = Annotated[int, Field(ge=-1, le=100_000)]


class TrainingSettings(Section):
    """How the network is trained.

    Parameters
    ----------
    preset : {"modern", "paper"}
        What settings stand for that are -1 or empty.
    optimiser, learning_rate, encoder_rate, weight_decay, schedule, warm_up : str or number
        See `Recipe`.
    epochs, alone_epochs, frozen_epochs, patience : int
        Likewise.
    momentum : float
        Of SGD.
    batch : int
        Patients in a batch.
    encoders : {"fine-tuned", "tuned alone", "frozen"}
        How long picture encoders are trained: after the frozen epochs of every stage; in their modality's own stage
        only; or never. Where they are frozen for a whole stage, every image is encoded once, without augmentation,
        and only the rest is trained. Tuned alone, an encoder does not depend on the other modalities or the fusion
        (but for stacked risks), and runs of the same fold share it.
    weighing_repeats : int
        Of ``stacked risks``: how often fit patients are dealt into parts that are held out; the weights are the means
        of those of each dealing. More repeats weigh with less chance, and take as many times as long.
    ties : {"efron", "breslow"}
        Of Cox's likelihood.
    risk_memory : int
        For so many steps a patient's last log-risk counts in others' risk sets; 0 for the batch alone.
    assessed_images : int
        Of each modality of a select patient, at even distances, in all combinations, after each epoch; likewise of fit
        patients for the baseline hazard; 0 for all.
    flips : bool
        Mirror pictures, and turn tiles by quarter turns.
    colour_jitter : float
        Brightness, contrast and, of tiles, saturation vary by as much, 0 to 0.5.
    stain_jitter : float
        Amounts of haematoxylin, eosin and residual vary by as much, 0 to 0.5.
    shift : float
        Scans are moved by up to this share of their side, 0 to 0.5.
    neighbours : bool
        Draw a neighbouring plane in place of a scan's own.
    stain : {"none", "macenko", "reinhard"}
        Normalisation of tiles to the fit patients' stain.
    precision : {"auto", "float32", "bfloat16"}
        Of layers' products; auto is bfloat16 where the processor multiplies in it.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:1``.
    compile : bool
        Compile encoders, which takes minutes and pays on a GPU.
    workers : int
        Threads that read pictures; 0 for one a core. The numbers are the same.
    tensorboard : bool
        Write histories for TensorBoard too.
    seed : int
    """

    BESIDE_THE_RESULT: ClassVar[frozenset[str]] = frozenset({"workers", "tensorboard", "device"})
    """Names of the settings that decide no result; see `deciding`."""

    preset: Preset = "modern"
    optimiser: Literal["", "sgd", "adamw"] = ""
    learning_rate: Annotated[float, Field(ge=-1, le=10)] = -1.0
    encoder_rate: Annotated[float, Field(ge=-1, le=10)] = -1.0
    weight_decay: Annotated[float, Field(ge=-1, le=10)] = -1.0
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    schedule: Literal["", "constant", "cosine"] = ""
    warm_up: FromPreset = -1
    epochs: FromPreset = -1
    alone_epochs: FromPreset = -1
    frozen_epochs: FromPreset = -1
    patience: FromPreset = -1
    batch: Annotated[int, Field(ge=2, le=4096)] = 32
    encoders: Literal["fine-tuned", "tuned alone", "frozen"] = "fine-tuned"
    weighing_repeats: Annotated[int, Field(ge=1, le=100)] = 1
    ties: Literal["efron", "breslow"] = "efron"
    risk_memory: Annotated[int, Field(ge=0, le=1000)] = 0
    assessed_images: Annotated[int, Field(ge=0, le=100_000)] = 4
    flips: bool = True
    colour_jitter: Strength = 0.1
    stain_jitter: Strength = 0.0
    shift: Strength = 0.05
    neighbours: bool = True
    stain: Literal["none", "macenko", "reinhard"] = "none"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    compile: bool = False
    workers: Annotated[int, Field(ge=0, le=256)] = 0
    tensorboard: bool = False
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 2022

    @field_validator("learning_rate", "encoder_rate", "weight_decay")
    @classmethod
    def _set_or_left(cls, value: float) -> float:
        if -1 < value < 0:
            raise ValueError("0 or above, or -1 for the preset's")
        return value

    @model_validator(mode="after")
    def _trains(self) -> Self:
        if self.recipe().epochs < 1 or self.learning_rate == 0:
            raise ValueError("epochs and learning_rate are above 0, or -1 for the preset's")
        return self

    def recipe(self) -> Recipe:
        """Return the preset with all that is set in its place.

        Examples
        --------
        >>> TrainingSettings(preset="paper", epochs=200).recipe().epochs
        200
        """
        preset = PRESETS[self.preset]
        own = {name: getattr(self, name) for name in Recipe.__dataclass_fields__}
        return Recipe(**{
            name: getattr(preset, name) if value in {"", -1} else value for name, value in own.items()
        })  # fmt: skip

    def deciding(self) -> dict[str, Any]:
        """Return the settings that decide what is learned, as JSON holds them.

        What was trained with the same ones is taken as it is. Left out are

        - ``workers``: the numbers are the same with any number of threads that read;
        - ``tensorboard``: histories are only written a second time;
        - ``device``: another one rounds otherwise, but asks for no other training, so that a study that was trained on
          a GPU is not trained anew where there is none.

        Examples
        --------
        >>> TrainingSettings(workers=2, device="cpu").deciding() == TrainingSettings().deciding()
        True
        """
        return self.model_dump(mode="json", exclude=set(self.BESIDE_THE_RESULT))
