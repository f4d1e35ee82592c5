"""One small study for all tests of training that only read it, and encoders that are trained in no time."""

import pytest
import torch
from small_training_study import write_study
from torch import nn
from torch.nn import functional

from tumorboard.network.encoders import picture


class SmallResNet(nn.Module):
    """In ResNet18's place: two convolutions with batch normalisation."""

    width = 16

    def __init__(self, groups=4):
        super().__init__()
        self.groups = groups
        self.conv1 = nn.Conv2d(3, 8, 7, stride=4, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, self.width, 3, stride=4, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(self.width)

    def trunk(self, pictures):
        maps = self.conv1(pictures.expand(-1, 3, -1, -1))
        return functional.relu(self.bn2(self.conv2(functional.relu(self.bn1(maps)))))

    @staticmethod
    def pool(maps):
        return maps.mean(dim=(2, 3))


@pytest.fixture(autouse=True, scope="module")
def _quick():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picture, "ResNet18", SmallResNet)
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("study"))
