"""Writing many slices that differ in a few attributes: what they share is encoded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.tag import Tag
from pydicom.uid import UID

from tumorboard.phantom.scans.identifiers import simulated_uid

IMPLEMENTATION_UID = simulated_uid("tumorboard phantom", "implementation")
_PREAMBLE = b"\0" * 128 + b"DICM"


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
        Keywords of those that differ (``SOPInstanceUID`` and ``PixelData`` among them).
    syntax : str
        Transfer syntax.
    """

    def __init__(self, shared: Dataset, varying: Sequence[str], syntax: str) -> None:
        self._syntax = UID(syntax)
        self._class_uid = str(shared.SOPClassUID)
        self._encoding = getattr(shared, "SpecificCharacterSet", "ISO_IR 6")
        self._pieces: list[bytes | str] = []
        cuts = sorted((Tag(keyword), keyword) for keyword in varying)
        left = [tag for tag in sorted(shared.keys()) if tag not in {cut for cut, _ in cuts}]
        for cut, keyword in cuts:
            before = Dataset({tag: shared[tag] for tag in left if tag < cut})
            left = [tag for tag in left if tag > cut]
            self._pieces += [self._encoded(before), keyword]
        self._pieces.append(self._encoded(Dataset({tag: shared[tag] for tag in left})))

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
        head = DicomBytesIO()
        head.is_little_endian, head.is_implicit_VR = True, False
        write_file_meta_info(head, file_meta(self._class_uid, str(values["SOPInstanceUID"]), self._syntax))
        pieces = [self._varying(piece, values[piece]) if isinstance(piece, str) else piece for piece in self._pieces]
        return b"".join((_PREAMBLE, head.getvalue(), *pieces))

    def _varying(self, keyword: str, value: object) -> bytes:
        one = Dataset()
        if keyword == "PixelData":
            if not isinstance(value, bytes):
                raise TypeError(f"PixelData is {type(value).__name__}, not bytes")
            compressed = self._syntax.is_compressed
            one.add_new(keyword, "OB" if compressed else "OW", encapsulate([value]) if compressed else value)
            one[keyword].is_undefined_length = compressed
        else:
            setattr(one, keyword, value)
        return self._encoded(one)

    def _encoded(self, part: Dataset) -> bytes:
        buffer = DicomBytesIO()
        buffer.is_little_endian, buffer.is_implicit_VR = True, self._syntax.is_implicit_VR
        write_dataset(buffer, part, parent_encoding=self._encoding)
        return buffer.getvalue()
