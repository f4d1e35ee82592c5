"""ResNet18 with torchvision's parameter names, without its classifier.

References
----------
He K, Zhang X, Ren S, Sun J. Deep residual learning for image recognition. CVPR 2016:770-778.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

WIDTH = 512


class BasicBlock(nn.Module):
    """Two convolutions of 3 x 3 beside a way past them.

    Parameters
    ----------
    channels_in, channels : int
        Before and after.
    stride : int
        Of the first convolution; 2 halves the map's sides.
    """

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the next maps, shape (n, channels, height / stride, width / stride)."""
        past = maps if self.downsample is None else self.downsample(maps)
        found = functional.relu(self.bn1(self.conv1(maps)), inplace=True)
        return functional.relu(self.bn2(self.conv2(found)) + past, inplace=True)


class ResNet18(nn.Module):
    """ResNet18 from pictures to 512 numbers each.

    A grey picture goes through the first convolution with its weights summed over colours, which is what repeating it
    three times gives, at a third of the work: parameters and weight files are the same for grey and colour.

    Parameters
    ----------
    groups : int
        Of residual blocks, 3 or 4. With 3 it ends before the last one: features of ImageNet's objects are left out,
        those of texture stay, as CLAM has it for slides (Lu et al., Nat Biomed Eng 2021;5:555).

    Attributes
    ----------
    width : int
        Length of an embedding, 512; with 3 groups 256.
    """

    def __init__(self, groups: int = 4) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(BasicBlock(64, 64, 1), BasicBlock(64, 64, 1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128, 1))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256, 1))
        if groups == 4:
            self.layer4 = nn.Sequential(BasicBlock(256, WIDTH, 2), BasicBlock(WIDTH, WIDTH, 1))
        self.groups = groups
        self.width = WIDTH if groups == 4 else WIDTH // 2
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def trunk(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the last feature maps.

        Parameters
        ----------
        pictures : Tensor, shape (n, 3 or 1, height, width)
            Standardised.

        Returns
        -------
        Tensor, shape (n, 512, height / 32, width / 32)
            Sides rounded up; with 3 groups (n, 256, height / 16, width / 16).
        """
        if pictures.shape[1] == 1:
            grey = self.conv1.weight.sum(dim=1, keepdim=True)
            maps = functional.conv2d(pictures, grey, stride=2, padding=3)
        else:
            maps = self.conv1(pictures)
        maps = functional.max_pool2d(functional.relu(self.bn1(maps), inplace=True), 3, stride=2, padding=1)
        found: torch.Tensor = self.layer3(self.layer2(self.layer1(maps)))
        return self.layer4(found) if self.groups == 4 else found

    @staticmethod
    def pool(maps: torch.Tensor) -> torch.Tensor:
        """Return the mean of each map, shape (n, width)."""
        return maps.mean(dim=(2, 3))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return embeddings, shape (n, width)."""
        return self.pool(self.trunk(pictures))
