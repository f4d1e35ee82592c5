"""Writes docs/results/scans.md from what the benchmarks of scans measured.

python benchmarks/scans_page.py
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "results" / "scans.md"
PLANES = ("transversal", "coronal", "sagittal")
SPEED_CASES = {
    "DICOM-SEG": "mask as DICOM-SEG",
    "NIfTI": "mask as NIfTI (gzip)",
    "phase looked for": "DICOM-SEG, header silent: phase looked for in the voxels",
}


def results(name: str) -> dict[str, Any]:
    """Read one benchmark's results."""
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return content


def paragraph(*sentences: str) -> str:
    """Join sentences and break their lines."""
    return textwrap.fill(" ".join(sentences), 130, break_long_words=False, break_on_hyphens=False)


def of(found: dict[str, Any]) -> str:
    """Tell a share with its interval."""
    low, high = found["ci95"]
    return f"{found['right']} of {found['of']} ({100 * low:.0f} to {100 * high:.0f} %)"


def speed(found: dict[str, Any]) -> Iterator[str]:
    """Tell time and memory of each case."""
    heads = ("", "seconds: processor", "wall", "slowest", "in a fresh process", "SimpleITK's reading alone",
             "ours to it", "reading to reading", "most memory, GiB")  # fmt: skip
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    for case, title in SPEED_CASES.items():
        told = found[case]
        cells = (
            title,
            f"{told['next']['processor_seconds']:.2f}",
            f"{told['next']['wall_seconds']:.2f}",
            f"{told['next']['slowest_wall_seconds']:.2f}",
            f"{told['first']['processor_seconds']:.2f}",
            f"{told['SimpleITK reading alone']['processor_seconds']:.2f}",
            f"{told['whole_to_simpleitk_reading']:.2f}",
            f"{told['reading_to_simpleitk_reading']:.2f}",
            f"{told['peak_gib']:.2f}",
        )
        yield f"| {' | '.join(cells)} |"


def stages(found: dict[str, Any]) -> Iterator[str]:
    """Tell where the time goes, in milliseconds."""
    yield f"| stage, ms of processor time | {' | '.join(SPEED_CASES.values())} |"
    yield "| --- |" + " --- |" * len(SPEED_CASES)
    for stage in found["DICOM-SEG"]["stages"]:
        times = [1000 * found[case]["stages"][stage]["processor_seconds"] for case in SPEED_CASES]
        yield f"| {stage} | {' | '.join(f'{time:.0f}' for time in times)} |"


def diameters(found: dict[str, Any]) -> Iterator[str]:
    """Tell the diameters beside the truth."""
    heads = ("plane", "within one voxel", "largest error, voxels", "mean, voxels", "largest, mm", "median, mm",
             "cut off by the scan, mm")  # fmt: skip
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    for plane in PLANES:
        told = found[plane]
        cut = ", ".join(f"{value:+.1f}" for value in told["cut_off_mm"]) or "–"
        yield (
            f"| {plane} | {of(told['within_one_voxel'])} | {told['largest_voxels']:.2f} | {told['mean_voxels']:+.2f} "
            f"| {told['largest_mm']:.1f} | {told['median_mm']:+.1f} | {cut} |"
        )


def warnings(found: dict[str, int]) -> Iterator[str]:
    """List the warnings of the simulated patients, numbers left out."""
    for words, count in found.items():
        yield f"- {count} x {words}"


def misses(found: dict[str, Any]) -> str:
    """List what was chosen or named wrongly."""
    missed = found["missed_choices"] + found["missed_phases"]
    if not missed:
        return "No choice and no phase was missed."
    return "\n".join(f"- {one['patient_id']}: {one['phase']} in place of {one['true_phase']}" for one in missed)


def real(found: dict[str, Any]) -> Iterator[str]:
    """Tell the checks on real scans."""
    ct, seg, mr = found["CT"], found["SEG"], found["MR"]
    peaks, liver = ct["hounsfield_peaks"], ct["liver"]
    yield "| check | found |"
    yield "| --- | --- |"
    yield (
        f"| abdominal CT (JPEG 2000, {ct['shape'][0]} slices): voxels, spacing, origin, directions beside SimpleITK's "
        f"own reader | voxels {'equal' if ct['voxels_equal'] else 'DIFFERENT'}, places apart by "
        f"{max(ct['spacing_apart_mm'], ct['origin_apart_mm'], ct['directions_apart']):.0e} |"
    )
    yield (
        f"| its Hounsfield units: peaks of the histogram | air {peaks['air']:.0f}, fat {peaks['fat']:.0f}, soft tissue "
        f"{peaks['soft tissue']:.0f}; lowest {ct['hounsfield']['lowest']}, highest {ct['hounsfield']['highest']} |"
    )
    for plane, told in liver.items():
        yield (
            f"| its liver in the {plane} picture: pixels of 80 to 160 HU at the left | "
            f"{100 * told['share_at_left']:.0f} %; the largest such area has its middle in column "
            f"{told['largest_area_centre_column']:.0f} of {told['columns']} |"
        )
    yield f"| its phase by the header | {ct['phase_by_header']} |"
    yield f"| its phase by the image | {ct['phase_by_image']} |"
    yield (
        f"| three slices with a DICOM-SEG: the CT beside SimpleITK's | voxels "
        f"{'equal' if seg['voxels_equal'] else 'DIFFERENT'}, but for {100 * seg['padding_share']:.0f} % of padding, "
        f"which the header declares and which becomes −1024 HU |"
    )
    yield (
        f"| the SEG's {seg['mask_voxels']:,} voxels beside highdicom's placement | "
        f"{'equal' if seg['mask_equals_highdicom'] else 'DIFFERENT'} |"
    )
    moved = " and ".join(f"{value:.0f}" for value in seg["spread_hu_if_moved"].values())
    yield (
        f"| the CT under it | median {seg['median_hu']:.0f} HU (a liver without contrast), mean distance from it "
        f"{seg['spread_hu']:.0f} HU; with the mask moved by 25 columns to either side {moved} HU |"
    )
    yield (
        f"| abdominal MR (NIfTI, axes {mr['axes_as_stored']}) beside nibabel | voxels "
        f"{'equal' if mr['voxels_equal'] and mr['one_place_equal'] else 'DIFFERENT'} |"
    )


def page() -> Iterator[str]:
    """Tell everything."""
    pace, phantom, scans = results("scan_speed"), results("scan_phantom"), results("scan_real")
    summary, case = phantom["summary"], pace["DICOM-SEG"]
    yield "# Checks of scans"
    yield paragraph(
        "Written by `benchmarks/scans_page.py` from the results in `benchmarks/results`. [Choosing the",
        "series](../series_choice.md) has the checks of the choice on the real index of TCGA-KIRC, [Measuring a",
        "tumour](../measure.md) those of the diameters on KiTS19's masks.",
    )
    yield "## Real scans"
    yield paragraph(
        "`python benchmarks/scan_real.py`. None of them has a kidney tumour with a mask: an ellipsoid that was",
        "put into liver or kidney stands for one, and the SEG is of a liver. All four, with a slice of KiTS19 as",
        "a ready-made plane, went through `tumorboard prepare`, and their sheets were looked at: liver at the",
        "left of the transversal and coronal pictures, spine at the bottom and at the right of the sagittal one,",
        "the head up.",
    )
    yield "\n".join(real(scans))
    yield "## Simulated patients against their truth"
    yield paragraph(
        f"`python benchmarks/scan_phantom.py`: {summary['patients']} patients with a scan, {phantom['series']}",
        f"series, {summary['prepared']} prepared, {summary['without_mask']} without a mask,",
        f"{len(summary['failed'])} failed. Wilson intervals, 95 %. These patients (seed 77) were not looked at",
        "when the rules were written; other patients of the same simulation were.",
    )
    yield "\n".join(
        [
            f"- Chosen series right: {of(phantom['chosen'])}; with rivals {of(phantom['chosen_among_rivals'])}.",
            f"- Phase named right: {of(phantom['phase'])}.",
            "- Volumes in one file name no series and are not counted in these two.",
        ]
    )
    yield misses(phantom)
    volume = phantom["diameters"]
    yield paragraph(
        "Largest diameters, one voxel being the larger spacing of the plane. The truth is that of the smooth",
        f"shape; the mask holds the voxels whose centres lie in it. Of {volume['patients']} tumours",
        f"{volume['cut_off']} reach the border of the scan and are told apart.",
    )
    yield "\n".join(diameters(volume))
    yield paragraph(
        f"Volume beside the smooth shape's: median {volume['volume_percent_from_shape']['median']:+.2f} %, at most",
        f"{volume['volume_percent_from_shape']['largest']:.1f} %, in a tumour of",
        f"{volume['volume_percent_from_shape']['ml_of_the_largest']:.1f} ml. Beside the mask's own: at most",
        f"{volume['volume_percent_from_mask']['largest']:.1f} %, where a slice is missing from scan and mask and both",
        "are filled between its neighbours.",
    )
    yield "Warnings:"
    yield "\n".join(warnings(phantom["warnings"]))
    yield "## Time and memory"
    yield paragraph(
        "512 x 512 x 300 voxels as uncompressed DICOM, from the files to shard and sheet, reading included, on",
        f"one core: `python benchmarks/scan_speed.py`, medians of {case['rounds']} fresh processes. Wall time is",
        "disturbed by others on this machine. In the first scan of a process, libraries are imported too. Files",
        "were in the system's cache. SimpleITK's `ImageSeriesReader` reads the same series, and does nothing",
        "else, in the same process and on the same core. Aimed for were 2 s, 1.5 GiB, and 100 ms for the search",
        "of the largest diameters.",
    )
    yield "\n".join(speed(pace))
    yield paragraph(
        "The search for the largest diameters in all three planes alone, a tumour of 12 cm:",
        f"{case['diameters_ms']['processor_seconds']:.0f} ms of processor time,",
        f"{case['diameters_ms']['wall_seconds']:.0f} ms of wall time in the median,",
        f"{case['diameters_ms']['slowest_wall_seconds']:.0f} ms at worst. SimpleITK's reading takes",
        f"{case['peak_gib_simpleitk']:.2f} GiB; a process that has only imported this package's parts takes",
        f"{case['peak_gib_imports']:.2f} GiB.",
    )
    yield "\n".join(stages(pace))
    yield "## Bad input"
    yield paragraph(
        "`tests/scans/preparation` prepares one study in which every patient has another fault: one slice, two",
        "patients, masks that are empty, foreign, elsewhere or cut off, missing slices, values that are not",
        "finite, files cut off, headers that promise terabytes, a wrong transfer syntax, a localizer alone,",
        "contradictory rows, and series in pieces. Each is told in one line or warned of, and the sound patients",
        "are prepared. A run killed by SIGKILL and started again gives the same bytes.",
    )


def main() -> None:
    """Write the page."""
    PAGE.write_text("\n\n".join(page()) + "\n", encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
