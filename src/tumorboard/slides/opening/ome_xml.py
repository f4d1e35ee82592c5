"""What the OME-XML of a TIFF says of a picture's scale.

The schema is at https://www.openmicroscopy.org/Schemas/Documentation/Generated/OME-2016-06/ome.html.
"""

from __future__ import annotations

from xml.etree import ElementTree

from tumorboard.slides.opening.scale import FileScale

_MICROMETRES = {
    "µm": 1.0,
    "μm": 1.0,  # the Greek letter, not the sign for micro
    "um": 1.0,
    "micron": 1.0,
    "nm": 1e-3,
    "pm": 1e-6,
    "Å": 1e-4,
    "mm": 1e3,
    "cm": 1e4,
    "m": 1e6,
    "in": 25_400.0,
}


def is_ome(description: str) -> bool:
    """Tell whether a TIFF's description is OME-XML."""
    head = description[:2000].lstrip("\ufeff").lstrip()
    return head.startswith("<") and ("<OME" in head or ":OME" in head)


def scale_of(description: str, width: int, height: int, name: str = "") -> FileScale:
    """Read the physical size of a pixel and the objective's magnification.

    Parameters
    ----------
    description : str
        The OME-XML.
    width, height : int
        Pixels of the picture that is meant, of the several that a file may hold.
    name : str
        Its name, which decides where several have that size.

    Returns
    -------
    FileScale
        Empty where the XML is silent, unreadable, or counts in pixels or another unit that is no length.
    """
    try:
        root = ElementTree.fromstring(description.lstrip("\ufeff").lstrip())
    except ElementTree.ParseError:
        return FileScale()
    images = [
        image
        for image in root.iterfind("{*}Image")
        if (pixels := image.find("{*}Pixels")) is not None
        and (pixels.get("SizeX"), pixels.get("SizeY")) == (str(width), str(height))
    ]
    images.sort(key=lambda image: image.get("Name") != name)
    if not images:
        return FileScale()
    pixels = images[0].find("{*}Pixels")
    mpp = [_micrometres(pixels, side) for side in "XY"] if pixels is not None else [None, None]
    return FileScale(mpp[0], mpp[1], _objective_power(root, images[0]), power_is_of_lens=True)


def _micrometres(pixels: ElementTree.Element, side: str) -> float | None:
    value = _number(pixels.get(f"PhysicalSize{side}"))
    factor = _MICROMETRES.get(pixels.get(f"PhysicalSize{side}Unit", "µm"))
    return value * factor if value is not None and factor is not None else None


def _objective_power(root: ElementTree.Element, image: ElementTree.Element) -> float | None:
    settings = image.find("{*}ObjectiveSettings")
    if settings is None:
        return None
    for objective in root.iterfind("{*}Instrument/{*}Objective"):
        if objective.get("ID") == settings.get("ID"):
            return _number(objective.get("NominalMagnification"))
    return None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
