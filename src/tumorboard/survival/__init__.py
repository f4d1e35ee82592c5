"""Time-to-event statistics as pure functions: arrays in, numbers out."""
