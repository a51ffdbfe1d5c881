"""Trials by name: run the finished ones beside what they reported, or a user's own from TOML."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from il21 import catalog
from il21.compose.model import Model, constant_text
from il21.compose.numbers import readout_constants
from il21.declare import Population, ReadOut, Report, Trial
from il21.engine.trajectory import provenance_of
from il21.errors import InputError, UnknownNameError, suggest
from il21.study.compare import compare
from il21.study.conduct.records import Conducted
from il21.study.conduct.run import join_conducted, run_conducted
from il21.study.from_file import read_study
from il21.study.outcome import TrialReport, TrialResult
from il21.study.plan import MOST_PATIENTS, Layer, Plan, Settings, check_plan
from il21.study.trial import PatientTable, counts, join_tables
from il21.study.trial import run_trial as run_plan
from il21.units import parse_quantity, parse_unit

Progress = Callable[[str, int, int], None]
DEFAULT_REPLICATES = 100


class Interrupted(KeyboardInterrupt):
    """A run was stopped; ``report`` holds the replicates that were finished."""

    def __init__(self, report: TrialReport | None) -> None:
        super().__init__("interrupted")
        self.report = report


def run_trial(
    name: str | Path,
    *,
    replicates: int = DEFAULT_REPLICATES,
    seed: int = 21,
    uncertainty: bool = True,
    variability: bool = True,
    changes: Mapping[str, str] | None = None,
    tolerance: str = "default",
    threads: int | None = None,
    progress: Progress | None = None,
) -> TrialReport:
    """Run a report, a trial, or a TOML file with a trial.

    Parameters
    ----------
    name
        A name of the library ("table1", "davis2007") or a path that ends in .toml or .json.
    replicates
        Replicate trials of the real size, each with its own parameter draw and fresh patients.
    uncertainty, variability
        Switch parameter draws or patient draws off for a comparison.
    changes
        Parameters to set for everybody, with unit.
    progress
        Called with (trial, patients finished, patients in all).

    Raises
    ------
    UnknownNameError, InputError
        If there is no such trial, or it cannot be run.
    Interrupted
        On Ctrl-C, with what was finished.
    """
    name = str(name)
    for word, value in (("replicates", replicates), ("seed", seed), ("threads", threads or 1)):
        if not isinstance(value, int):
            raise InputError(f"{word} = {value!r}: expected a whole number")
    for key, text in (changes or {}).items():
        if not isinstance(text, str):
            raise InputError(f"{key} = {text!r}: expected text with a unit, e.g. '0.1/day'")
    title, trials, populations, note = _find(name)
    settings = Settings(
        seed=seed, replicates=replicates, uncertainty=uncertainty, variability=variability,
        threads=threads,
    )  # fmt: skip
    plans = [
        _plan(trial, populations, changes or {}, tolerance) for trial in trials if not trial.pooled
    ]
    for plan in plans:
        check_plan(plan)
    done, conducted, stopped = _run_all(plans, settings, progress)
    whole = _report(name, title, trials, done, settings, plans, note, not stopped)
    report = _with_conduct(whole, conducted)
    if stopped:
        raise Interrupted(report if report.results else None)
    return report


def _run_all(
    plans: Sequence[Plan], settings: Settings, progress: Progress | None
) -> tuple[dict[str, PatientTable], dict[str, Conducted], bool]:
    """Run every plan; on Ctrl-C return what was finished, and true."""
    total = sum(plan.trial.size for plan in plans) * settings.replicates
    if total > MOST_PATIENTS:
        raise InputError(f"{total:,} patients: at most {MOST_PATIENTS:,} in one run; ask for fewer")
    done: dict[str, PatientTable] = {}
    conducted: dict[str, Conducted] = {}
    finished = 0
    for plan in plans:
        parts: list[PatientTable] = []
        whole: list[Conducted] = []
        stopped = False
        try:
            for table in _tables(plan, settings, whole):
                parts.append(table)
                finished += len(table)
                if progress is not None:
                    progress(plan.trial.name, finished, total)
        except KeyboardInterrupt:
            stopped = True
        if parts:
            done[plan.trial.name] = join_tables(parts)
        if whole:
            conducted[plan.trial.name] = join_conducted(whole)
        if stopped:
            return done, conducted, True
    return done, conducted, False


def _tables(plan: Plan, settings: Settings, whole: list[Conducted]) -> Iterator[PatientTable]:
    """Run a plan as its trial is conducted; what is more than a table is added to ``whole``."""
    if plan.trial.conduct is None:
        yield from run_plan(plan, settings)
        return
    for part in run_conducted(plan, settings):
        whole.append(part)
        yield part.table


def _report(
    name: str,
    title: str,
    trials: Sequence[Trial],
    done: dict[str, PatientTable],
    settings: Settings,
    plans: Sequence[Plan],
    note: str,
    complete: bool,
) -> TrialReport:
    for trial in trials:
        if trial.pooled and all(part in done for part in trial.pooled):
            done[trial.name] = _pool([done[part] for part in trial.pooled])
    results = tuple(
        _result(trial, done[trial.name], settings) for trial in trials if trial.name in done
    )
    provenance = _provenance(settings, plans)
    return TrialReport(name, title, results, settings, provenance, complete, note)


def _with_conduct(report: TrialReport, conducted: Mapping[str, Conducted]) -> TrialReport:
    found = tuple(replace(r, conduct=conducted.get(r.trial.name)) for r in report.results)
    return replace(report, results=found)


def _provenance(settings: Settings, plans: Sequence[Plan]) -> dict[str, str]:
    """What identifies a result: equations, every number drawn or read, designs, changes, versions."""
    changes = {**plans[0].changes, **{k: f"{v:g}" for k, v in plans[0].readout_changes.items()}}
    for name, layer in plans[0].layers.items():
        changes |= {f"{name}.{k}": f"{v:g}" for k, v in layer.changes.items()}
    return {
        **provenance_of(plans[0].model),
        "format": "il21 trial report 1",
        "recipe_hash": recipe_digest(plans),
        "parameter_hash": ", ".join(dict.fromkeys(p.model.numbers_digest for p in plans)),
        "changes": "; ".join(f"{k} = {v}" for k, v in changes.items()),
        "seed": str(settings.seed),
        "replicates": str(settings.replicates),
        "tolerance": plans[0].tolerance,
        "uncertainty": "on" if settings.uncertainty else "off",
        "variability": "on" if settings.variability else "off",
    }


def recipe_digest(plans: Sequence[Plan]) -> str:
    """Return a hash (16 hexadecimal digits) of all that decides a result but seed and replicates.

    Equations, numbers with their spreads, routes of doses, population and run-in, trial record,
    read-out and its numbers, changes.
    """
    lines: list[str] = []
    for plan in plans:
        model = plan.model
        lines += [model.digest, model.numbers_digest, repr(model.doses), repr(model.agents)]
        lines += [plain_text(x) for x in (plan.trial, plan.population, plan.readout)]
        lines += [f"{k}={c.value!r}|{constant_text(c)}" for k, c in plan.numbers.items()]
        lines += [repr(sorted(plan.changes.items())), repr(sorted(plan.readout_changes.items()))]
        for name, layer in sorted(plan.layers.items()):
            lines += [name, plain_text(layer.readout), repr(sorted(layer.changes.items()))]
            lines += [f"{k}={c.value!r}|{constant_text(c)}" for k, c in layer.numbers.items()]
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def plain_text(record: object) -> str:
    """Return a record as text that does not depend on how its mappings are stored."""
    text = repr(record).replace("mappingproxy(", "(")
    for absent in (", conduct=None", ", formulas=({})"):  # as if the field were not there
        text = text.replace(absent, "")
    return text


def _result(trial: Trial, table: PatientTable, settings: Settings) -> TrialResult:
    read = table.best[table.evaluable & ~table.failed]
    shares = {
        category: float(np.mean(read == category)) if len(read) else float("nan")
        for category in ("CR", "PR", "SD", "PD", "NE")
    }
    if trial.reported is None or not len(read):
        return TrialResult(trial, table, None, shares)
    groups = trial.reported.groups
    reported = dict(trial.reported.counts)
    comparison = compare(
        [category for category, _ in groups],
        [reported[category] for category, _ in groups],
        counts(table, groups),
        seed=settings.seed,
    )
    return TrialResult(trial, table, comparison, shares)


def _pool(tables: Sequence[PatientTable]) -> PatientTable:
    """Put the patients of several trials together, replicate by replicate."""
    common = set.intersection(*(set(t.replicate.tolist()) for t in tables))
    whole = join_tables([_narrow(t, max(x.sums.shape[1] for x in tables)) for t in tables])
    order = np.lexsort((np.arange(len(whole)), whole.replicate))
    kept = order[np.isin(whole.replicate[order], sorted(common))]
    columns = {
        field: getattr(whole, field)[kept]
        for field in PatientTable.__dataclass_fields__
        if field != "visits"
    }
    return PatientTable(visits=tables[0].visits, **columns)


def _narrow(table: PatientTable, width: int) -> PatientTable:
    missing = width - table.sums.shape[1]
    return replace(table, sums=np.pad(table.sums, ((0, 0), (0, missing)), constant_values=np.nan))


def _find(name: str) -> tuple[str, tuple[Trial, ...], Mapping[str, Population], str]:
    library = {key: entry.record for key, entry in catalog.entries(Population).items()}
    if name.lower().endswith((".toml", ".json")):
        study = read_study(Path(name), library, list(catalog.entries(ReadOut)))
        return study.trial.title, (study.trial,), {**library, **study.populations}, ""
    if name in catalog.entries(Report):
        report = catalog.find(Report, name)
        return (
            report.title,
            tuple(catalog.find(Trial, trial) for trial in report.trials),
            library,
            report.note,
        )
    if name in catalog.entries(Trial):
        trial = catalog.find(Trial, name)
        parts = tuple(catalog.find(Trial, part) for part in trial.pooled)
        return trial.title, (*parts, trial), library, trial.note
    known = [*catalog.entries(Report), *catalog.entries(Trial)]
    raise UnknownNameError(
        f"there is no trial '{name}'{suggest(name, known)}; see 'il21 list', or give a .toml file"
    )


def _plan(
    trial: Trial, populations: Mapping[str, Population], changes: Mapping[str, str], tolerance: str
) -> Plan:
    if trial.population not in populations:
        raise UnknownNameError(
            f"trial {trial.name}: there is no population '{trial.population}'"
            f"{suggest(trial.population, populations)}"
        )
    population = populations[trial.population]
    sets = {**population.sets, **trial.sets}
    readout_sets = tuple(sets.pop(trial.readout, ()))
    layer_sets = {name: tuple(sets.pop(name, ())) for name in _layer_names(trial)}
    model = catalog.model(population.assembly, sets)
    readout = catalog.find(ReadOut, trial.readout)
    numbers = readout_constants(readout, catalog.evidence(trial.readout), model.host, readout_sets)
    wanted = [catalog.find(ReadOut, name) for name in _layer_names(trial)]
    of_model, of_readout = _split(changes, model, [readout, *wanted])
    layers = {
        item.name: _layer(item, model.host, layer_sets[item.name], of_readout[item.name])
        for item in wanted
    }
    return Plan(
        trial=trial, population=population, model=model, readout=readout, numbers=numbers,
        tolerance=tolerance, changes=of_model, readout_changes=of_readout[readout.name],
        layers=layers,
    )  # fmt: skip


def _layer(
    readout: ReadOut, host: str, sets: tuple[str, ...], changes: Mapping[str, float]
) -> Layer:
    numbers = readout_constants(readout, catalog.evidence(readout.name), host, sets)
    return Layer(readout=readout, numbers=numbers, changes=changes)


def _layer_names(trial: Trial) -> list[str]:
    """Return the read-outs that the conduct of a trial asks for."""
    conduct = trial.conduct
    if conduct is None:
        return []
    names = [conduct.toxicity, conduct.death.readout if conduct.death else ""]
    return [name for name in dict.fromkeys(names) if name]


def _split(
    changes: Mapping[str, str], model: Model, readouts: Sequence[ReadOut]
) -> tuple[dict[str, str], dict[str, dict[str, float]]]:
    """Return the changes of the model's numbers, and those of each read-out's in their own units.

    A name without a read-out is one of the first read-out's, if it has it.
    """
    units = {r.name: {p.name: parse_unit(p.unit) for p in r.parameters} for r in readouts}
    of_model: dict[str, str] = {}
    found: dict[str, dict[str, float]] = {r.name: {} for r in readouts}
    for name, text in changes.items():
        instance, _, local = name.rpartition(".")
        owner = instance or readouts[0].name
        known = units.get(owner, {})
        if local in known:
            quantity = parse_quantity(text)
            if not quantity.unit.same_dimension(known[local]) or quantity.value < 0:
                raise InputError(
                    f"{owner}.{local}: '{text}' must be in {known[local]}, not negative"
                )
            found[owner][local] = quantity.base / known[local].factor
        elif instance in units:
            raise UnknownNameError(f"{instance} has no number '{local}'{suggest(local, known)}")
        else:
            of_model[model.parameter(name).name] = text
    return of_model, found
