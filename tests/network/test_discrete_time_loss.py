"""Discrete-time survival: likelihood, curves, risks, intervals."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tumorboard.network.losses import discrete_time_loss, edges_at_event_quantiles, months_lost, survival_curves

EDGES = (12.0, 24.0, 60.0)


def log_odds(*hazards):
    return torch.tensor([[math.log(h / (1 - h)) for h in hazards]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("time", "event", "likelihood"),
    [
        (0.0, 1, 0.1),
        (11.9, 1, 0.1),
        (12.0, 1, 0.9 * 0.2),  # an edge begins an interval
        (30.0, 1, 0.9 * 0.8 * 0.3),
        (60.0, 1, 0.9 * 0.8 * 0.7),  # beyond the last edge: survived all
        (99.0, 1, 0.9 * 0.8 * 0.7),
        (5.0, 0, 1.0),  # less than half of the first interval
        (6.0, 0, 0.9),
        (20.0, 0, 0.9 * 0.8),
        (41.9, 0, 0.9 * 0.8),
        (42.0, 0, 0.9 * 0.8 * 0.7),
    ],
)
def test_likelihood_worked_by_hand(time, event, likelihood):
    loss = discrete_time_loss(log_odds(0.1, 0.2, 0.3), torch.tensor([time]), torch.tensor([event]), EDGES)
    assert float(loss) == pytest.approx(-math.log(likelihood), abs=1e-9)


def test_curves_and_months_lost_worked_by_hand():
    logits = log_odds(0.1, 0.2, 0.3)
    assert survival_curves(logits)[0].tolist() == pytest.approx([0.9, 0.72, 0.504])
    area = 12 * 0.95 + 12 * 0.81 + 36 * 0.612
    assert float(months_lost(logits, EDGES)) == pytest.approx(60 - area)


@given(st.lists(st.floats(-1000, 1000), min_size=3, max_size=3), st.integers(0, 2), st.floats(0.1, 50))
def test_a_higher_hazard_is_never_a_lower_risk_and_huge_logits_are_safe(values, which, more):
    logits = torch.tensor([values], requires_grad=True)
    higher = logits.detach().clone()
    higher[0, which] += more
    curve = survival_curves(logits.detach())[0]
    assert ((curve[1:] <= curve[:-1]) & (curve[1:] >= 0) & (curve[:-1] <= 1)).all()
    assert float(months_lost(higher, EDGES)) >= float(months_lost(logits.detach(), EDGES)) - 1e-4
    loss = discrete_time_loss(logits, torch.tensor([30.0]), torch.tensor([1]), EDGES)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()


def test_gradient_is_that_of_finite_differences():
    logits = torch.randn(8, 3, dtype=torch.float64, requires_grad=True)
    time, event = torch.tensor([1.0, 7, 12, 20, 30, 50, 60, 80]), torch.tensor([1, 0, 1, 0, 1, 0, 1, 0])
    assert torch.autograd.gradcheck(lambda x: discrete_time_loss(x, time, event, EDGES), (logits,))


def test_a_batch_that_says_nothing_is_a_zero_that_is_attached():
    logits = torch.randn(2, 3, requires_grad=True)
    loss = discrete_time_loss(logits, torch.tensor([1.0, 2.0]), torch.zeros(2), EDGES)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert float(loss.detach()) == 0
    assert not gradient.any()


def test_the_likelihood_is_greatest_at_the_share_of_events():
    # 100 patients, 30 die in the only interval: a hazard of 0.3
    time, event = torch.full((100,), 6.0), torch.arange(100) < 30
    time = torch.where(event, time, 12.0)
    at = math.log(0.3 / 0.7)
    shared = torch.tensor([[at]], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(discrete_time_loss(shared.expand(100, 1), time, event, (12.0,)), shared)
    assert float(gradient) == pytest.approx(0, abs=1e-9)


def test_intervals_hold_equally_many_events_and_all_of_them():
    time, event = torch.arange(1.0, 101.0), torch.arange(100) % 2 == 0
    edges = edges_at_event_quantiles(time, event, 5)
    bins = torch.bucketize(time[event].double(), torch.tensor(edges, dtype=torch.float64), right=True)
    assert torch.bincount(bins).tolist() == [10, 10, 10, 10, 10]
    assert edges == tuple(sorted(set(edges)))


def test_refuses_what_cannot_be():
    with pytest.raises(ValueError, match="intervals"):
        discrete_time_loss(torch.zeros(2, 2), torch.ones(2), torch.ones(2), EDGES)
    with pytest.raises(ValueError, match="below 0"):
        discrete_time_loss(torch.zeros(2, 3), torch.tensor([-1.0, 2.0]), torch.ones(2), EDGES)
    with pytest.raises(ValueError, match="event"):
        edges_at_event_quantiles(torch.ones(3), torch.zeros(3), 4)
