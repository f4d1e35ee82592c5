"""The command ``tumorboard``: its subcommands, and how mistakes are told."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from tumorboard import RESEARCH_USE_ONLY, __version__
from tumorboard.cli.cohort import cohort
from tumorboard.cli.demo import demo
from tumorboard.cli.doctor import doctor
from tumorboard.cli.evaluate import evaluate
from tumorboard.cli.extract import extract
from tumorboard.cli.measure import measure
from tumorboard.cli.output import print_failure
from tumorboard.cli.phantom import phantom
from tumorboard.cli.predict import predict
from tumorboard.cli.prepare import prepare
from tumorboard.cli.report import report
from tumorboard.cli.run import run
from tumorboard.cli.score import score
from tumorboard.cli.search import search
from tumorboard.cli.tile import tile
from tumorboard.cli.train import train
from tumorboard.errors import TumorboardError, UserError

app = typer.Typer(
    name="tumorboard",
    help=f"Prognosis of clear cell renal cell carcinoma from what a tumour board looks at.\n\n{RESEARCH_USE_ONLY}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo)
app.command()(phantom)
app.command()(cohort)
app.command()(prepare)
app.command()(extract)
app.command()(train)
app.command()(search)
app.command()(evaluate)
app.command()(report)
app.command()(predict)
app.command()(run)
app.command()(tile)
app.command()(measure)
app.command()(score)
app.command()(doctor)

# typer ships its own copy of click from 0.16 on and the package click before: the class is found from typer's own
_COMMAND_LINE_ERROR: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException" and issubclass(base, Exception)
)

_INTERRUPTED = 130


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tumorboard {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None: ...


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 on success, 2 on a user's mistake, 1 on a fault of the program.

    Parameters
    ----------
    arguments : list of str, optional
        The words after ``tumorboard``; by default the process's own.
    """
    words = sys.argv[1:] if arguments is None else arguments
    sys.exit(_run(words))


def console() -> NoReturn:
    """Run the command line as the installed program does: :func:`main`, then leave without waiting for native threads.

    Libraries keep threads of their own; one that is still starting when the interpreter goes down aborts the process.
    """
    try:
        main()
    except SystemExit as stop:
        with suppress(BrokenPipeError):  # whoever read the output has left
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(stop.code if isinstance(stop.code, int) else 1)
    os._exit(0)


def _run(words: list[str]) -> int:
    as_json = "--json" in words
    try:
        outcome = app(args=words or ["--help"], prog_name="tumorboard", standalone_mode=False)
    except _COMMAND_LINE_ERROR as error:
        command = (
            f" {words[0]}"
            if words and words[0] in {c.callback.__name__ for c in app.registered_commands if c.callback}
            else ""
        )
        told = getattr(error, "format_message", error.__str__)()  # with the option's name, which str() leaves out
        mistake = UserError(told.rstrip("."), fix=f"See 'tumorboard{command} --help'")
        return print_failure(mistake, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("tumorboard: stopped; what was finished is kept", err=True)
        return _INTERRUPTED
    except TumorboardError as error:
        return print_failure(error, as_json=as_json)
    except BrokenPipeError:
        return 0
    except OSError as error:
        if os.environ.get("TUMORBOARD_DEBUG"):
            raise
        return print_failure(UserError(error.strerror or str(error), where=str(error.filename or "")), as_json=as_json)
    except Exception as fault:
        if os.environ.get("TUMORBOARD_DEBUG"):
            raise
        told = f"a fault of the program, not yours: {type(fault).__name__}: {fault}"
        return print_failure(TumorboardError(f"{told}. TUMORBOARD_DEBUG=1 shows where"), as_json=as_json)
    if outcome == _INTERRUPTED:
        typer.echo("tumorboard: stopped; what was finished is kept", err=True)
    return outcome if isinstance(outcome, int) else 0
