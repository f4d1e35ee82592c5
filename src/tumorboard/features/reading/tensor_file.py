"""CLAM's ``.pt`` files: one tensor, (tiles, features), saved with ``torch.save``; no coordinates, no scale, no encoder.

Such a file is a pickle, which can run any code when it is read. PyTorch reads it here with ``weights_only=True``, which
builds tensors and nothing else; whatever else it holds is refused.
"""

from __future__ import annotations

import pickle
from pathlib import Path

from tumorboard.errors import FileFormatError
from tumorboard.features.reading.statement import Content

_CONVERT = "Save the features alone with torch.save(features, FILE), or give the .h5 file that CLAM wrote beside it"


def read_tensor_file(path: Path) -> Content:
    """Read a tensor of features.

    Parameters
    ----------
    path : Path

    Raises
    ------
    FileFormatError
        The file is missing, damaged, or holds anything but one tensor.
    """
    import torch

    if not path.is_file():
        raise FileFormatError("there is no such file", where=str(path), fix="Check the path")
    try:
        tensor = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise FileFormatError(
            "the file holds more than a tensor, which is not unpickled", where=str(path), fix=_CONVERT
        ) from error
    except Exception as error:  # PyTorch raises many kinds for a damaged file
        reason = " ".join(str(error).split()) or "it ends too early"
        raise FileFormatError(f"the file is damaged: {reason}", where=str(path), fix=_CONVERT) from error
    if not isinstance(tensor, torch.Tensor):
        raise FileFormatError(f"the file holds a {type(tensor).__name__}, not a tensor", where=str(path), fix=_CONVERT)
    dense = tensor.detach().to_dense() if tensor.layout != torch.strided else tensor.detach()
    plain = dense.float() if dense.dtype == torch.bfloat16 else dense
    return Content(
        layout="tensor",
        features=plain.numpy(),
        coordinates=None,
        notes=("the file has no coordinates and does not state the tiles' scale",),
    )
