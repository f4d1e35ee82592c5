"""The order of the stages."""

from tumorboard.pipeline.demo import DEMO_STAGES, DemoStage, run_demo

__all__ = ["DEMO_STAGES", "DemoStage", "run_demo"]
