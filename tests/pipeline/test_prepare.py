"""``tumorboard prepare``: every slide becomes tiles, whatever stops the work, and a bad slide stops nothing."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from tumorboard.phantom import PRESETS, PhantomRequest, write_phantom
from tumorboard.slides.preparation import pictures
from tumorboard.slides.show import draw_overlay
from tumorboard.store import Store
from tumorboard.study.files import StudyFolder

PATIENTS = 3


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Path:
    """Three simulated patients, one slide each."""
    root = tmp_path_factory.mktemp("phantom") / "study"
    request = PhantomRequest(PATIENTS, 5, PRESETS["demo"]).with_slide_side(3000)
    write_phantom(StudyFolder(root), request, progress=lambda *_: None, workers=2)
    return root


@pytest.fixture
def study(simulated, tmp_path, run_json) -> Path:
    """A study of its own of these patients, whose slides lie where they were written."""
    root = tmp_path / "study"
    root.mkdir()
    for name in ("patients.csv", "study.toml"):
        (root / name).write_bytes((simulated / name).read_bytes())
    slides = pd.read_csv(simulated / "slides.csv")
    slides["path"] = [str(simulated / path) for path in slides["path"]]
    slides.to_csv(root / "slides.csv", index=False)
    run_json("cohort", root)
    return root


def digests(root: Path) -> dict[str, str]:
    files = [file for part in ("store", "prepared") for file in (root / part).rglob("*") if file.is_file()]
    return {str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(files)}


def with_slides(study: Path, *rows: dict) -> None:
    slides = pd.read_csv(study / "slides.csv")
    pd.concat([slides, pd.DataFrame(rows)], ignore_index=True).to_csv(study / "slides.csv", index=False)


def change_setting(study: Path, old: str, new: str) -> None:
    settings = (study / "study.toml").read_text()
    assert old in settings
    (study / "study.toml").write_text(settings.replace(old, new))


def test_every_tile_is_of_its_place_and_scale(study, run_json):
    from tumorboard.slides.opening import open_slide

    told = run_json("prepare", study)
    slides = pd.read_csv(study / "slides.csv").set_index("patient_id")["path"]
    assert told["prepared"] == len(slides)
    assert told["failed"] == []
    for scale, mpp in (("10x", 1.0), ("5x", 2.0)):
        store = Store.open(study / "store", f"tiles_{scale}")
        assert len(store) == told["tiles"][scale] > 0
        table = store.table
        assert np.allclose(table["mpp"], mpp, rtol=0.05)
        assert (table["tissue_share"] >= 0.5).all()
        row = len(store) // 2
        tile = table.iloc[row]
        with open_slide(Path(slides[tile["patient_id"]])) as slide:
            region = slide.read(0, *(int(tile[name]) for name in ("left", "top", "box_width", "box_height")))
        picture = store.image(row)
        means = region.reshape(-1, 3).mean(0), picture.reshape(-1, 3).mean(0)
        assert np.abs(np.subtract(*means)).max() < 2
        assert np.isclose(tile["box_width"] / picture.shape[1], region.shape[1] / picture.shape[1])


def test_the_number_of_processes_and_a_second_run_change_no_byte(study, tmp_path, run_json):
    run_json("prepare", study, "--workers", 1)
    once = digests(study)
    times = {file: file.stat().st_mtime_ns for file in (study / "store" / "slides").iterdir()}
    run_json("prepare", study, "--workers", 2)
    assert digests(study) == once
    assert {file: file.stat().st_mtime_ns for file in times} == times, "what was up to date was made again"
    for part in ("store", "prepared"):
        (study / part).rename(tmp_path / part)
    run_json("prepare", study, "--workers", 2)
    assert digests(study) == once


def test_a_killed_run_goes_on_to_the_same_bytes(study, tmp_path, run_json):
    command = [Path(sys.executable).with_name("tumorboard"), "prepare", study, "--workers", "1"]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while not list(study.glob("store/slides/*.shard")):
        assert running.poll() is None
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    run_json("prepare", study)
    resumed = digests(study)
    for part in ("store", "prepared"):
        (study / part).rename(tmp_path / part)
    run_json("prepare", study)
    assert digests(study) == resumed


def test_bad_slides_are_told_and_stop_nothing(study, real_data, tmp_path, run):
    good = pd.read_csv(study / "slides.csv")
    whole = Path(good["path"][0]).read_bytes()
    (study / "cut off.svs").write_bytes(whole[: len(whole) // 2])
    (study / "empty.svs").write_bytes(b"")
    patient = good["patient_id"][0]
    bad = ["cut off.svs", "empty.svs", str(real_data / "slides" / "broken.svs"), "missing.svs"]
    with_slides(study, *({"patient_id": patient, "path": path} for path in bad))
    code, out, _ = run("prepare", study, "--json")
    told = json.loads(out)
    assert code == 2
    assert {failure["path"] for failure in told["failed"]} == set(bad)
    assert all(failure["reason"] and "\n" not in failure["reason"] for failure in told["failed"])
    assert not any("Traceback" in failure["reason"] or "fault" in failure["reason"] for failure in told["failed"])
    assert told["prepared"] == len(good)
    table = pd.read_csv(study / "prepared" / "slides.csv").set_index("path")
    assert (table.loc[bad, "status"] == "failed").all()
    assert set(Store.open(study / "store", "tiles_10x").patients) == set(good["patient_id"])

    (study / "empty.svs").write_bytes(whole)  # mended: only this one is done again
    code, out, _ = run("prepare", study, "--json")
    assert {failure["path"] for failure in json.loads(out)["failed"]} == set(bad) - {"empty.svs"}


def test_files_of_slides_that_no_row_leads_to_are_removed_and_others_stay(study, run_json):
    assert run_json("prepare", study)["removed"] == 0
    every = digests(study)
    shown = study / "prepared" / "slides"
    mine = [shown / "notes.txt", shown / "mine" / "overlay.jpg", study / "store" / "slides" / "mine.shard"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    slides = pd.read_csv(study / "slides.csv")
    gone = Path(slides["path"].iloc[-1]).stem
    slides.iloc[:-1].to_csv(study / "slides.csv", index=False)
    assert run_json("prepare", study)["removed"] == 1
    left = {name for name in digests(study) if "slides/" in name}
    assert left == {name for name in every if "slides/" in name and gone not in name} | {
        str(path.relative_to(study)) for path in mine
    }
    assert len(list(shown.iterdir())) == len(slides) - 1 + 2


def with_a_damaged_tile_in_each(study: Path) -> None:
    """Put copies in the place of a study's slides, in which half of a stored tile is zero, where a tile was cut."""
    slides = pd.read_csv(study / "slides.csv")
    kept = Store.open(study / "store", "tiles_10x")
    (study / "damaged").mkdir()
    for row, (patient, path) in enumerate(zip(slides["patient_id"], slides["path"], strict=True)):
        tile = kept.table.iloc[kept.patients[patient][0]]
        x, y = tile["left"] + tile["box_width"] / 2, tile["top"] + tile["box_height"] / 2
        content = bytearray(Path(path).read_bytes())
        with tifffile.TiffFile(path) as file:
            *fine, _ = pages = [page for page in file.pages if page.is_tiled]
            for page in fine:  # the coarsest shows where tissue is: a hole there would be taken for glass
                column, line = (int(each * page.imagewidth / pages[0].imagewidth) for each in (x, y))
                across = -(-page.imagewidth // page.tilewidth)
                place = line // page.tilelength * across + column // page.tilewidth
                start, length = page.dataoffsets[place], page.databytecounts[place]
                content[start + length // 2 : start + length] = bytes(length - length // 2)
        target = study / "damaged" / Path(path).name
        target.write_bytes(content)
        slides.loc[row, "path"] = str(target)
    slides.to_csv(study / "slides.csv", index=False)


def test_tiles_that_are_damaged_in_the_file_are_not_shown_as_taken(study, run_json, monkeypatch):
    shown = []
    run_json("prepare", study)
    with_a_damaged_tile_in_each(study)

    def draw(view, maps, tiles, **named):
        shown.append(tiles)
        return draw_overlay(view, maps, tiles, **named)

    monkeypatch.setattr(pictures, "draw_overlay", draw)
    told = run_json("prepare", study, "--workers", "1")
    damaged = pd.read_csv(study / "prepared" / "slides.csv")["damaged_tiles"]
    assert (damaged > 0).all()
    assert [tiles.reasons.count("damaged") for tiles in shown] == damaged.tolist()
    assert sum(len(tiles.kept_10x) for tiles in shown) == told["tiles"]["10x"]
    assert sum(len(tiles.kept_5x) for tiles in shown) == told["tiles"]["5x"]
    objects = [json.loads(path.read_text()) for path in (study / "prepared" / "slides").glob("*/regions.geojson")]
    marked = [one for own in objects for one in own["features"] if "Tile" in json.dumps(one["properties"])]
    assert len(marked) == sum(told["tiles"].values())


def test_the_cap_is_shared_by_a_patients_slides(study, simulated, run_json):
    slides = pd.read_csv(study / "slides.csv")
    other = slides["path"][1]
    with_slides(study, {"patient_id": slides["patient_id"][0], "path": f"{Path(other).parent}/./{Path(other).name}"})
    uncapped = run_json("prepare", study)
    table = pd.read_csv(study / "prepared" / "slides.csv")
    own = table[table["patient_id"] == slides["patient_id"][0]]
    assert len(own) == 2
    cap = int(own["good_10x"].sum()) - 2
    change_setting(study, "tiles_10x = 256", f"tiles_10x = {cap}")
    capped = run_json("prepare", study)
    rows = Store.open(study / "store", "tiles_10x").patients[slides["patient_id"][0]]
    assert len(rows) == cap
    assert capped["tiles"]["10x"] < uncapped["tiles"]["10x"]


def test_ready_made_tiles_are_taken_as_they_are(study, real_data, run_json):
    patient = pd.read_csv(study / "slides.csv")["patient_id"][0]
    tiles = sorted((real_data / "tiles_kirc" / "cancer").iterdir())
    with_slides(study, {"patient_id": patient, "path": str(tiles[0].parent), "mpp": 1.0})
    run_json("prepare", study)
    store = Store.open(study / "store", "tiles_10x")
    kept = {store.payload(row) for row in store.patients[patient]}
    files = {tile.read_bytes() for tile in tiles}
    assert len(files & kept) == len(files)


def test_a_slide_without_a_scale_needs_one_stated(study, run, run_json):
    import tifffile

    with tifffile.TiffFile(pd.read_csv(study / "slides.csv")["path"][0]) as slide:
        picture = slide.pages[0].asarray()
    tifffile.imwrite(study / "plain.tif", picture, tile=(256, 256), compression="jpeg", photometric="ycbcr")
    patient = pd.read_csv(study / "slides.csv")["patient_id"][0]
    with_slides(study, {"patient_id": patient, "path": "plain.tif"})
    code, out, _ = run("prepare", study, "--json")
    assert code == 2
    assert "MPP" in json.loads(out)["failed"][0]["reason"]
    change_setting(study, "\nmpp = 0.0", "\nmpp = 0.25")
    run_json("prepare", study)
    table = pd.read_csv(study / "prepared" / "slides.csv").set_index("path")
    assert table.loc["plain.tif", "mpp"] == 0.25


def test_an_annotation_limits_the_tiles(study, run_json):
    slides = pd.read_csv(study / "slides.csv")
    before = run_json("prepare", study)["tiles"]["10x"]
    sizes = pd.read_csv(study / "prepared" / "slides.csv").set_index("path")[["width_px", "height_px"]]
    halves = {}
    for patient, path in slides[["patient_id", "path"]].itertuples(index=False):
        width, height = sizes.loc[path].tolist()
        halves[patient] = width // 2
        ring = [[0, 0], [width // 2, 0], [width // 2, height], [0, height], [0, 0]]
        feature = {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {"objectType": "annotation", "classification": {"name": "Tumor"}},
        }
        (study / f"{patient}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    slides.assign(annotation=slides["patient_id"] + ".geojson").to_csv(study / "slides.csv", index=False)
    told = run_json("prepare", study)
    assert 0 < told["tiles"]["10x"] < before
    assert told["rejected"]["outside annotation"] > 0
    table = Store.open(study / "store", "tiles_10x").table
    # half of a tile lies within: its middle may be on the edge, but for the 4 pixels of the measurement
    assert (table["left"] + table["box_width"] / 2 <= table["patient_id"].astype(str).map(halves) + 4).all()


def test_without_a_cohort_it_says_what_to_run(study, run):
    (study / "cohort.parquet").unlink()
    code, _, err = run("prepare", study)
    assert code == 2
    assert "tumorboard cohort" in err
    assert len(err.splitlines()) == 1
