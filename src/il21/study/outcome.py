"""What a run of trials leaves: one result a trial, one report of them all, with what made them."""

from collections.abc import Mapping
from dataclasses import dataclass

from il21.declare import Trial
from il21.study.compare import Comparison
from il21.study.conduct.records import Conducted
from il21.study.plan import Settings
from il21.study.trial import PatientTable


@dataclass(frozen=True, eq=False)
class TrialResult:
    """One trial run: its record, its patients, and how it compares with what was reported.

    ``shares`` is the part of the evaluable patients, over all replicates, with each best response;
    ``conduct`` is how it was conducted, for a trial that says how.
    """

    trial: Trial
    patients: PatientTable
    comparison: Comparison | None
    shares: Mapping[str, float]
    conduct: Conducted | None = None

    @property
    def failed(self) -> int:
        """Patients that could not be integrated."""
        return int(self.patients.failed.sum())


@dataclass(frozen=True, eq=False)
class TrialReport:
    """Several trials run together, with what made them."""

    name: str
    title: str
    results: tuple[TrialResult, ...]
    settings: Settings
    provenance: Mapping[str, str]
    complete: bool = True
    note: str = ""

    def __repr__(self) -> str:
        names = ", ".join(result.trial.name for result in self.results)
        return f"<report {self.name}: {names}; {self.patients:,} patients, {self.failed} failed>"

    @property
    def failed(self) -> int:
        """Patients that could not be integrated, over all trials that are not pooled ones."""
        return sum(r.failed for r in self.results if not r.trial.pooled)

    @property
    def patients(self) -> int:
        """Patients run, over all trials that are not pooled ones."""
        return sum(len(r.patients) for r in self.results if not r.trial.pooled)
