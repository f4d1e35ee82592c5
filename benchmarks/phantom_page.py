"""Write docs/results/phantom.md from what the benchmarks of the phantom measured.

python benchmarks/phantom_speed.py && python benchmarks/phantom_readers.py
python benchmarks/phantom_shortcuts.py && python benchmarks/phantom_network.py
python benchmarks/phantom_page.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tumorboard.study.files import write_text

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "results" / "phantom.md"
MISSING = "Not measured with this version yet.\n"
WITHIN = 0.06


def found(name: str) -> dict[str, Any] | None:
    """Read one benchmark's results; None where it has not run."""
    path = RESULTS / f"phantom_{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def table(header: list[str], rows: list[list[Any]]) -> str:
    """Lay out a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"


def speed() -> str:
    """Tell time and memory by preset."""
    results = found("speed")
    if results is None:
        return MISSING
    rows = [
        [name, one["patients"], one["slides"], one["series"], one["gigabytes"], one["wall_seconds"],
         one["processor_seconds"], one["processes"], one["largest_process_gib"], one["all_processes_gib"]]
        for name, one in results.items() if isinstance(one, dict) and "wall_seconds" in one
    ]  # fmt: skip
    header = ["preset", "patients", "slides", "series", "GB", "seconds", "processor seconds", "processes",
              "largest process, GiB", "all processes, GiB"]  # fmt: skip
    return (
        table(header, rows) + "\nLimits: 120 s for the 60 patients of the demo on two cores, 2 GiB for all processes.\n"
    )


def readers() -> str:
    """Tell what the readers said."""
    results = found("readers")
    if results is None:
        return MISSING
    rows = []
    for name, one in results.items():
        parts = one.items() if isinstance(one, dict) and "whole" in one else [("", one)]
        for kind, part in parts:
            if isinstance(part, dict):
                count = part.get("files", part.get("series"))
                told = "; ".join(f"{text} ({times})" for text, times in part["told"].items()) or "nothing"
                rows.append([f"{name}{': ' if kind else ''}{kind}", count, told])
    return f"{results['patients']} patients, seed {results['seed']}.\n\n" + table(["reader", "read", "said"], rows)


def shortcuts() -> str:
    """Tell what sizes, counts, names and colours say of the outcome."""
    results = found("shortcuts")
    if results is None:
        return MISSING
    rows = [
        [name.replace("_", " "), one["patients"], one["harrell_c"],
         "inside" if abs(one["harrell_c"] - 0.5) <= WITHIN else "**outside**"]
        for name, one in results["harrell_c"].items()
    ]  # fmt: skip
    colours = results["cox_on_colours_tissue_share_file_size"]
    return (
        f"{results['patients']} patients of the preset demo, seed {results['seed']}, {results['events']} died of the "
        f"disease. Limit: {results['each_within']}. Hospital and scanner by cross-fitted Cox models.\n\n"
        + table(["", "patients", "Harrell's C", ""], rows)
        + f"\nCox on mean and SD of colour, tissue share and file size ({colours['patients']} slides): C "
        f"{colours['cross_fitted']} cross-fitted, {colours['fitted_on_all']} fitted on all. Limit: a third of what the "
        f"image oracle ({results['image_oracle']}) has above 0.5, which is {colours['limit']}.\n"
    )


def network() -> str:
    """Tell what a small network finds."""
    results = found("network")
    if results is None:
        return MISSING
    rows = []
    for name, one in results.items():
        if isinstance(one, dict) and "harrell_c" in one:
            value = one["harrell_c"]
            low, high = value["ci95"] or ("–", "–")
            rows.append([name.replace("_", " "), one["patients"], f"{value['value']:.3f} ({low:.3f} to {high:.3f})"])
    oracle = {scale: results["oracle"][f"tiles_{scale}"]["value"] for scale in ("10x", "5x")}
    return (
        f"{results['patients']} patients, {results['epochs']} epochs; Cox models of the true factors reach "
        f"{oracle['10x']:.3f} at 10x and {oracle['5x']:.3f} at 5x.\n\n"
        + table(["", "patients", "Harrell's C (95 % interval)"], rows)
    )


def main() -> None:
    """Write the page."""
    sections = {
        "Time and memory": ("phantom_speed", speed()),
        "Readers": ("phantom_readers", readers()),
        "What must tell nothing": ("phantom_shortcuts", shortcuts()),
        "What a small network finds": ("phantom_network", network()),
    }
    text = (
        "# Checks of the simulated patients\n\nWritten by `python benchmarks/phantom_page.py` from what the other "
        "benchmarks of the phantom measured.\n"
    )
    for title, (name, body) in sections.items():
        text += f"\n## {title}\n\n`python benchmarks/{name}.py`\n\n{body}"
    write_text(PAGE, text)


if __name__ == "__main__":
    main()
