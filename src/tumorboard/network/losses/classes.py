"""Cross-entropy for the status at five years, with weights by patients and patients without a label."""

from __future__ import annotations

import torch
from torch.nn import functional

NO_LABEL = -1
"""Stands for a patient who was censored before five years."""


def class_weights(labels: torch.Tensor, classes: int = 2) -> torch.Tensor:
    """Return weights that make the classes count alike, their mean over labelled patients being 1.

    Parameters
    ----------
    labels : Tensor of int, shape (patients,)
        Each fit patient once, however many images it has; `NO_LABEL` where there is none.
    classes : int

    Returns
    -------
    Tensor of float32, shape (classes,)
        Patients / (classes x patients of the class).

    Raises
    ------
    ValueError
        A class has no patient.
    """
    _check_labels(labels, classes)
    numbers = torch.bincount(labels[labels != NO_LABEL], minlength=classes)
    if not bool(numbers.all()):
        raise ValueError(f"patients by class: {numbers.tolist()}; each class needs at least one")
    return numbers.sum() / (classes * numbers.float())


def class_loss(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Return the weighted cross-entropy per labelled patient.

    It is divided by the number of labelled patients and not by the sum of their weights: else a weight would vanish
    from a batch of one class, and small batches would not add up to the whole.

    Parameters
    ----------
    logits : Tensor, shape (patients, classes)
    labels : Tensor of int, shape (patients,)
        `NO_LABEL` leaves a patient out.
    weights : Tensor, shape (classes,), optional
        As ``class_weights`` gives them; all 1 by default.

    Returns
    -------
    Tensor, shape ()
        Zero, still attached to the graph, where no patient has a label.

    Raises
    ------
    ValueError
        Shapes that do not fit, or a label that is no class.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(f"logits of shape {tuple(logits.shape)} with labels of shape {tuple(labels.shape)}")
    _check_labels(labels, logits.shape[1])
    values = logits.to(torch.promote_types(logits.dtype, torch.float32))
    weighing = None if weights is None else weights.to(values)
    total = functional.cross_entropy(values, labels.long(), weighing, ignore_index=NO_LABEL, reduction="sum")
    return total / (labels != NO_LABEL).sum().clamp_min(1)


def _check_labels(labels: torch.Tensor, classes: int) -> None:
    if labels.is_floating_point() or not bool(((labels >= NO_LABEL) & (labels < classes)).all()):
        raise ValueError(f"a label is neither a class from 0 to {classes - 1} nor {NO_LABEL} for none")
