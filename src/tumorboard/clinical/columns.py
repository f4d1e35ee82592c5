"""The clinical columns of a patient table: names, units, what may stand in them.

The same columns are read from ``patients.csv``, written to ``cohort.parquet`` and taken by ``tumorboard score``.
"""

from __future__ import annotations

from tumorboard.study.tables import CategoryColumn, Column, FlagColumn, NumberColumn


def _spellings(*groups: tuple[str, tuple[str, ...]]) -> dict[str, str]:
    return {spelling.lower(): value for value, accepted in groups for spelling in (value, *accepted)}


def _prefixed(letter: str, values: tuple[str, ...]) -> dict[str, str]:
    spellings: dict[str, str] = {}
    for value in values:
        for spelling in (value, f"{letter}{value}", f"p{letter}{value}", f"c{letter}{value}", f"{value}.0"):
            spellings[spelling.lower()] = value
    return spellings


_LEVEL = _spellings(("low", ("decreased",)), ("normal", ()), ("high", ("elevated", "raised", "increased")))

PATIENT_ID = Column("patient_id", required=True, filled=True)

CLINICAL_COLUMNS: tuple[Column, ...] = (
    NumberColumn("age_years", unit="years at diagnosis", low=0, high=120, low_open=True),
    CategoryColumn("sex", spellings=_spellings(("female", ("f", "w", "woman")), ("male", ("m", "man")))),
    CategoryColumn(
        "t",
        spellings=_prefixed("T", ("1", "1a", "1b", "2", "2a", "2b", "3", "3a", "3b", "3c", "4")),
        unknown=frozenset({"x", "tx", "ptx"}),
    ),
    CategoryColumn("n", spellings=_prefixed("N", ("0", "1", "2", "x"))),
    CategoryColumn("m", spellings=_prefixed("M", ("0", "1", "x"))),
    NumberColumn("tnm_edition", unit="UICC/AJCC edition", low=1, high=9, whole=True),
    CategoryColumn("grade", spellings=_prefixed("G", ("1", "2", "3", "4")), unknown=frozenset({"gx", "x"})),
    CategoryColumn("grade_system", spellings=_spellings(("ISUP", ("who/isup", "who")), ("Fuhrman", ()))),
    NumberColumn("size_cm", unit="cm", low=0, high=40, low_open=True, hint="larger numbers are usually millimetres"),
    FlagColumn("necrosis"),
    NumberColumn("ecog", low=0, high=4, whole=True, hint="ECOG performance status before treatment"),
    NumberColumn("karnofsky", unit="%", low=0, high=100),
    CategoryColumn("haemoglobin", spellings=_LEVEL),
    CategoryColumn("calcium", spellings=_LEVEL),
    CategoryColumn("neutrophils", spellings=_LEVEL),
    CategoryColumn("platelets", spellings=_LEVEL),
    CategoryColumn("ldh", spellings=_LEVEL),
    NumberColumn("years_to_treatment", unit="years from diagnosis to systemic therapy", low=0, high=60),
    CategoryColumn(
        "histology",
        spellings=_spellings(
            ("clear cell", ("clear", "ccrcc", "clear_cell", "clear cell rcc")),
            ("favourable", ("favorable", "papillary type 1", "chromophobe")),
            ("unfavourable", ("unfavorable", "papillary type 2", "collecting duct", "unclassified", "sarcomatoid")),
        ),
    ),
    FlagColumn("vascular_invasion"),
)
"""Every clinical column that a table may have, in the order in which it is written."""

CLINICAL_NAMES: tuple[str, ...] = tuple(column.name for column in CLINICAL_COLUMNS)
