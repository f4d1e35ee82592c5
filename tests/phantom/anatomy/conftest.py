import cv2
import pytest

from tumorboard.phantom.patients.patient import HistologyFactors, RadiologyFactors, ScanKind, SimulatedPatient


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    cv2.setNumThreads(1)


@pytest.fixture(scope="session")
def patient():
    """Make a patient with the stated tumour."""

    def _patient(number=1, *, side="left", sex="male", age=62, diameter_mm=55.0, shape=0.5, core=0.5, seed=7):
        return SimulatedPatient(
            number=number,
            patient_id=f"SIM-{number:04d}",
            seed=seed,
            sex=sex,
            age_years=age,
            side=side,
            site="a",
            histology=HistologyFactors(*[0.5] * 6),
            radiology=RadiologyFactors(diameter_mm, shape, core),
            has_slide=True,
            scan=ScanKind.CT,
        )

    return _patient
