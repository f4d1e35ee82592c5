"""Real tiles and weights, and small networks; what needs an optional package is passed over without it."""

import itertools

import cv2
import pytest

from tumorboard.errors import MissingExtraError
from tumorboard.network.encoders.timm_import import import_timm


@pytest.fixture(scope="session")
def timm():
    """timm, imported as the program imports it."""
    try:
        return import_timm()
    except MissingExtraError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def kirc_tiles(real_data):
    """Real tiles of TCGA-KIRC by class: arrays of shape (256, 256, 3), red, green, blue."""
    paths = sorted((real_data / "tiles_kirc").glob("*/*.png"))
    read = [(path.parent.name, cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)) for path in paths]
    return {name: [tile for _, tile in group] for name, group in itertools.groupby(read, key=lambda entry: entry[0])}


@pytest.fixture(scope="session")
def resnet18_weights(real_data):
    """A ResNet18 trained on ImageNet, with torchvision's names."""
    path = real_data / "weights" / "resnet18_imagenet_fp16.pth"
    if not path.is_file():
        pytest.skip(f"{path.name} is not in {path.parent}")
    return path


@pytest.fixture(scope="session")
def small_network(timm, tmp_path_factory):
    """A small vision transformer of timm, and a file of its weights."""
    import torch

    torch.manual_seed(4)
    network = timm.create_model("test_vit", num_classes=0)
    path = tmp_path_factory.mktemp("weights") / "test_vit.pth"
    torch.save(network.state_dict(), path)
    return network, path
