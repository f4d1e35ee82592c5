"""Encoders: one modality's input to an embedding."""

from tumorboard.network.encoders.encoder import Bag, Encoder, Inputs
from tumorboard.network.encoders.mil import BagEncoder
from tumorboard.network.encoders.picture import PictureEncoder
from tumorboard.network.encoders.resnet18 import ResNet18
from tumorboard.network.encoders.table import TableEncoder
from tumorboard.network.encoders.timm_encoder import TimmNetwork
from tumorboard.network.encoders.weights import load_encoder_weights

__all__ = [
    "Bag",
    "BagEncoder",
    "Encoder",
    "Inputs",
    "PictureEncoder",
    "ResNet18",
    "TableEncoder",
    "TimmNetwork",
    "load_encoder_weights",
]
