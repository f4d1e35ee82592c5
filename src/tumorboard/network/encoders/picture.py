"""The encoder of a modality of pictures: standardisation, then ResNet18 or a network of timm."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tumorboard.network.encoders.encoder import Encoder, Inputs, tensor_of
from tumorboard.network.encoders.resnet18 import ResNet18
from tumorboard.network.encoders.timm_encoder import TimmNetwork

TIMM = "timm:"


class PictureEncoder(Encoder):
    """From pictures as they are stored to embeddings.

    The colours' mean is taken off and the rest divided by their standard deviation in here, so that a saved network
    holds its own standardisation and pictures travel to a GPU as bytes.

    Parameters
    ----------
    network : str
        ``resnet18``, or ``timm:`` and a name of timm.
    mean, sd : sequence of float
        One a channel (1 or 3), colours counting from 0 to 1.

    Raises
    ------
    MissingExtraError, SettingsError
        For a network of timm.
    """

    mean: torch.Tensor
    sd: torch.Tensor

    def __init__(self, network: str, mean: Sequence[float], sd: Sequence[float]) -> None:
        super().__init__()
        self.channels = len(mean)
        if network.startswith(TIMM):
            self.network: ResNet18 | TimmNetwork = TimmNetwork(network.removeprefix(TIMM))
        elif network == "resnet18":
            self.network = ResNet18()
        else:
            raise ValueError(f"there is no encoder {network!r}; there are resnet18 and timm:NAME")
        self.width = self.network.width
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("sd", torch.tensor(sd).view(1, -1, 1, 1), persistent=False)

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
        return self.network.pool(maps)

    def forward(self, inputs: Inputs) -> torch.Tensor:
        """Return embeddings of pictures as they are stored, shape (n, width)."""
        return self.pool(self.trunk(tensor_of(inputs)))
