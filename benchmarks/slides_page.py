"""Writes docs/results/slides.md from what the benchmarks of slides and store measured.

python benchmarks/slides_page.py
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "results" / "slides.md"
SPEED_CASES = {
    "20k-native": "20,000 px, a level at 1.0 µm",
    "20k-native-rgb": "the same, tiles in RGB",
    "20k-native-even": "a level at 1.0 µm, exactly a fourth of the finest",
    "20k-native-even-rgb": "the same, tiles in RGB",
    "20k-quarter": "20,000 px, no such level",
    "20k-quarter-even": "no such level, sides exact",
    "20k-resampled": "20,000 px, 10x between two sizes",
    "40k-native": "40,000 px, a level at 1.0 µm",
    "40k-quarter": "40,000 px, no such level",
}
OPENSLIDE, DECODING, ALONE = "OpenSlide reading alone, 10x", "JPEG decoding alone", "ours, 10x alone"
KINDS = ("pen rejected", "fold rejected", "blur rejected", "good tumour kept")


def results(name: str) -> dict[str, Any]:
    """Read one benchmark's results."""
    content: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return content


def speed(found: dict[str, Any]) -> Iterator[str]:
    """Tell ours against the rival."""
    yield "| slide | tiles at 10x, 5x | tiles/s, ours | tiles/s, rival | times faster | 10x alone | most memory, MiB |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for key, title in SPEED_CASES.items():
        case = found[key]
        rate = {name: case["contestants"][name]["tiles_a_second"] for name in ("ours", "rival")}
        tiles = f"{case['tiles']['10x']}, {case['tiles']['5x']}"
        yield (
            f"| {title} | {tiles} | {rate['ours']:,} | {rate['rival']:,} | {case['times_faster']} "
            f"| {case['times_faster_10x_alone']} | {case['peak_mib']} |"
        )


def quality(found: dict[str, Any]) -> Iterator[str]:
    """Tell tissue and tiles against truth."""
    heads = (
        "slides", "half", "Dice, median (worst)", *(f"{kind} (of)" for kind in KINDS),
    )  # fmt: skip
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    for slides, halves in found.items():
        for half, numbers in halves.items():
            tiles = numbers["10x tiles, dense"]
            shares = [
                "–" if tiles[kind]["share"] is None else f"{tiles[kind]['share']:.1%} ({tiles[kind]['of']:,})"
                for kind in KINDS
            ]
            dice = f"{numbers['dice']['median']:.3f} ({numbers['dice']['worst']:.3f})"
            yield f"| {slides} | {half} | {dice} | {' | '.join(shares)} |"


def reads(found: dict[str, Any]) -> Iterator[str]:
    """Tell random reads against raw decoding."""
    for workers in (1, 2):
        store = found[f"{workers} processes"]["store"]
        low, high = store["of_limit_quartiles"]
        yield (
            f"- {workers} process{'es' if workers > 1 else ''}: {store['tiles_per_second']:,} tiles/s, "
            f"{store['of_limit']:.2f} of raw decoding (quartiles of the rounds {low:.2f} to {high:.2f})"
        )
    yield f"- opening {found['tiles']:,} tiles in {found['shards']} shards: {found['opening_ms']['median']} ms"


def paragraph(*sentences: str) -> str:
    """Join sentences and break their lines."""
    return textwrap.fill(" ".join(sentences), 130, break_long_words=False, break_on_hyphens=False)


def page() -> Iterator[str]:
    """Tell everything."""
    pace, tissue, store = results("slide_speed"), results("slide_tissue"), results("store_reads")
    rates = {
        (slide, who): f"{told['tiles_a_second']:,}"
        for slide in SPEED_CASES
        for who, told in pace[slide]["contestants"].items()
    }
    yield "# Checks of slides and store"
    yield paragraph(
        "Written by `benchmarks/slides_page.py` from the results in `benchmarks/results`. Contestants ran in turns in",
        "one run, on a machine that others used too: ratios mean more than rates.",
    )
    yield "## Speed"
    yield paragraph(
        "The same job on both sides, on one core, processor time: tissue, quality, tiles at both scales, written to",
        "disk. The rival (`benchmarks/slide_rival.py`) is a straightforward program of OpenSlide, Pillow and numpy.",
        "Simulated slides with half of their area tissue: `python benchmarks/slide_speed.py`.",
        "Where a level is exactly a fourth of the finest, OpenSlide reads its stored tiles as they lie; in all other",
        "slides it interpolates, which costs it three times as much.",
        "Aimed for were 8 times with a native level (15 for 10x alone) and 5 without.",
    )
    yield "\n".join(speed(pace))
    yield paragraph(
        f"On the 20,000 px slide with a native level, OpenSlide alone reads {rates['20k-native', OPENSLIDE]} of these",
        f"tiles a second, and decoding their JPEG bytes alone gives {rates['20k-native', DECODING]}. On the 40,000 px",
        f"slide 10x alone is cut at {rates['40k-native', ALONE]} tiles a second, tissue and quality included.",
    )
    yield paragraph("Two processes against one, over several slides:", "; ".join(scaling(pace)) + ".")
    yield "## Tissue and quality against truth"
    yield paragraph(
        "Simulated slides with their true regions: `python benchmarks/slide_tissue.py`. Tiles are laid densely so that",
        "there are enough of each kind; a tile counts as spoilt where ink or lost focus covers a quarter of it, or a",
        "fold a tenth. Patients with odd numbers were developed on, those with even numbers only measured; the sets",
        "with a seed are slides that have a fold, made and measured once the method was final. Folds fall short of the",
        "95 % that were aimed for: pale ones, those beside the cortex or a crack, and those over blood or lymphocytes",
        "are missed.",
    )
    yield "\n".join(quality(tissue))
    yield "## Random reads from the store"
    yield paragraph(
        f"{store['tiles']:,} tiles of 256 px, {store['kilobytes_a_tile']} kB each, shuffled and decoded:",
        "`python benchmarks/store_reads.py`. [The store](../store.md) compares formats.",
    )
    yield "\n".join(reads(store))


def scaling(found: dict[str, Any]) -> Iterator[str]:
    """Tell two processes against one."""
    for name, case in found.items():
        if name.startswith("two processes"):
            yield (
                f"{name.split(', ')[1]} {case['times_faster']} times (best round {case['best_round']}), when other "
                f"work left them {case['cores_had_by_two']:.1f} of two cores"
            )


def main() -> None:
    """Write the page."""
    PAGE.write_text("\n\n".join(page()) + "\n", encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
