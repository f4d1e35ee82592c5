"""Public archives: which files of which patients exist."""
