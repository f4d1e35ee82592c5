"""``python -m tumorboard``: the command line, where the installed program is not on the path."""

from tumorboard.cli import console

if __name__ == "__main__":
    console()
