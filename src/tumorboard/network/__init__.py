"""The multimodal network: encoders, fusion, head and losses. It knows nothing of a study's files.

- ``settings``: what a network is made of; the only part that imports no PyTorch, and all that this package imports of
  itself, so that a study's settings can be checked in no time
- ``model``: ``MultimodalNetwork``, ``new_network``
- ``encoders``, ``fusion``, ``head``, ``losses``: its pieces
- ``combinations``: a patient's risk over all combinations of its images
- ``saving``: ``save_model``, ``load_model``
"""

from tumorboard.network.settings import (
    BagModality,
    FusionName,
    FusionSettings,
    HeadKind,
    HeadSettings,
    NetworkSettings,
    PictureModality,
    TableModality,
)

__all__ = [
    "BagModality",
    "FusionName",
    "FusionSettings",
    "HeadKind",
    "HeadSettings",
    "NetworkSettings",
    "PictureModality",
    "TableModality",
]
