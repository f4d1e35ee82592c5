"""The study folder: its settings, the names of its files, its tables, what is up to date."""
