"""Choose one series for each of the 267 TCGA-KIRC patients with CT or MR, from the real index, and compare with labels.

Run ``python benchmarks/series_choice.py [PHANTOM]``; needs the extra ``archives``. With a folder written by
``tumorboard phantom`` the choice is also made on simulated patients, whose truth is known. Writes
``results/series_choice.json`` and the table of choices ``results/series_choice.csv``. The labels and how they were
made: ``series_choice/README.md``.
"""

from __future__ import annotations

import csv
import importlib.metadata
import importlib.util
import json
import math
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import idc_index_data
import pandas as pd

from tumorboard.scans.choice import Choice, Phase, choose, kind_of, phase_from_image
from tumorboard.scans.reading import Series, find_series, read_series
from tumorboard.scans.series import SeriesFacts
from tumorboard.scans.volume import Volume, turn
from tumorboard.study.files import write_json, write_whole

HERE = Path(__file__).parent
LABELS = HERE / "series_choice" / "labels.csv"
SECOND_LABELS = HERE / "series_choice" / "labels_second.csv"
RESULTS = HERE / "results"
STUDY_SPLIT = {"CT": 199, "MR": 31}
"""Patients by modality in the reference study, which had 230 patients of TCGA-KIRC with a scan."""

NORMAL_95 = 1.959964


def index_series(collection: str = "tcga_kirc") -> pd.DataFrame:
    """Read the CT and MR series of a collection from the packaged index.

    Returns
    -------
    pandas.DataFrame
        One row a series, with the columns of the index.
    """
    return pd.read_parquet(
        str(idc_index_data.IDC_INDEX_PARQUET_FILEPATH),
        filters=[("collection_id", "==", collection), ("Modality", "in", ["CT", "MR"])],
    ).reset_index(drop=True)


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value)


def facts_from_index(row: dict[str, object]) -> SeriesFacts:
    """Turn a row of the index into facts: it tells no image type, times, agent, plane or spacing.

    The body part is left out: the collection's curators wrote KIDNEY into all of them.
    """
    number = re.fullmatch(r"\d+", _text(row["SeriesNumber"]).strip())
    return SeriesFacts(
        series_uid=_text(row["SeriesInstanceUID"]),
        modality=_text(row["Modality"]),
        slices=int(str(row["instanceCount"])),
        study_uid=_text(row["StudyInstanceUID"]),
        description=_text(row["SeriesDescription"]),
        study_description=_text(row["StudyDescription"]),
        number=int(number[0]) if number else None,
        date=_text(row["StudyDate"])[:10].replace("-", "") or None,
        sop_class_uid=_text(row["SOPClassUID"]) or None,
    )


def choose_all(series: pd.DataFrame) -> dict[str, Choice]:
    """Choose for every patient; the keys are patient identifiers, which go no further."""
    return {
        str(patient): choose([facts_from_index(row) for row in rows.to_dict("records")])
        for patient, rows in series.groupby("PatientID", sort=True)
    }


def wilson(agreeing: int, count: int) -> list[float] | None:
    """Give the Wilson interval of a share, 95 %."""
    if not count:
        return None
    share, squared = agreeing / count, NORMAL_95**2
    centre = (share + squared / (2 * count)) / (1 + squared / count)
    half = NORMAL_95 / (1 + squared / count) * math.sqrt(share * (1 - share) / count + squared / (4 * count**2))
    return [round(centre - half, 4), round(centre + half, 4)]


def _count(agrees: list[bool]) -> dict[str, object]:
    return {
        "patients": len(agrees),
        "agree": sum(agrees),
        "share": round(sum(agrees) / len(agrees), 4) if agrees else None,
        "wilson_95": wilson(sum(agrees), len(agrees)),
    }


def compare(choices: dict[str, Choice], series: pd.DataFrame, labels_file: Path = LABELS) -> dict[str, object]:
    """Compare the choices with the labels of the first or the second sample.

    A choice agrees where it is labelled best or equal; where no series serves, if none is chosen. The strict count
    leaves out the equal rows whose comment begins with "stacked passes".

    Returns
    -------
    dict
        ``all``, ``sure`` and ``ambiguous`` (by the certainty of the best row), each also ``strict``; and ``misses``.
    """
    labels = pd.read_csv(labels_file, keep_default_na=False, dtype=str)
    patients = _patients_by_sample(series)
    described = {str(row["SeriesInstanceUID"]): row for row in series.to_dict("records")}
    records, misses = [], []
    for sample, rows in labels.groupby(labels["sample"].astype(int)):
        choice = choices[patients[int(str(sample))]]
        serving = rows[rows["verdict"] != "none"]
        stacked = serving["comment"].str.startswith("stacked passes")
        allowed, strictly = set(serving["series_uid"]), set(serving["series_uid"][~stacked])
        agrees = choice.series_uid in allowed if len(serving) else choice.series_uid is None
        strict = choice.series_uid in strictly if len(serving) else agrees
        first = rows[rows["verdict"] != "equal"].iloc[0]
        records.append((str(first["certainty"]), agrees, strict))
        if not strict:
            misses.append(_miss(int(str(sample)), choice, first.to_dict(), described, stacked_only=agrees))
    groups = {"all": records} | {name: [one for one in records if one[0] == name] for name in ("sure", "ambiguous")}
    counted = {
        name: {"agreement": _count([one[1] for one in rows]), "strict": _count([one[2] for one in rows])}
        for name, rows in groups.items()
    }
    return counted | {"misses": misses}


def _patients_by_sample(series: pd.DataFrame) -> dict[int, str]:
    spec = importlib.util.spec_from_file_location("draw_sample", HERE / "series_choice" / "draw_sample.py")
    if spec is None or spec.loader is None:
        sys.exit("series_choice/draw_sample.py is missing")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    drawn = [*module.draw_sample(series), *module.draw_second_sample(series)]
    return dict(enumerate(drawn, start=1))


def _shown(row: dict[str, object] | None) -> str:
    if row is None:
        return "none"
    shown = (
        row["Modality"],
        row["SeriesNumber"],
        f"“{_text(row['SeriesDescription'])}”",
        f"{row['instanceCount']} slices",
    )
    return " ".join(
        str(one) for one in (*shown, f"study “{_text(row['StudyDescription'])}” {_text(row['StudyDate'])[:10]}")
    )


def _miss(
    sample: int, choice: Choice, best: dict[str, str], described: dict[str, dict[str, object]], *, stacked_only: bool
) -> dict[str, object]:
    return {
        "sample": sample,
        "miss": "in the strict count only" if stacked_only else "in both counts",
        "chosen": _shown(described.get(choice.series_uid or "")),
        "chosen_uid": choice.series_uid,
        "reason": choice.reason,
        "labelled_best": _shown(described.get(best["series_uid"])),
        "certainty": best["certainty"],
        "reader": best["comment"],
    }


def phantom_choices(folder: Path) -> dict[str, object]:
    """Choose on simulated patients: as they are, and with words, times, agents and numbers taken away.

    Returns
    -------
    dict
        Patients whose chosen series has the truth's phase, by what was known; phases read from images, true and read.
    """
    truth = pd.read_csv(folder / "truth" / "series.csv")
    by_uid = {str(row["series_uid"]): row for row in truth.to_dict("records")}
    right: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for patient, rows in truth.groupby("patient_id"):
        best = [row for row in rows.to_dict("records") if row["chosen"] == 1]
        if not best:
            continue
        found = {one.facts: one for one in find_series([folder / "scans" / str(patient)]).series}
        is_ct = best[0]["modality"] == "CT"
        known = {"headers": choose(list(found))}
        if is_ct:
            blind = {_without_words(facts): one for facts, one in found.items()}
            known["order_only"] = choose(list(blind))
            known["images_only"] = _choose_by_images(blind, by_uid, read)
        for name, choice in known.items():
            right[f"{name}: {'CT' if is_ct else 'MR'} patients"] += 1
            rank = by_uid.get(choice.series_uid or "", {}).get("choice_rank")
            right[f"{name}: {'CT' if is_ct else 'MR'} right"] += rank == best[0]["choice_rank"]
    return {"right": dict(sorted(right.items())), "image_phases": dict(sorted(read.items()))}


def _without_words(facts: SeriesFacts) -> SeriesFacts:
    """Keep a series' kind, but nothing that tells its phase, nor its number."""
    description = "" if kind_of(facts).is_image else facts.description
    return replace(
        facts, description=description, protocol="", number=None,
        contrast_agent=None, contrast_seconds=None, acquisition_seconds=None,
    )  # fmt: skip


def _choose_by_images(
    blind: dict[SeriesFacts, Series], by_uid: dict[str, dict[str, object]], read: Counter[str]
) -> Choice:
    phases: dict[SeriesFacts, Phase] = {}
    for facts, one in blind.items():
        if facts.modality == "CT" and kind_of(facts).is_image and facts.series_uid in by_uid:
            volume = read_series(one)
            phase = phase_from_image(Volume(*turn(volume.voxels, volume.grid), volume.modality))
            read[f"{by_uid[facts.series_uid]['phase']} read as {phase.name if phase else 'none'}"] += 1
            if phase is not None:
                phases[facts] = phase
    return choose(list(blind), phases=phases)


def write_table(path: Path, choices: dict[str, Choice]) -> None:
    """Write one row a patient, sorted by the chosen series; a patient without a choice by the first study."""
    columns = ["series_uid", "modality", "phase", "phase_from", "reason", "could_serve", "rivals", "first_study_uid"]
    rows = []
    for choice in choices.values():
        able = sum(rival.kind.is_image for rival in choice.rivals)
        studies = [rival.facts for rival in choice.rivals] + ([choice.chosen] if choice.chosen else [])
        first = min(studies, key=lambda one: (one.date or "", one.study_uid))
        phase = choice.phase
        said = (str(phase.name), phase.source) if phase else ("", "")
        row = (choice.series_uid or "", choice.modality or "", *said, choice.reason, able, len(choice.rivals))
        rows.append((*row, first.study_uid))

    def write(place: Path) -> None:
        with place.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([columns, *sorted(rows, key=lambda row: (row[0], row[-1]))])

    write_whole(path, write)


def main() -> None:
    """Choose, compare, write, and print a summary."""
    series = index_series()
    choices = choose_all(series)
    agreement = compare(choices, series)
    chosen = [choice for choice in choices.values() if choice.chosen is not None]
    path = RESULTS / "series_choice.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    split = Counter(choice.modality for choice in chosen)
    result = {
        "index": f"idc-index-data {importlib.metadata.version('idc-index-data')}",
        "collection": "tcga_kirc",
        "series": {modality: int(count) for modality, count in series["Modality"].value_counts().items()},
        "patients": len(choices),
        "chosen": len(chosen),
        "without_a_series": [
            {"first_study_uid": min(rival.facts.study_uid for rival in choice.rivals), "reason": choice.reason}
            for choice in choices.values()
            if choice.chosen is None
        ],
        "modality": {"chosen": dict(sorted(split.items())), "reference_study": STUDY_SPLIT},
        "phases": dict(Counter(f"{one.modality} {one.phase.name}" for one in chosen if one.phase).most_common()),
        "phase_from": dict(Counter(one.phase.source for one in chosen if one.phase).most_common()),
        "phantom": phantom_choices(Path(sys.argv[1])) if len(sys.argv) > 1 else before.get("phantom"),
        "first_agreement": before.get("first_agreement", agreement),
        "agreement": agreement,
        "second_sample": before.get("second_sample") or compare(choices, series, SECOND_LABELS),
        "second_sample_now": compare(choices, series, SECOND_LABELS),
    }
    write_json(path, result)
    write_table(RESULTS / "series_choice.csv", choices)
    sys.stdout.write(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
