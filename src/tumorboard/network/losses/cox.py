"""Cox's partial likelihood as a loss.

A patient is at risk at every time up to and including its own, whether that ends in an event or in censoring, in
whatever order the rows come. All sums of hazards are taken in logarithms and in double precision, so that log-risks of
any finite size are safe. The work is n log n.

References
----------
Cox DR. J R Stat Soc B 1972;34:187-220. Breslow N. Biometrics 1974;30:89-99. Efron B. J Am Stat Assoc 1977;72:557-565.
"""

from __future__ import annotations

from typing import Literal

import torch

from tumorboard.network.losses.memory import Remembered

Ties = Literal["efron", "breslow"]


def cox_loss(
    log_risk: torch.Tensor,
    time: torch.Tensor,
    event: torch.Tensor,
    *,
    ties: Ties = "efron",
    strata: torch.Tensor | None = None,
    memory: Remembered | None = None,
) -> torch.Tensor:
    """Return the negative log partial likelihood per event.

    Parameters
    ----------
    log_risk : Tensor of float, shape (n,)
        Higher is worse. A NaN or an infinity gives NaN, to be seen by whoever trains.
    time : Tensor, shape (n,)
        Of the event or of censoring, in any unit.
    event : Tensor, shape (n,)
        1 or True where the event happened, 0 or False where censored.
    ties : {"efron", "breslow"}
        How events at one time share the risk set.
    strata : Tensor of int, shape (n,), optional
        Only patients of one stratum are at risk together.
    memory : Remembered, optional
        Other patients' recent log-risks, without gradient, of the same strata. The loss is then that of all together.
        Its gradient, which reaches the given patients only, is multiplied by (all patients / given patients), so that
        its mean over batches is the gradient of the loss over everybody, as far as the memory is up to date.

    Returns
    -------
    Tensor, shape ()
        In the type of `log_risk`, float32 at least. Zero, still attached to the graph, where there is no event.

    Raises
    ------
    ValueError
        Shapes that differ, a time that is not finite, an event that is neither 0 nor 1, strata on one side only.

    Examples
    --------
    Three patients who differ in nothing: log 3 and log 2 over two events.

    >>> zeros = torch.zeros(3)
    >>> round(float(cox_loss(zeros, torch.tensor([1.0, 2, 3]), torch.tensor([1, 1, 0]))), 4)
    0.8959
    """
    _check(log_risk, time, event, strata)
    if memory is not None:
        return _with_memory(log_risk, time, event, ties, strata, memory)
    values = log_risk.double() if log_risk.device.type != "mps" else log_risk.float()  # which has no double precision
    happened = event.to(torch.bool)
    events = int(happened.sum())
    if strata is None:
        total = _log_likelihood(values, time, happened, ties)
    else:
        total = values.sum() * 0
        for stratum in set(strata.tolist()):
            inside = strata == stratum
            total = total + _log_likelihood(values[inside], time[inside], happened[inside], ties)
    wanted = torch.promote_types(log_risk.dtype, torch.float32)
    return (-total / max(events, 1)).to(wanted)


def _with_memory(
    log_risk: torch.Tensor,
    time: torch.Tensor,
    event: torch.Tensor,
    ties: Ties,
    strata: torch.Tensor | None,
    memory: Remembered,
) -> torch.Tensor:
    if (strata is None) != (memory.strata is None):
        raise ValueError("either the batch or the memory has no strata")
    together = cox_loss(
        torch.cat([log_risk, memory.log_risk.detach().to(log_risk)]),
        torch.cat([time, memory.time.to(time)]),
        torch.cat([event.to(torch.bool), memory.event.to(event.device, torch.bool)]),
        ties=ties,
        strata=None if strata is None or memory.strata is None else torch.cat([strata, memory.strata.to(strata)]),
    )
    share = (len(log_risk) + len(memory.log_risk)) / len(log_risk)
    return together.detach() + share * (together - together.detach())


def _check(log_risk: torch.Tensor, time: torch.Tensor, event: torch.Tensor, strata: torch.Tensor | None) -> None:
    if log_risk.ndim != 1 or not len(log_risk):
        raise ValueError(f"log-risks of shape {tuple(log_risk.shape)}, not (n,) with at least one patient")
    for name, values in (("time", time), ("event", event), ("strata", strata)):
        if values is not None and values.shape != log_risk.shape:
            raise ValueError(f"{name} has the shape {tuple(values.shape)}, the log-risks {tuple(log_risk.shape)}")
    if not bool(torch.isfinite(time).all()):
        raise ValueError("a time is not finite")
    if not bool(((event == 0) | (event == 1)).all()):
        raise ValueError("an event is neither 0 nor 1")


def _log_likelihood(values: torch.Tensor, time: torch.Tensor, event: torch.Tensor, ties: Ties) -> torch.Tensor:
    """Return the log partial likelihood of one stratum, attached to the graph even without an event."""
    order = time.argsort(descending=True)
    values, time, event = values[order], time[order], event[order]
    group = _runs(time)
    last = group.bincount().cumsum(0) - 1
    log_at_risk = values.logcumsumexp(dim=0)[last]  # at each time, all of that time and later
    dying, their_group = values[event], group[event]
    if not len(dying):
        return (values * 0).sum()
    log_denominator = log_at_risk[their_group]
    if ties == "efron":
        their_tie = _runs(their_group)
        deaths = their_tie.bincount()
        first = deaths.cumsum(0) - deaths
        rank = torch.arange(len(dying), device=values.device) - first[their_tie]
        share = rank.to(values.dtype) / deaths[their_tie]
        log_dying = _log_sum_exp(dying, their_tie, len(deaths))[their_tie]
        log_denominator = log_denominator + torch.log1p(-share * torch.exp(log_dying - log_denominator))
    elif ties != "breslow":
        raise ValueError(f"ties are handled by efron or breslow, not by {ties!r}")
    return (dying - log_denominator).sum()


def _runs(ordered: torch.Tensor) -> torch.Tensor:
    """Return the number, from 0, of the run of equal values that each value belongs to."""
    changes = (ordered[1:] != ordered[:-1]).long()
    return torch.cat([changes.new_zeros(1), changes.cumsum(0)])


def _log_sum_exp(values: torch.Tensor, group: torch.Tensor, groups: int) -> torch.Tensor:
    """Return the logarithm of the sum of exponentials of each group."""
    start = torch.full((groups,), -torch.inf, dtype=values.dtype, device=values.device)
    greatest = start.scatter_reduce(0, group, values.detach(), "amax")
    sums = torch.zeros_like(start).index_add(0, group, torch.exp(values - greatest[group]))
    return greatest + sums.log()
