"""Prediction: a patient's risk over all combinations of its images, by a fold's model or by the ensemble of folds.

- ``image_choice``, ``encoding``: which images of a patient count, and their embeddings, each computed once
- ``curves``: from risks to absolute survival
- ``reference``: what a fold's fit and select patients say of a risk: the mean, the baseline hazard, the threshold
- ``fold``: a fold's own test patients
- ``shapley``: how much each modality moved a patient's risk
- ``ensemble``: the folds of a run as one model for new patients
- ``distribution``: is a new patient like those that the model was fitted on?
- ``patient_folder``: a new patient's raw files as a study of one patient
- ``result``, ``page``: what is said of a new patient
"""
