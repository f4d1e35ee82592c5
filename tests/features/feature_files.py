"""Writes files of features as TRIDENT, CLAM and STAMP write them (sources in the readers' docstrings)."""

from pathlib import Path

import h5py
import numpy as np


def features_of(tiles=40, dimension=16, seed=1, dtype=np.float32):
    return np.random.default_rng(seed).normal(0, 2, (tiles, dimension)).astype(dtype)


def grid_of(tiles=40, step=1024):
    columns = int(np.ceil(np.sqrt(tiles)))
    places = np.stack([np.arange(tiles) % columns, np.arange(tiles) // columns], axis=1)
    return (places * step + (3072, 49152)).astype(np.int64)


def _resizable(file, name, values):
    """Both programs' save function: rows are chunks, and more may follow."""
    shape = values.shape
    data = file.create_dataset(
        name, shape=shape, maxshape=(None, *shape[1:]), chunks=(1, *shape[1:]), dtype=values.dtype
    )
    data[:] = values
    return data


def write_trident(path, features, coords, *, magnification=20, level0=40, patch=256, encoder="uni_v1", newer=True):
    savetodir = f"trident_processed/{magnification}x_{patch}px_0px_overlap/features_{encoder}"
    with h5py.File(path, "w") as file:
        data = _resizable(file, "features", features)
        data.attrs["name"] = path.stem
        data.attrs["savetodir"] = savetodir
        if newer:
            data.attrs["encoder"] = encoder
        places = _resizable(file, "coords", coords)
        places.attrs["patch_size"] = patch
        places.attrs["patch_size_level0"] = patch * level0 // magnification
        places.attrs["level0_magnification"] = level0
        places.attrs["target_magnification"] = magnification
        places.attrs["overlap"] = 0
        places.attrs["name"] = path.stem
        places.attrs["savetodir"] = "trident_processed/20x_256px_0px_overlap"
        if newer:
            places.attrs["level0_width"] = 98_304
            places.attrs["level0_height"] = 81_920
    return path


def write_clam(path, features, coords):
    with h5py.File(path, "w") as file:
        _resizable(file, "features", features)
        _resizable(file, "coords", coords.astype(np.int32))
    return path


def write_stamp(path, features, coords_um, *, version="2.4.0", tile_um=256.0, tile_px=224, **attributes):
    """``version`` 2.1 on has the attributes of the tile's size; 2.0 has ``tile_size``; 1 has ``augmented`` alone."""
    with h5py.File(path, "w") as file:
        file["coords"] = coords_um.astype(np.float32)
        file["feats"] = features.astype(np.float16)
        if version.startswith("1"):
            file["augmented"] = np.zeros(len(features), bool)
            file.attrs["extractor"] = "STAMP-extract-v0.1.0_xiyuewang-ctranspath-7c998680"
            return path
        file.attrs["extractor"] = "mahmood-uni"
        file.attrs["unit"] = "um"
        if version == "2.0":
            file.attrs["tile_size"] = tile_um
        else:
            file.attrs["stamp_version"] = version
            file.attrs["tile_size_um"] = tile_um
            file.attrs["tile_size_px"] = tile_px
            file.attrs["code_hash"] = "5f0c2c3d"
            file.attrs["feat_type"] = "tile"
        for name, value in attributes.items():
            file.attrs[name] = value
    return path


def write_table(path: Path, frame):
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",")
    return path
