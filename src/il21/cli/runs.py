"""The verbs that run: simulate and trial.  Progress and warnings go to stderr, results to stdout."""

import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from il21.cli.output import DONE, INTERRUPTED, PATIENTS_FAILED, dump
from il21.errors import InputError

FEW_REPLICATES = 20


def run_simulate(
    name: str,
    changes: list[str],
    doses: list[str] | None,
    scan: str,
    span: str,
    points: int,
    weight: str,
    sets: list[str],
    run_in: bool,
    out: str,
    plot: str,
    json: bool,
) -> None:
    """Run one typical subject and print, save or draw it."""
    from il21.app.models import load
    from il21.engine.trajectory import save
    from il21.report.files import check_figure

    chosen = dict(_pair(text, "--sets") for text in sets)
    if plot:
        check_figure(plot)
    loaded = load(name, {key: (value,) for key, value in chosen.items()})
    options: dict[str, Any] = {
        "set": dict(_pair(text, "--set") for text in changes),
        "span": span or None, "points": points, "weight": weight, "run_in": run_in,
    }  # fmt: skip
    if doses:
        options["doses"] = doses
    if scan:
        target, values = _pair(scan, "--scan")
        dataset = loaded.scan(
            target, [v.strip() for v in values.split(",") if v.strip()], **options
        )
    else:
        dataset = loaded.simulate(**options)
    written: list[str] = []
    if out:
        written.append(str(save(dataset, out)))
    if plot:
        from il21.report.curves import curves
        from il21.report.files import save_figure

        shown = [n for n in loaded.model.read_first if n in dataset]
        written.append(str(save_figure(curves(dataset, shown or None), plot)))
    if json:
        dump({"schema": "il21.run", "version": 1, **dataset.to_dict(data="list"), "files": written})
        return
    first = [n for n in loaded.model.read_first if n in dataset] or list(dataset.data_vars)
    _print_run(dataset, first)
    for path in written:
        print(f"saved {path}", file=sys.stderr)


def _pair(text: str, option: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name.strip() or not value.strip():
        raise InputError(f"{option} '{text}': write {option} nk.r='0.1/day'")
    return name.strip(), value.strip()


def _print_run(dataset: Any, names: list[str]) -> None:
    """Print peak, time of peak and last value of each quantity."""
    import numpy as np

    time_unit = dataset["time"].attrs["units"]
    dims = [d for d in dataset.dims if d != "time"]
    print(f"{'quantity':<32}{'unit':<10}{'peak':>14}{'at ' + time_unit:>12}{'last':>14}")
    for name in names:
        array = dataset[name]
        rows = [({}, array)] if not dims else [
            ({dims[0]: float(v)}, array.isel({dims[0]: k})) for k, v in enumerate(dataset[dims[0]].values)
        ]  # fmt: skip
        for where, row in rows:
            values = row.values
            top = int(np.argmax(values))
            label = name + "".join(f" [{k}={v:g}]" for k, v in where.items())
            print(
                f"{label:<32}{array.attrs['units']:<10}{values[top]:>14.6g}"
                f"{float(dataset['time'][top]):>12.4g}{values[-1]:>14.6g}"
            )


def run_trials(
    name: str,
    replicates: int,
    seed: int,
    uncertainty: bool,
    changes: list[str],
    out: str,
    threads: int | None,
    json: bool,
) -> int:
    """Run trials, print the table, save everything; return the exit code."""
    from il21.app.trials import Interrupted, run_trial
    from il21.report.files import check_folder

    out = out or str(Path("il21-results") / Path(name).stem)
    check_folder(out)
    bar = _Bar()
    stopped = False
    try:
        with bar:
            report = run_trial(
                name, replicates=replicates, seed=seed, uncertainty=uncertainty, threads=threads,
                changes=dict(_pair(text, "--set") for text in changes), progress=bar.update,
            )  # fmt: skip
    except Interrupted as stop:
        if stop.report is None:
            print("interrupted before the first replicates were finished", file=sys.stderr)
            return INTERRUPTED
        report, stopped = stop.report, True
    if report.settings.replicates < FEW_REPLICATES:
        print(f"fewer than {FEW_REPLICATES} replicates: intervals mean little", file=sys.stderr)
    _print_report(report, json)
    _save(report, out)
    if stopped:
        print(f"interrupted; what was finished is in {out}", file=sys.stderr)
        return INTERRUPTED
    return PATIENTS_FAILED if report.failed else DONE


def _save(report: Any, out: str) -> None:
    """Save a report; Ctrl-C waits until everything is on disk."""
    from il21.report.files import save_report

    def later(*_: object) -> None:
        print("saving, a moment", file=sys.stderr)

    before = {kind: signal.signal(kind, later) for kind in (signal.SIGINT, signal.SIGTERM)}
    try:
        paths = save_report(report, out)
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    print(f"saved {len(paths)} files in {paths[0].parent}", file=sys.stderr)


def _print_report(report: Any, json: bool) -> None:
    from il21.report.table import report_document, report_renderable

    if json:
        dump(report_document(report))
    else:
        from rich.console import Console

        width = None if sys.stdout.isatty() else 140
        Console(width=width, highlight=False).print(report_renderable(report))
    sys.stdout.flush()


class _Bar:
    """A progress bar on stderr that appears after two seconds."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.progress: Any = None
        self.task: Any = None
        self.stop: Callable[[], None] | None = None

    def __enter__(self) -> "_Bar":
        return self

    def update(self, trial: str, done: int, total: int) -> None:
        """Show how far the run is."""
        if self.progress is None:
            if time.monotonic() - self.began < 2.0 and done < total:
                return
            if done >= total:
                return
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            self.progress = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
                TextColumn("patients"), TimeRemainingColumn(), console=Console(stderr=True),
            )  # fmt: skip
            self.progress.start()
            self.task = self.progress.add_task(trial, total=total)
        self.progress.update(self.task, completed=done, description=trial)

    def __exit__(self, *_: object) -> None:
        if self.progress is not None:
            self.progress.stop()
