"""Discrete-time survival: a hazard for each interval of time.

References
----------
Gensheimer MF, Narasimhan B. A scalable discrete-time survival model for neural networks. PeerJ 2019;7:e6257.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional


def discrete_time_loss(
    logits: torch.Tensor, time: torch.Tensor, event: torch.Tensor, edges: Sequence[float]
) -> torch.Tensor:
    """Return the negative log likelihood per patient.

    The first interval begins at 0; an edge belongs to the interval that begins there. An event counts as survival of
    all intervals before its own and as the event in its own; beyond the last edge, as survival of all. A censoring
    counts as survival of each interval of which at least half was lived through.

    Parameters
    ----------
    logits : Tensor, shape (patients, intervals)
        The hazards' log-odds.
    time : Tensor, shape (patients,)
        In the unit of `edges`, 0 or above.
    event : Tensor, shape (patients,)
        1 or True where the event happened.
    edges : sequence of float
        The intervals' ends, increasing, above 0.

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    ValueError
        Shapes that do not fit, or a time below 0 or not finite.
    """
    if logits.ndim != 2 or logits.shape[1] != len(edges) or not time.shape == event.shape == logits.shape[:1]:
        raise ValueError(
            f"logits of shape {tuple(logits.shape)}, times {tuple(time.shape)}, events {tuple(event.shape)} "
            f"and {len(edges)} intervals"
        )
    if not bool((torch.isfinite(time) & (time >= 0)).all()):
        raise ValueError("a time is below 0 or not finite")
    values = logits.to(torch.promote_types(logits.dtype, torch.float32))
    ends = torch.tensor(edges, dtype=torch.float64, device=time.device)
    starts = torch.cat([ends.new_zeros(1), ends[:-1]])
    when, happened = time.double().unsqueeze(1), event.to(torch.bool).unsqueeze(1)
    survived = when >= torch.where(happened, ends, (starts + ends) / 2)
    died = happened & (when >= starts) & (when < ends)
    surviving, dying = functional.logsigmoid(-values), functional.logsigmoid(values)
    likelihood = torch.where(survived, surviving, 0.0) + torch.where(died, dying, 0.0)
    return -likelihood.sum() / max(len(values), 1)


def survival_curves(logits: torch.Tensor) -> torch.Tensor:
    """Return the probability of being free of the event at each interval's end.

    Parameters
    ----------
    logits : Tensor, shape (..., intervals)

    Returns
    -------
    Tensor, shape (..., intervals)
        From 1 at time 0 never rising.
    """
    return functional.logsigmoid(-logits).cumsum(dim=-1).exp()


def months_lost(logits: torch.Tensor, edges: Sequence[float]) -> torch.Tensor:
    """Return a risk: the time that is expected to be lost up to the last edge.

    Parameters
    ----------
    logits : Tensor, shape (..., intervals)
    edges : sequence of float
        The intervals' ends.

    Returns
    -------
    Tensor, shape (...)
        The last edge less the area under the survival curve, which is straight within intervals: from 0 to the last
        edge, higher is worse.
    """
    ends = torch.tensor(edges, dtype=logits.dtype, device=logits.device)
    spans = torch.diff(ends, prepend=ends.new_zeros(1))
    at_end = survival_curves(logits)
    at_start = functional.pad(at_end[..., :-1], (1, 0), value=1.0)
    return ((1 - (at_start + at_end) / 2) * spans).sum(dim=-1)


def edges_at_event_quantiles(time: torch.Tensor, event: torch.Tensor, intervals: int) -> tuple[float, ...]:
    """Return intervals in which about equally many events fall.

    Parameters
    ----------
    time, event : Tensor, shape (patients,)
        Of fit patients only.
    intervals : int
        How many, at least 1; fewer are returned where events share times.

    Returns
    -------
    tuple of float
        The intervals' ends, increasing; the last is just above the last event.

    Raises
    ------
    ValueError
        There is no event after time 0.
    """
    times = time[event.to(torch.bool)].double()
    times = times[times > 0]
    if not len(times) or intervals < 1:
        raise ValueError("intervals of time need an event after time 0, and at least one interval")
    shares = torch.linspace(0, 1, intervals + 1, dtype=torch.float64, device=times.device)[1:]
    edges = times.quantile(shares)
    edges[-1] = edges[-1] * (1 + 1e-6)  # an edge belongs to the interval that begins there
    return tuple(sorted(set(edges.tolist())))
