"""Summary of each published model's default run; run this file to renew golden/models.json.

    python -m tests.science.renew_golden

A number that moves belongs under "Results change" in CHANGELOG.md, with the reason.
"""

import json
from pathlib import Path

import numpy as np

from il21 import catalog
from il21.declare import Assembly, Module
from il21.study.simulate import Scenario, simulate

GOLDEN = Path(__file__).parent / "golden" / "models.json"
POINTS = 241
SHARES = (0.1, 0.25, 0.5, 1.0)  # of the span


def published() -> list[str]:
    """Names of the assemblies whose modules all stand in the library's folder of published models."""
    places = {name: entry.path.parent.name for name, entry in catalog.entries(Module).items()}
    return [
        name
        for name, entry in catalog.entries(Assembly).items()
        if {places[part] for part in catalog.model(name).instances.values()} == {"published"}
    ]


def summary(name: str) -> dict[str, dict[str, float | str | list[float]]]:
    """Unit, extremes, their times and values on the way of every output, in declared units."""
    model = catalog.model(name)
    run = simulate(Scenario(model, model.default_doses, points=POINTS))
    times = run["time"].values
    found = {}
    for output in run.data_vars:
        values = run[output].values
        found[str(output)] = {
            "unit": run[output].attrs["units"],
            "peak": float(values.max()),
            "time of peak": float(times[int(np.argmax(values))]),
            "lowest": float(values.min()),
            "mean": float(np.trapezoid(values, times) / times[-1]),
            "on the way": [float(np.interp(share * times[-1], times, values)) for share in SHARES],
        }
    return found


def main() -> None:
    """Write the summaries."""
    text = json.dumps({name: summary(name) for name in published()}, indent=1, sort_keys=True)
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
