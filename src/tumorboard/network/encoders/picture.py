"""The encoder of a modality of pictures: standardisation, then ResNet18 or a network of timm."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tumorboard.network.encoders.encoder import Encoder, Inputs, tensor_of
from tumorboard.network.encoders.resnet18 import ResNet18
from tumorboard.network.encoders.timm_encoder import TimmNetwork

TIMM = "timm:"


GROUPS = {"resnet18": 4, "resnet18-layer3": 3}
"""Groups of residual blocks, by name."""

_LEAST_SPREAD = 0.05


class PictureEncoder(Encoder):
    """From pictures as they are stored to embeddings.

    The colours' mean is taken off and the rest divided by their standard deviation in here, so that a saved network
    holds its own standardisation and pictures travel to a GPU as bytes.

    Parameters
    ----------
    network : str
        ``resnet18``, ``resnet18-layer3`` (without its last group of blocks), or ``timm:`` and a name of timm.
    mean, sd : sequence of float
        One a channel (1 or 3), colours counting from 0 to 1.

    Raises
    ------
    MissingExtraError, SettingsError
        For a network of timm.
    """

    mean: torch.Tensor
    sd: torch.Tensor
    centre: torch.Tensor
    scale: torch.Tensor

    def __init__(self, network: str, mean: Sequence[float], sd: Sequence[float]) -> None:
        super().__init__()
        self.channels = len(mean)
        if network.startswith(TIMM):
            self.network: ResNet18 | TimmNetwork = TimmNetwork(network.removeprefix(TIMM))
        elif network in GROUPS:
            self.network = ResNet18(GROUPS[network])
        else:
            raise ValueError(f"there is no encoder {network!r}; there are {', '.join(GROUPS)} and timm:NAME")
        self.width = self.network.width
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("sd", torch.tensor(sd).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("centre", torch.zeros(self.width))
        self.register_buffer("scale", torch.ones(self.width))

    def standardise(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return pictures as the network takes them.

        Parameters
        ----------
        pictures : Tensor, shape (n, channels, height, width)
            Bytes from 0 to 255, or floats from 0 to 1.

        Raises
        ------
        ValueError
            Another number of channels.
        """
        if pictures.ndim != 4 or pictures.shape[1] != self.channels:
            raise ValueError(f"pictures of shape {tuple(pictures.shape)}, not (n, {self.channels}, height, width)")
        values = pictures if pictures.is_floating_point() else pictures.to(self.mean.dtype) / 255
        return (values - self.mean) / self.sd

    def trunk(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the last feature maps of pictures as they are stored, for class activation maps.

        ``pool`` of them is what ``forward`` returns.
        """
        return self.network.trunk(self.standardise(pictures))

    def pool(self, maps: torch.Tensor) -> torch.Tensor:
        """Return embeddings of feature maps, shape (n, width)."""
        return self.centred(self.network.pool(maps))

    def centred(self, raw: torch.Tensor) -> torch.Tensor:
        """Return embeddings less ``centre``, by ``scale``: as they are until `centre_on` was called."""
        return (raw - self.centre) / self.scale

    def centre_on(self, raw: Sequence[torch.Tensor]) -> None:
        """Bring embeddings to mean 0 and standard deviation 1 in each number, over patients who count alike.

        Parameters
        ----------
        raw : sequence of Tensor, shape (images, width)
            Of each patient, as `raw` gives them.
        """
        weights = torch.cat([torch.full((len(own),), 1 / len(own)) for own in raw])[:, None].double()
        values = torch.cat(list(raw)).double()
        mean = (values * weights).sum(dim=0) / weights.sum()
        spread = ((values - mean).square() * weights).sum(dim=0).div(weights.sum()).sqrt()
        # numbers that hardly vary would else be noise as loud as the others
        spread = spread + _LEAST_SPREAD * spread.mean()
        self.centre.copy_(mean)
        self.scale.copy_(torch.where(spread > 0, spread, 1.0))

    def raw(self, inputs: Inputs) -> torch.Tensor:
        """Return embeddings before `centred`."""
        return self.network.pool(self.trunk(tensor_of(inputs)))

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Return embeddings of pictures as they are stored, shape (n, width)."""
        return self.centred(self.raw(inputs))
