"""What every section of ``study.toml`` is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of ``study.toml``: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
