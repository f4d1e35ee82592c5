"""Slides: open a slide, find tissue, cut tiles at 10x and 5x, judge their quality."""
