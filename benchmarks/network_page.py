"""Writes docs/results/network.md from what the benchmarks of the network measured.

python benchmarks/network_page.py
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "results" / "network.md"

Found = dict[str, Any]


def results(name: str) -> Found:
    """Read one benchmark's results; empty where it was not run."""
    path = RESULTS / f"{name}.json"
    content: Found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content


def estimate(found: Found) -> str:
    """Tell a figure with its interval, or why there is none."""
    if found["value"] is None:
        return str(found["reason"])
    low, high = found["ci95"]
    return f"{found['value']:.3f} ({low:.3f} to {high:.3f})"


def chance(p: float | None) -> str:
    """Tell a p-value."""
    return "none" if p is None else "< .001" if p < 0.001 else f"{p:.3f}"


def table(columns: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table.

    Parameters
    ----------
    columns : str
        Their titles, between bars.
    rows : iterable of sequence of str
        The cells of each.
    """
    yield f"| {columns} |"
    yield f"| {' | '.join(['---'] * len(columns.split(' | ')))} |"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def phantom(found: Found) -> Iterator[str]:
    """Tell the table of models, and what Cox models of the true factors reach."""
    shares = found["share_of_the_true_factors"]
    of_truth = {f"*Cox on the true factors of {name}*": each for name, each in found["cox_on_true_factors"].items()}
    yield from table(
        "model | mean over folds | largest | pooled, 95 % interval | share of the true factors",
        (
            (
                name,
                f"{each['mean_over_folds']:.3f}",
                f"{each['largest_of_folds']:.3f}",
                estimate(each["pooled"]),
                f"{shares[name]:.0%}" if name in shares else "",
            )
            for name, each in (found["models"] | of_truth).items()
        ),
    )
    if found["comparisons"]:
        yield ""
        yield from table(
            "difference of C | patients | pooled | p, paired bootstrap, Holm",
            (
                (each["pair"], str(each["patients"]), estimate(each["difference"]), chance(each["p_holm"]))
                for each in found["comparisons"]
            ),
        )


def ablation(found: Found) -> Iterator[str]:
    """Tell what each change does."""
    yield from table(
        "change | pooled C | with 30 % of modalities missing at test",
        (
            (name, estimate(each["complete"]["pooled"]), estimate(missing) if missing else "")
            for name, each in found["models"].items()
            for missing in [each.get("with 30 % missing")]
        ),
    )


def attention(found: Found) -> Iterator[str]:
    """Tell the weights where the truth is known."""
    yield from table(
        "model | study | asked | mean weights | to the mean of the others | mean Shapley shares | to the others",
        (
            (model, study, own["asked"], *contribution(own.get("weight")), *contribution(own.get("shapley")))
            for model, each in found["models"].items()
            for study, own in each["studies"].items()
        ),
    )


def contribution(found: Found | None) -> tuple[str, str]:
    """Tell the modalities' means, and the asked one's over that of the others."""
    if found is None:
        return "none", ""
    ratio = found["to_mean_of_others"]
    means = ", ".join(f"{name} {value:.2f}" for name, value in found["mean"].items())
    if ratio["value"] is None:
        return means, str(ratio["reason"])
    interval = f" ({ratio['interval'][0]:.2f} to {ratio['interval'][1]:.2f})" if ratio["interval"] else ""
    return means, f"{ratio['value']:.2f}{interval}"


def prediction_cost(found: Found) -> Iterator[str]:
    """Tell what all combinations cost beside encoding."""
    yield from table(
        "fusion | prediction / encoding | largest difference to enumeration",
        (
            (name, f"{each['prediction_of_encoding']:.3f}", f"{each['largest_difference']:.0e}")
            for name, each in found["fusions"].items()
        ),
    )


def loader(found: Found) -> Iterator[str]:
    """Tell the loader's rate beside decoding alone."""
    figures = {"pictures_per_second": ".0f", "of_limit": ".2f", "of_limit_in_processor_time": ".2f"}
    yield from table(
        "reading | pictures/s | of decoding alone | in processor time",
        ((name, *(f"{each[own]:{form}}" for own, form in figures.items())) for name, each in found["loader"].items()),
    )


def kirc(found: Found) -> Iterator[str]:
    """Tell the network beside Cox on real tables."""
    yield from table(
        "model | patients | events | mean over folds | C, 95 % interval",
        (
            (
                f"{title}: {name.replace('_', ' ')}",
                str(each["patients"]),
                str(each["events"]),
                f"{each['mean_over_folds']:.3f}",
                estimate(each["harrell_c"]),
            )
            for kind, title in (("network", "network"), ("cox", "Cox"))
            for name, each in found[kind].items()
        ),
    )


def section(heading: str, *words: str) -> Iterator[str]:
    """Yield what stands before a table."""
    yield from ("", heading, "", *words, "")


def page() -> Iterator[str]:
    """Yield the page, line by line."""
    yield "# Checks of the network"
    yield ""
    yield "Written by `python benchmarks/network_page.py` from `benchmarks/results/`. Simulated patients show that the"
    yield "program finds what is there; they say nothing of real ones. Research use only."
    for title, found in results("network_phantom").items():
        yield from section(
            f"## Simulated patients: {title}",
            f"Seeds {', '.join(map(str, found['seeds']))}, 6 folds, each patient predicted by the fold that did not",
            "see it; pooled over seeds, pairs within folds alone. The last column is the share of C - 0.5 that Cox",
            "models of the true factors reach on the same folds. Tiles at 10x show some of what true factors of 5x",
            "describe: they come from the same tissue.",
            "Command: `python benchmarks/network_phantom.py DIR --weights FILE`.",
        )
        yield from phantom(found)
    for title, found in results("network_ablation").items():
        yield from section(
            f"## Ablation: {title}",
            "All images, frozen encoders, which saw no patient; the same folds and embeddings.",
            "Command: `python benchmarks/network_ablation.py DIR --weights FILE`.",
        )
        yield from ablation(found)
    for title, found in results("network_attention").items():
        yield from section(
            f"## Whether weights tell the truth: {title}",
            "Images of a modality that are dealt to patients at random are pure noise, and fates are drawn from what",
            "the others show and nothing else. Weight and share of absolute Shapley values on held-out patients; the",
            "noise is to stay below half of the mean of the others, and what alone informs is to get the most. Fates",
            "of the study as simulated are the phantom's.",
            "Command: `python benchmarks/network_attention.py DIR --weights FILE`.",
        )
        yield from attention(found)
    if found := results("prediction_cost"):
        yield from section(
            f"## {found['combinations']:,} combinations of one patient",
            "Command: `python benchmarks/prediction_cost.py`.",
        )
        yield from prediction_cost(found)
    if found := results("loader"):
        yield from section(
            "## The loader of training",
            "Shuffled tiles of 256 px by two threads; medians over rounds. To be reached: 0.8 of",
            "decoding alone. Command: `python benchmarks/loader.py`.",
        )
        yield from loader(found)
    if found := results("network_kirc"):
        yield from section(
            "## Genes and clinical values of TCGA-KIRC",
            "The network and Cox models on the same six folds. Command:",
            "`python benchmarks/network_kirc.py TABLES --study DIR`.",
        )
        yield from kirc(found)


def main() -> None:
    """Write the page."""
    PAGE.write_text("\n".join(page()) + "\n", encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
