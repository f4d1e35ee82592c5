"""Studies on real tables and on simulated ones, built once."""

import pytest

from tumorboard.cli import main


def _run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    assert stop.value.code == 0


@pytest.fixture(scope="session")
def kirc_study(kirc, tmp_path_factory):
    """TCGA-KIRC: the patients of the reference study (slide, CT or MR, clinical record)."""
    pytest.importorskip("idc_index_data", reason="the index of the Imaging Data Commons is an optional extra")
    folder = tmp_path_factory.mktemp("kirc")
    _run("cohort", folder, "--tables", kirc, "--index", "tcga_kirc", "--require", "slide,scan,clinical", "--json")
    return folder


@pytest.fixture(scope="session")
def simulated_study(tmp_path_factory):
    """150 simulated patients, three folds, one repeat."""
    from tumorboard.phantom.patients import simulate_cohort, write_tables

    folder = tmp_path_factory.mktemp("simulated")
    write_tables(simulate_cohort(150, seed=4), folder)
    settings = "[folds]\ncount = 3\nrepeats = 1\n[evaluation]\nbootstrap = 100\n"
    (folder / "study.toml").write_text(settings)
    _run("cohort", folder, "--json")
    return folder
