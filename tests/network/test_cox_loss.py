"""Cox's partial likelihood as a loss, against values by hand, lifelines, torchsurv and this program's own."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lifelines import CoxPHFitter

from tumorboard.network.losses import Remembered, RiskMemory, cox_loss
from tumorboard.survival import Survival, log_partial_likelihood

TIES = ("efron", "breslow")


@pytest.fixture(scope="module")
def torchsurv_loss():
    """Their negative log partial likelihood, right where no censoring shares a time with an event."""
    with warnings.catch_warnings():  # it compiles parts of itself in a way that PyTorch is about to drop
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("torchsurv.loss.cox").neg_partial_log_likelihood


def tied_patients(n=60, seed=0):
    numbers = np.random.default_rng(seed)
    time = torch.tensor(numbers.integers(1, 12, n), dtype=torch.float64)
    event = torch.tensor(numbers.random(n) < 0.5)
    return torch.tensor(numbers.normal(size=n)), time, event


patients = st.lists(
    st.tuples(st.integers(0, 6), st.booleans(), st.floats(-50, 50)),
    min_size=1,
    max_size=25,
).map(
    lambda rows: (
        torch.tensor([row[2] for row in rows], dtype=torch.float64),
        torch.tensor([float(row[0]) for row in rows], dtype=torch.float64),
        torch.tensor([row[1] for row in rows]),
    )
)


def test_worked_by_hand():
    # risks 1, 2, 3, 4; events of the 2 and the 3 at time 2, censored at times 2 and 3
    log_risk = torch.log(torch.tensor([2.0, 3, 1, 4]))
    time, event = torch.tensor([2.0, 2, 2, 3]), torch.tensor([1, 1, 0, 0])
    breslow = -(math.log(2) + math.log(3) - 2 * math.log(10)) / 2
    efron = -(math.log(2) + math.log(3) - math.log(10) - math.log(10 - 5 / 2)) / 2
    assert float(cox_loss(log_risk, time, event, ties="breslow")) == pytest.approx(breslow)
    assert float(cox_loss(log_risk, time, event)) == pytest.approx(efron)


def test_a_censoring_at_the_time_of_an_event_is_at_risk_in_any_order():
    log_risk, time, event = torch.tensor([0.2, 1.5, -0.3]), torch.tensor([5.0, 5.0, 7.0]), torch.tensor([1, 0, 0])
    by_hand = math.log(math.exp(0.2) + math.exp(1.5) + math.exp(-0.3)) - 0.2
    for order in ([0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]):
        assert float(cox_loss(log_risk[order], time[order], event[order])) == pytest.approx(by_hand, rel=1e-6)


@given(patients)
def test_agrees_with_the_programs_own_likelihood(rows):
    log_risk, time, event = rows
    outcome = Survival(time.numpy() + 1, event.numpy())
    for ties in TIES:
        own = log_partial_likelihood(outcome, log_risk.numpy(), ties=ties)
        found = float(cox_loss(log_risk, time, event, ties=ties)) * max(1, int(event.sum()))
        assert found == pytest.approx(-own, rel=1e-9, abs=1e-9)


def test_agrees_with_lifelines_whose_ties_are_efrons():
    x, time, event = tied_patients()
    frame = pd.DataFrame({"x": x.numpy(), "time": time.numpy(), "event": event.numpy()})
    fitted = CoxPHFitter().fit(frame, "time", "event")
    log_risk = torch.tensor(fitted.params_["x"] * frame["x"].to_numpy())
    assert float(cox_loss(log_risk, time, event)) * int(event.sum()) == pytest.approx(-fitted.log_likelihood_, rel=1e-6)


@pytest.mark.parametrize("ties", TIES)
def test_agrees_with_lifelines_where_nothing_is_tied_and_stratified(ties):
    x, _, event = tied_patients()
    numbers = np.random.default_rng(1)
    time = torch.tensor(numbers.permutation(len(x)) + 1.0)
    strata = torch.tensor(numbers.integers(0, 3, len(x)))
    frame = pd.DataFrame({"x": x.numpy(), "time": time.numpy(), "event": event.numpy(), "site": strata.numpy()})
    fitted = CoxPHFitter().fit(frame, "time", "event", strata="site")
    log_risk = torch.tensor(fitted.params_["x"] * frame["x"].to_numpy())
    found = float(cox_loss(log_risk, time, event, ties=ties, strata=strata)) * int(event.sum())
    assert found == pytest.approx(-fitted.log_likelihood_, rel=1e-6)


@pytest.mark.filterwarnings("ignore:Ties in")
@pytest.mark.parametrize("ties", TIES)
def test_agrees_with_torchsurv_in_its_ties_methods(torchsurv_loss, ties):
    # ties among events; no censoring shares a time with an event, and not all times differ
    log_risk, time, event = tied_patients()
    log_risk = log_risk.float()
    time = torch.where(event, time, time + 0.5).float()
    theirs = torchsurv_loss(log_risk, event, time, ties_method=ties, reduction="sum")
    found = cox_loss(log_risk, time, event, ties=ties) * int(event.sum())
    assert float(found) == pytest.approx(float(theirs), rel=1e-5)


def test_three_rows_of_which_torchsurv_depends_on_their_order(torchsurv_loss):
    # an event and a censoring at one time, and one later: 1.706 in any order; torchsurv has 0.371 in one of them
    log_risk, time, event = (
        torch.tensor([0.0, 1.4, -0.8]),
        torch.tensor([5.0, 5, 9]),
        torch.tensor([True, False, False]),
    )
    for order in ([0, 1, 2], [1, 0, 2], [2, 1, 0]):
        loss = cox_loss(log_risk[order], time[order], event[order])
        assert float(loss) == pytest.approx(1.706, abs=1e-3)
    with_the_event_first = torchsurv_loss(log_risk, event, time)
    assert float(with_the_event_first) == pytest.approx(1.706, abs=1e-3)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("stratified", [False, True])
def test_gradient_is_that_of_finite_differences(ties, stratified):
    log_risk, time, event = tied_patients(25)
    strata = torch.arange(25) % 2 if stratified else None
    log_risk.requires_grad_()
    assert torch.autograd.gradcheck(lambda risk: cox_loss(risk, time, event, ties=ties, strata=strata), (log_risk,))


@given(patients, st.randoms(use_true_random=False), st.floats(-30, 30))
def test_order_time_scale_and_a_constant_do_not_matter(rows, shuffler, constant):
    log_risk, time, event = rows
    order = list(range(len(time)))
    shuffler.shuffle(order)
    for ties in TIES:
        loss = float(cox_loss(log_risk, time, event, ties=ties))
        others = (
            cox_loss(log_risk[order], time[order], event[order], ties=ties),
            cox_loss(log_risk, torch.exp(time) - 3, event, ties=ties),
            cox_loss(log_risk + constant, time, event, ties=ties),
        )
        assert [float(other) for other in others] == pytest.approx([loss] * 3, rel=1e-8, abs=1e-8)


@given(patients)
def test_the_gradients_of_all_patients_sum_to_zero(rows):
    log_risk, time, event = rows
    log_risk = log_risk.clone().requires_grad_()
    for ties in TIES:
        (gradient,) = torch.autograd.grad(cox_loss(log_risk, time, event, ties=ties), log_risk)
        assert float(gradient.sum()) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("size", [100.0, 1000.0])
@pytest.mark.parametrize("ties", TIES)
def test_huge_log_risks_are_safe(size, ties):
    log_risk = torch.tensor([size, -size, size, -size, 0.0], requires_grad=True)
    time, event = torch.tensor([2.0, 2, 2, 1, 3]), torch.tensor([1, 1, 0, 1, 0])
    loss = cox_loss(log_risk, time, event, ties=ties)
    (gradient,) = torch.autograd.grad(loss, log_risk)
    assert torch.isfinite(gradient).all()
    assert float(loss.detach()) == pytest.approx(
        -log_partial_likelihood(Survival(time.numpy(), event.numpy()), log_risk.detach().numpy(), ties=ties) / 3
    )


@pytest.mark.parametrize("ties", TIES)
def test_no_event_is_a_zero_that_is_attached(ties):
    log_risk = torch.randn(4, requires_grad=True)
    for strata in (None, torch.tensor([0, 0, 1, 1])):
        loss = cox_loss(log_risk, torch.arange(4.0), torch.zeros(4), ties=ties, strata=strata)
        (gradient,) = torch.autograd.grad(loss, log_risk)
        assert float(loss.detach()) == 0
        assert not gradient.any()


@pytest.mark.parametrize("happened", [0, 1])
def test_one_patient_alone(happened):
    log_risk = torch.tensor([3.0], requires_grad=True)
    loss = cox_loss(log_risk, torch.tensor([4.0]), torch.tensor([happened]))
    loss.backward()
    assert float(loss.detach()) == 0
    assert float(log_risk.grad) == 0


def test_all_at_one_time():
    # four equal risks die together: breslow 4 log 4, efron log 4!
    zeros, time = torch.zeros(4), torch.full((4,), 9.0)
    assert float(cox_loss(zeros, time, torch.ones(4), ties="breslow")) == pytest.approx(math.log(4))
    assert float(cox_loss(zeros, time, torch.ones(4))) == pytest.approx(math.log(24) / 4)


def test_a_stratum_is_a_likelihood_of_its_own():
    log_risk, time, event = tied_patients()
    first = torch.arange(len(time)) < 20
    alone = [float(cox_loss(log_risk[s], time[s], event[s]) * event[s].sum()) for s in (first, ~first)]
    together = cox_loss(log_risk, time, event, strata=first.long()) * event.sum()
    assert float(together) == pytest.approx(sum(alone))


def test_half_precision_comes_back_as_single():
    loss = cox_loss(torch.randn(4).bfloat16(), torch.arange(4.0), torch.ones(4))
    assert loss.dtype == torch.float32


def test_large_batches_take_n_log_n_memory():
    n = 200_000  # n times n would be 320 GB
    loss = cox_loss(torch.randn(n), torch.rand(n), torch.rand(n) < 0.3)
    assert torch.isfinite(loss)


@pytest.mark.parametrize(
    ("log_risk", "time", "event"),
    [
        (torch.zeros(3), torch.zeros(2), torch.zeros(3)),
        (torch.zeros(3), torch.zeros(3), torch.zeros(3, 1)),
        (torch.zeros(3, 1), torch.zeros(3), torch.zeros(3)),
        (torch.zeros(0), torch.zeros(0), torch.zeros(0)),
        (torch.zeros(2), torch.tensor([1.0, torch.nan]), torch.zeros(2)),
        (torch.zeros(2), torch.ones(2), torch.tensor([1, 2])),
    ],
)
def test_refuses_what_cannot_be(log_risk, time, event):
    with pytest.raises(ValueError, match=r"shape|finite|neither"):
        cox_loss(log_risk, time, event)


def full_gradient(log_risk, time, event):
    values = log_risk.clone().requires_grad_()
    return torch.autograd.grad(cox_loss(values, time, event), values)[0]


def test_with_everybody_else_remembered_the_mean_gradient_is_that_of_the_whole():
    log_risk, time, event = tied_patients(60)
    found = torch.zeros_like(log_risk)
    for start in range(0, 60, 12):
        inside = torch.zeros(60, dtype=torch.bool)
        inside[start : start + 12] = True
        values = log_risk[inside].clone().requires_grad_()
        others = Remembered(log_risk[~inside], time[~inside], event[~inside])
        loss = cox_loss(values, time[inside], event[inside], memory=others)
        assert float(loss.detach()) == pytest.approx(float(cox_loss(log_risk, time, event)))
        found[inside] = torch.autograd.grad(loss, values)[0] / 5
    torch.testing.assert_close(found, full_gradient(log_risk, time, event))


def test_memory_gives_a_gradient_nearer_the_whole_ones_than_the_batch_alone():
    log_risk, time, event = tied_patients(120, seed=3)
    whole = full_gradient(log_risk, time, event)
    errors = {}
    for remembering in (False, True):
        mean = torch.zeros_like(whole)
        for batch in torch.arange(120).split(8):
            values = log_risk[batch].clone().requires_grad_()
            others = torch.ones(120, dtype=torch.bool).index_fill(0, batch, value=False)
            memory = Remembered(log_risk[others], time[others], event[others]) if remembering else None
            loss = cox_loss(values, time[batch], event[batch], memory=memory)
            mean[batch] = torch.autograd.grad(loss, values)[0] / 15
        errors[remembering] = float((mean - whole).norm() / whole.norm())
    assert errors[True] < 1e-6
    assert errors[False] > 0.1


def test_a_memory_forgets_and_leaves_out_the_batch():
    time, event = torch.arange(6.0), torch.tensor([1, 0, 1, 0, 1, 0])
    memory = RiskMemory(time, event, keep_steps=2)
    assert len(memory.others(torch.tensor([0])).log_risk) == 0
    memory.remember(torch.tensor([0, 1]), torch.tensor([0.5, 0.6], requires_grad=True))
    memory.remember(torch.tensor([2, 3]), torch.tensor([0.7, 0.8]))
    others = memory.others(torch.tensor([1, 5]))
    assert others.log_risk.tolist() == pytest.approx([0.5, 0.7, 0.8])
    assert others.time.tolist() == [0, 2, 3]
    assert not others.log_risk.requires_grad
    memory.remember(torch.tensor([4]), torch.tensor([0.9]))
    memory.remember(torch.tensor([4]), torch.tensor([1.0]))
    assert memory.others(torch.tensor([5])).time.tolist() == [2, 3, 4]
    again = RiskMemory(time, event, keep_steps=2)
    again.restore(memory.state())
    memory.remember(torch.tensor([0]), torch.tensor([7.0]))
    assert again.others(torch.tensor([5])).log_risk.tolist() == pytest.approx([0.7, 0.8, 1.0])
