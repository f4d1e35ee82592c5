"""Small worked studies."""

import pytest

PATIENTS = """\
patient_id,site,age_years,sex,t,n,m,grade,size_cm,time_months,event
P1,A,61,female,1a,0,0,2,3.5,70,0
P2,A,55,male,3a,0,0,3,8,12.5,1
P3,B,72,male,2a,x,0,4,9,60,1
P4,B,48,female,1b,0,0,1,5,60,0
P5,C,66,male,4,1,1,4,12,,
"""
SLIDES = "patient_id,path\nP1,slides/1.svs\nP2,slides/2.svs\nP2,slides/2b.svs\nP5,slides/5.svs\n"
SCANS = "patient_id,path,modality\nP1,scans/1,CT\nP3,scans/3,mri\nP5,scans/5,ct\nP5,scans/5b,MR\n"
MAF = """\
#version 2.4
Hugo_Symbol\tVariant_Classification\tTumor_Sample_Barcode
VHL\tMissense_Mutation\tP1
VHL\tFrame_Shift_Del\tP1
PBRM1\tNonsense_Mutation\tP2
TTN\tSilent\tP4
"""
COPY_NUMBER = "ENTITY_STABLE_ID\tNAME\tP1\tP2\tP3\na\t3p\tLoss\tUnchanged\tNA\nb\t5q\tGain\tUnchanged\tNA\n"


@pytest.fixture
def patients_csv():
    """The table of patients that a written study has."""
    return PATIENTS


@pytest.fixture
def write_study(tmp_path):
    """Write a study of five patients; a file may be replaced, and left out with None."""

    def write(where="study", **files):
        folder = tmp_path / where
        folder.mkdir()
        usual = {
            "patients.csv": PATIENTS,
            "slides.csv": SLIDES,
            "scans.csv": SCANS,
            "mutations.maf": MAF,
            "copy_number.tsv": COPY_NUMBER,
        }
        for name, content in (usual | files).items():
            if content is not None:
                data = content if isinstance(content, bytes) else content.encode()
                (folder / name).write_bytes(data)
        return folder

    return write
