"""What a risk is worth: discrimination, calibration, curves, comparisons, clinical baselines."""
