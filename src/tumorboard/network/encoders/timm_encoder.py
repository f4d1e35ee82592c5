"""Any network of timm as an encoder of pictures, without its classifier."""

from __future__ import annotations

import difflib
from typing import Any

import torch
from torch import nn

from tumorboard.errors import SettingsError
from tumorboard.network.encoders.timm_import import import_timm


class TimmNetwork(nn.Module):
    """A network of timm, from standardised pictures to embeddings, with random weights.

    Parameters
    ----------
    name : str
        timm's name, such as ``resnet50`` or ``vit_small_patch16_224``.
    options : dict, optional
        Further arguments of ``timm.create_model``.

    Attributes
    ----------
    width : int
        Length of an embedding.

    Raises
    ------
    MissingExtraError
        timm is not installed.
    SettingsError
        timm has no such network, or it does not take the options.
    """

    def __init__(self, name: str, options: dict[str, Any] | None = None) -> None:
        super().__init__()
        timm = import_timm("Encoding pictures with a network of timm")
        if not timm.is_model(name.partition(".")[0]):
            close = ", ".join(difflib.get_close_matches(name, timm.list_models(), n=3))
            fix = f"Close to it: {close}" if close else "timm.list_models() tells the names"
            raise SettingsError(f"timm has no network {name!r}", where="network", fix=fix)
        try:
            self.body: Any = timm.create_model(name, pretrained=False, **({"num_classes": 0} | (options or {})))
        except (TypeError, ValueError, RuntimeError, AssertionError) as error:
            reason = " ".join(str(error).split())
            raise SettingsError(f"timm cannot make {name!r}: {reason}", where="network") from error
        self.width = int(getattr(self.body, "head_hidden_size", None) or self.body.num_features)

    def trunk(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the last features before pooling.

        Returns
        -------
        Tensor
            Of a convolutional network shape (n, channels, height, width), of a transformer (n, tokens, channels).
        """
        if pictures.shape[1] == 1:
            pictures = pictures.expand(-1, 3, -1, -1)
        features: torch.Tensor = self.body.forward_features(pictures)
        return features

    def pool(self, features: torch.Tensor) -> torch.Tensor:
        """Return embeddings of the trunk's features, shape (n, width)."""
        pooled: torch.Tensor = self.body.forward_head(features, pre_logits=True)
        return pooled

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return embeddings, shape (n, width)."""
        return self.pool(self.trunk(pictures))
