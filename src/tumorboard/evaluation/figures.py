"""placeholder."""

from typing import Any


def draw_study(*args: Any) -> None: ...
def write_assessment(*args: Any) -> None: ...
