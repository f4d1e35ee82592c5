"""The order of the stages."""

from tumorboard.pipeline.demo import DemoStage, demo_stages, run_demo

__all__ = ["DemoStage", "demo_stages", "run_demo"]
