"""Cross-entropy for the status at five years."""

import math

import pytest
import torch

from tumorboard.network.losses import NO_LABEL, class_loss, class_weights


def test_worked_by_hand():
    # probabilities of the true class 1/2 and 3/4; weights 2 and 1; the third patient has no label
    logits = torch.log(torch.tensor([[1.0, 1.0], [1.0, 3.0], [5.0, 1.0]]))
    labels = torch.tensor([0, 1, NO_LABEL])
    by_hand = (2 * math.log(2) + math.log(4 / 3)) / 2
    assert float(class_loss(logits, labels, torch.tensor([2.0, 1.0]))) == pytest.approx(by_hand)


def test_weights_make_classes_count_alike_and_are_one_in_the_mean_over_patients():
    labels = torch.tensor([0] * 65 + [1] * 47 + [NO_LABEL] * 117)
    weights = class_weights(labels)
    assert float(weights[0] * 65) == pytest.approx(float(weights[1] * 47))
    assert float(weights[labels[labels >= 0]].mean()) == pytest.approx(1)


def test_patients_without_a_label_change_nothing():
    logits = torch.randn(6, 2, requires_grad=True)
    labels = torch.tensor([0, NO_LABEL, 1, 1, NO_LABEL, 0])
    known = labels >= 0
    loss = class_loss(logits, labels)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert float(loss.detach()) == pytest.approx(float(class_loss(logits[known].detach(), labels[known])))
    assert not gradient[~known].any()


def test_without_any_label_a_zero_that_is_attached():
    logits = torch.randn(3, 2, requires_grad=True)
    loss = class_loss(logits, torch.full((3,), NO_LABEL))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert float(loss.detach()) == 0
    assert not gradient.any()


def test_one_patient_keeps_its_weight():
    logits, weights = torch.zeros(1, 2), torch.tensor([0.5, 3.0])
    assert float(class_loss(logits, torch.tensor([1]), weights)) == pytest.approx(3 * math.log(2))


@pytest.mark.parametrize("size", [100.0, 1000.0])
def test_huge_logits_are_safe(size):
    logits = torch.tensor([[size, -size], [size, -size]], requires_grad=True)
    loss = class_loss(logits, torch.tensor([0, 1]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert float(loss.detach()) == pytest.approx(size)
    assert torch.isfinite(gradient).all()


def test_gradient_is_that_of_finite_differences():
    logits = torch.randn(7, 2, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 1, NO_LABEL, 1, 1, 0, NO_LABEL])
    assert torch.autograd.gradcheck(lambda x: class_loss(x, labels, torch.tensor([0.7, 1.6])), (logits,))


def test_refuses_what_cannot_be():
    with pytest.raises(ValueError, match="neither a class"):
        class_loss(torch.zeros(2, 2), torch.tensor([0, 2]))
    with pytest.raises(ValueError, match="shape"):
        class_loss(torch.zeros(2, 2), torch.tensor([0]))
    with pytest.raises(ValueError, match="at least one"):
        class_weights(torch.tensor([0, 0, NO_LABEL]))
