"""Small volume files, and what it means that one is refused."""

import nibabel
import numpy as np
import pytest

from tumorboard.errors import FileFormatError


def nifti(path, array, affine=None, **header):
    """Write an array as it is; `header` sets fields."""
    image = nibabel.Nifti1Image(array, np.diag([-0.7, -0.8, 2.5, 1.0]) if affine is None else affine)
    for key, value in header.items():
        image.header[key] = value
    nibabel.save(image, path)
    return path


def refused(read, words):
    """Expect an error of one line that holds the words."""
    with pytest.raises(FileFormatError, match=words) as fault:
        read()
    assert "\n" not in str(fault.value)
