"""Pictures of an evaluation, as PNG and SVG."""

from tumorboard.evaluation.figures.drawing import draw_study, figures_record, write_assessment

__all__ = ["draw_study", "figures_record", "write_assessment"]
