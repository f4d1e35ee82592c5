"""Writing many slices that differ in a few attributes: what they share is encoded once."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

from tumorboard.phantom.scans.identifiers import simulated_uid

IMPLEMENTATION_UID = simulated_uid("tumorboard phantom", "implementation")
_PREAMBLE = b"\0" * 128 + b"DICM"
_GROUP_LENGTH, _INSTANCE_UID = Tag(0x00020000), Tag("MediaStorageSOPInstanceUID")


def file_meta(class_uid: str, instance_uid: str, syntax: str) -> FileMetaDataset:
    """Give the file meta information of one instance."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = UID(class_uid)
    meta.MediaStorageSOPInstanceUID = UID(instance_uid)
    meta.TransferSyntaxUID = UID(syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = "TUMORBOARD"
    return meta


class SliceTemplate:
    """The attributes that the instances of a series share, encoded once.

    Parameters
    ----------
    shared : Dataset
        The attributes that all instances share, with their values.
    varying : sequence of str
        Keywords of those that differ: ``PixelData``, ``SOPInstanceUID``, and others that are text of one byte a letter.
    syntax : str
        Transfer syntax.
    """

    def __init__(self, shared: Dataset, varying: Sequence[str], syntax: str) -> None:
        self._syntax = UID(syntax)
        self._encoding = getattr(shared, "SpecificCharacterSet", "ISO_IR 6")
        meta = file_meta(str(shared.SOPClassUID), "", syntax)
        before, after = (
            Dataset({tag: meta[tag] for tag in sorted(meta.keys()) if sign * tag < sign * _INSTANCE_UID})
            for sign in (1, -1)
        )
        self._meta = (self._encoded(before, implicit=False), self._encoded(after, implicit=False))
        self._pieces: list[bytes | str] = []
        cuts = sorted((Tag(keyword), keyword) for keyword in varying)
        left = [tag for tag in sorted(shared.keys()) if tag not in {cut for cut, _ in cuts}]
        for cut, keyword in cuts:
            before = Dataset({tag: shared[tag] for tag in left if tag < cut})
            left = [tag for tag in left if tag > cut]
            self._pieces += [self._encoded(before, implicit=self._syntax.is_implicit_VR), keyword]
        rest = Dataset({tag: shared[tag] for tag in left})
        self._pieces.append(self._encoded(rest, implicit=self._syntax.is_implicit_VR))

    def instance(self, values: Mapping[str, object]) -> bytes:
        """Encode one instance as the bytes of its file.

        Parameters
        ----------
        values : mapping
            A value for every varying keyword; ``PixelData`` is the bytes of one encoded frame.

        Returns
        -------
        bytes
        """
        uid = _text_element(_INSTANCE_UID, "UI", str(values["SOPInstanceUID"]), implicit=False)
        meta = self._meta[0] + uid + self._meta[1]
        length = struct.pack("<HH2sHL", _GROUP_LENGTH.group, _GROUP_LENGTH.element, b"UL", 4, len(meta))
        pieces = [self._varying(piece, values[piece]) if isinstance(piece, str) else piece for piece in self._pieces]
        return b"".join((_PREAMBLE, length, meta, *pieces))

    def _varying(self, keyword: str, value: object) -> bytes:
        if keyword != "PixelData":
            text = "\\".join(value) if isinstance(value, list) else str(value)
            return _text_element(Tag(keyword), dictionary_VR(keyword), text, implicit=self._syntax.is_implicit_VR)
        if not isinstance(value, bytes):
            raise TypeError(f"PixelData is {type(value).__name__}, not bytes")
        one, compressed = Dataset(), self._syntax.is_compressed
        one.add_new(keyword, "OB" if compressed else "OW", encapsulate([value]) if compressed else value)
        one[keyword].is_undefined_length = compressed
        return self._encoded(one, implicit=self._syntax.is_implicit_VR)

    def _encoded(self, part: Dataset, *, implicit: bool) -> bytes:
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, implicit
        write_dataset(buffer, part, parent_encoding=self._encoding)
        return buffer.getvalue()


def _text_element(tag: BaseTag, representation: str, text: str, *, implicit: bool) -> bytes:
    """Encode a short text, padded to an even length (DICOM PS3.5, 7.1 and 6.2); pydicom is slow at so many."""
    value = text.encode("ascii")
    value += (b"\0" if representation == "UI" else b" ") * (len(value) % 2)
    place = struct.pack("<HH", tag.group, tag.element)
    if implicit:
        return place + struct.pack("<L", len(value)) + value
    return place + representation.encode("ascii") + struct.pack("<H", len(value)) + value
