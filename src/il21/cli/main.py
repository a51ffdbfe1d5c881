"""The command ``il21``: list, show, simulate, trial, readout, cite.

Only typer is imported here; each verb imports what it needs, so that ``il21 --help`` is quick.
"""

import io
import os
import signal
import sys
from typing import Annotated

import typer

from il21.cli.output import BAD_INPUT, DONE, INTERRUPTED
from il21.errors import IL21Error

app = typer.Typer(
    name="il21",
    help="Simulate interleukin-21 cancer immunotherapy: published models, patients, trials.",
    epilog="Exit codes: 0 done, 1 a check failed, 2 bad input, 3 some patients failed, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document to stdout and nothing else.")
]


def main() -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a sign shows "?"
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except IL21Error as error:
        code = _fail(str(error))
    except KeyboardInterrupt:
        code = _interrupted()
    except BrokenPipeError:
        _no_stdout()
        code = DONE
    except OSError as error:
        _no_stdout()
        code = _fail(f"cannot write the output ({(error.strerror or str(error)).lower()})")
    except Exception as error:
        code = _usage(error)
    raise SystemExit(code if isinstance(code, int) else DONE)


def _interrupted() -> int:
    print("interrupted", file=sys.stderr)
    return INTERRUPTED


def _no_stdout() -> None:
    """Point stdout nowhere, so that leaving does not fail once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str) -> int:
    print("il21: " + " ".join(message.split()), file=sys.stderr)
    return BAD_INPUT


def _usage(error: Exception) -> int:
    """Print what typer says of unusable words in one line; anything else is a defect and is shown."""
    if type(error).__name__ == "Abort":  # typer's word for Ctrl-C
        return _interrupted()
    text = getattr(error, "format_message", None)
    if text is None:
        if isinstance(error, (typer.Exit, SystemExit)):
            return int(getattr(error, "exit_code", 0) or 0)
        raise error
    message = str(text())
    return _fail(message or "no command; see il21 --help")


def _version(asked: bool) -> None:
    if asked:
        from il21 import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Simulate interleukin-21 cancer immunotherapy: published models, patients, trials."""


@app.command("list")
def list_command(
    kind: Annotated[
        str, typer.Argument(help="models, modules, populations, trials, reports ...")
    ] = "",
    json: Json = False,
) -> None:
    """List what the library holds."""
    from il21.cli.words import print_list

    print_list(kind, json)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A model, module, trial, population or report.")],
    latex: Annotated[bool, typer.Option("--latex", help="Print the equations as LaTeX.")] = False,
    acts_on: Annotated[
        str, typer.Option("--acts-on", help="Who acts on this species or process?")
    ] = "",
    json: Json = False,
) -> None:
    """Show equations, numbers with their sources, wiring, or the design of a trial."""
    from il21.cli.words import print_show

    print_show(name, latex, acts_on, json)


@app.command()
def simulate(
    model: Annotated[str, typer.Argument(help="A model, e.g. cappuccio2006.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a number: nk.r='0.1/day'. Repeatable.")
    ] = None,
    dose: Annotated[
        list[str] | None,
        typer.Option(
            "--dose", help="A prescription: '50 ug IL-21 sc daily, days 3-15'. Repeatable."
        ),
    ] = None,
    scan: Annotated[
        str, typer.Option("--scan", help="Values of one number: 'r1=0.05/d,0.1/d'.")
    ] = "",
    span: Annotated[str, typer.Option("--span", help="Length of the run, e.g. '40 d'.")] = "",
    points: Annotated[int, typer.Option("--points", help="Number of output times.")] = 300,
    weight: Annotated[str, typer.Option("--weight", help="Body weight for doses per kg.")] = "",
    sets: Annotated[
        list[str] | None,
        typer.Option("--sets", help="Parameter set of a module: tumour=rcc. Repeatable."),
    ] = None,
    run_in: Annotated[
        bool, typer.Option(help="Bring a patient to the start of treatment first.")
    ] = True,
    out: Annotated[str, typer.Option("--out", help="Save the run as netCDF.")] = "",
    plot: Annotated[str, typer.Option("--plot", help="Save a picture of the run.")] = "",
    json: Json = False,
) -> None:
    """Run one typical subject with the reference solver."""
    from il21.cli.runs import run_simulate

    run_simulate(
        model, set_ or [], dose, scan, span, points, weight, sets or [], run_in, out, plot, json
    )


@app.command()
def trial(
    name: Annotated[str, typer.Argument(help="table1, a trial of the library, or a .toml file.")],
    replicates: Annotated[
        int, typer.Option("--replicates", help="Replicate trials of the real size.")
    ] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Seed of every draw.")] = 21,
    uncertainty: Annotated[
        bool, typer.Option(help="Draw uncertain numbers anew for each replicate.")
    ] = True,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Fix a number for everybody: il21.k_el='20/d'."),
    ] = None,
    out: Annotated[
        str, typer.Option("--out", help="Folder of the results; il21-results/NAME by default.")
    ] = "",
    threads: Annotated[
        int | None, typer.Option("--threads", help="Threads; all cores by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Run virtual trials and print them beside what was reported."""
    from il21.cli.runs import run_trials

    code = run_trials(name, replicates, seed, uncertainty, set_ or [], out, threads, json)
    raise typer.Exit(code)


@app.command()
def readout(
    criteria: Annotated[
        str, typer.Option("--criteria", help="RECIST 1.0, RECIST 1.1, iRECIST, WHO, IWG 1999.")
    ] = "RECIST 1.1",
    visits: Annotated[
        str, typer.Option("--visits", help="Times of the readings: '42 d, 84 d'.")
    ] = "",
    patients: Annotated[int, typer.Option("--patients", help="Patients to classify.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of every draw.")] = 21,
    readers: Annotated[
        int, typer.Option("--readers", help="Readers who share a patient's scans.")
    ] = 1,
    error: Annotated[
        str, typer.Option("--error", help="relative, or absolute (the same mm at any size).")
    ] = "relative",
    confirm: Annotated[
        bool, typer.Option("--confirm", help="CR and PR need a second reading.")
    ] = False,
    json: Json = False,
) -> None:
    """Show the error of the read-out alone: tumours that never change, classified."""
    from il21.cli.readout import run_readout

    run_readout(criteria, visits, patients, seed, readers, error, confirm, json)


@app.command()
def cite(
    name: Annotated[str, typer.Argument(help="A model, module, trial or report.")],
    bibtex: Annotated[bool, typer.Option("--bibtex", help="Print BibTeX.")] = False,
    json: Json = False,
) -> None:
    """Print what to cite for a result, and why."""
    from il21.cli.words import print_cite

    print_cite(name, bibtex, json)
