"""Models by name: load, describe, run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from il21 import catalog
from il21.app.library import default_run_in, default_sets
from il21.compose import describe
from il21.compose.model import Model
from il21.declare import Assembly, Module, Population, Regimen, Report, Trial
from il21.engine.trajectory import load as read_dataset
from il21.errors import InputError, UnknownNameError, suggest
from il21.study.simulate import Scenario, scan, simulate


@dataclass(frozen=True)
class LoadedModel:
    """A composed model, ready to run.

    Examples
    --------
    >>> import il21
    >>> mouse = il21.load("il21_mouse_pk")
    >>> run = mouse.simulate(doses=["50 ug IL-21 sc, day 1"])
    >>> round(float(run["il21_mouse_pk.plasma"].max()))
    229
    """

    model: Model

    def __repr__(self) -> str:
        return f"<{self.model}; {len(self.model.species)} states>"

    def simulate(
        self,
        *,
        doses: Sequence[str | Regimen] | None = None,
        set: Mapping[str, str] | None = None,
        span: str | None = None,
        points: int = 300,
        weight: str = "",
        outputs: Sequence[str] = (),
        run_in: bool = True,
    ) -> Any:
        """Run the typical subject once with the reference solver.

        Parameters
        ----------
        doses
            Prescriptions, e.g. ``"50 ug IL-21 ip daily, days 3-15"``; the model's own by default.
        set
            Parameters to change, with unit: ``{"nk.r": "0.1/day"}``.
        span, points
            Length of the run with unit, and number of output times.
        weight
            Body weight for doses per kg, e.g. ``"70 kg_bw"``; the host's by default.
        outputs
            Names; every species and observable by default.
        run_in
            Bring the subject to the start of treatment first, as the patients of the model's
            population are; a model without population has no run-in.

        Returns
        -------
        xarray.Dataset
            Named quantities with units, and provenance in the attributes.
        """
        scenario = self.scenario(
            doses=doses, set=set, span=span, points=points, weight=weight, run_in=run_in
        )
        return simulate(scenario, texts(outputs, "outputs"))

    def scan(self, name: str, values: Sequence[str], **options: Any) -> Any:
        """Run once for each value of one parameter; the result has a dimension of its name."""
        outputs = texts(options.pop("outputs", ()), "outputs")
        return scan(self.scenario(**options), name, texts(values, f"scan of {name}"), outputs)

    def scenario(
        self,
        *,
        doses: Sequence[str | Regimen] | None = None,
        set: Mapping[str, str] | None = None,
        span: str | None = None,
        points: int = 300,
        weight: str = "",
        run_in: bool = True,
    ) -> Scenario:
        """Return what one run is: model, doses, changed numbers, times."""
        for word, value in (("span", span or ""), ("weight", weight)):
            if not isinstance(value, str) or span == 0:
                raise InputError(f"{word} = {value!r}: write text with a unit, e.g. '40 d'")
        if not isinstance(points, int):
            raise InputError(f"points = {points!r}: expected a whole number")
        changes = {str(k): texts(v, f"set {k}")[0] for k, v in (set or {}).items()}
        host = catalog.hosts().get(self.model.host)
        record = host.find("body_mass", self.model.host) if host else None
        return Scenario(
            self.model,
            prescriptions(doses) if doses is not None else self.model.default_doses,
            changes,
            span or "",
            points,
            weight or (record.value if record else ""),
            run_in=default_run_in(self.model.name) if run_in else None,
        )

    @property
    def equations(self) -> list[str]:
        """The definitions and differential equations as text."""
        return describe.equations(self.model)

    @property
    def latex(self) -> list[str]:
        """The definitions and differential equations as LaTeX."""
        return describe.equations(self.model, latex=True)

    @property
    def parameters(self) -> list[describe.ParameterRow]:
        """The parameter table: value, unit, meaning, source, how well known."""
        return describe.parameter_table(self.model)

    def acts_on(self, name: str) -> list[str]:
        """Who acts on a species or process."""
        processes = {row.name: row.name for row in self.model.processes}
        full = processes.get(name) or self.model.quantity(name).name
        return describe.acts_on(self.model, full)

    def __str__(self) -> str:
        return "\n".join([str(self.model), *self.equations])


def load(name: str, sets: Mapping[str, tuple[str, ...]] | None = None) -> LoadedModel:
    """Return a model of the library by name, with parameter sets by module.

    ``sets`` is e.g. ``{"tumour": ("melanoma",)}``; where a module's numbers stand only in sets, as
    a tumour's do, the first population that names the assembly fills in those that are missing.

    Raises
    ------
    UnknownNameError
        If there is no such model; the nearest names are offered.
    """
    if not isinstance(name, str):
        raise InputError(f"load({name!r}): expected the name of a model")
    if name not in catalog.entries(Assembly):
        kinds = (Module, Trial, Population, Report)
        other = next((kind for kind in kinds if name in catalog.entries(kind)), None)
        if other is not None:
            word = other.__name__.lower()
            hint = "; run it with 'il21 trial'" if other in (Trial, Report) else ""
            raise UnknownNameError(
                f"'{name}' is a {word}, not a model{hint}; see 'il21 show {name}'"
            )
        raise UnknownNameError(
            f"there is no model '{name}'{suggest(name, catalog.entries(Assembly))}"
        )
    asked = {key: texts(value, f"set of {key}") for key, value in (sets or {}).items()}
    return LoadedModel(catalog.model(name, {**default_sets(name), **asked}))


def texts(value: Any, where: str) -> tuple[str, ...]:
    """Return texts as a tuple, a lone one as a tuple of one; anything else is refused.

    >>> texts("plasma", "outputs")
    ('plasma',)
    """
    items = (value,) if isinstance(value, str) else value
    if isinstance(items, Sequence) and all(isinstance(item, str) for item in items):
        return tuple(items)
    raise InputError(
        f"{where}: {value!r}: expected text, with a unit where it is a number: '5 L/h'"
    )


def prescriptions(value: Any) -> tuple[str | Regimen, ...]:
    """Return prescriptions as a tuple, a lone one as a tuple of one."""
    items = (value,) if isinstance(value, (str, Regimen)) else value
    if isinstance(items, Sequence) and all(isinstance(item, (str, Regimen)) for item in items):
        return tuple(items)
    raise InputError(f"doses = {value!r}: expected prescriptions such as '50 ug IL-21 sc, day 1'")


def open_result(path: str | Path) -> Any:
    """Return a saved run as an `xarray.Dataset`."""
    return read_dataset(path)
