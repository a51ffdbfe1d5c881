"""Results with names, units and provenance: xarray in memory, netCDF on disk, lossless."""

import json
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from il21.compose.model import Model
from il21.errors import InputError
from il21.files import write_whole

Array = NDArray[np.float64]
FORMAT = "il21 trajectory 1"


def to_dataset(
    model: Model,
    times: Array,
    values: Mapping[str, Array],
    dims: Sequence[str] = ("time",),
    coords: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Any:
    """Return an `xarray.Dataset` of named quantities in their declared units.

    Parameters
    ----------
    times
        Output times in days, (n_times,).
    values
        Arrays in the coherent base by full name, each of the shape of ``dims``.
    provenance
        Seed, tolerance and whatever else made the result; model and number hashes are added.
    """
    import xarray as xr

    rows = {row.name: row for row in (*model.species, *model.definitions, *model.observables)}
    data: dict[str, Any] = {}
    for name, array in values.items():
        row = rows[name]
        attrs = {"units": row.unit.text, "long_name": row.about or name}
        data[name] = (tuple(dims), np.asarray(array, float) / row.unit.factor, attrs)
    time = ("time", np.asarray(times, float) / model.time.factor, {"units": model.time.text})
    dataset = xr.Dataset(data, {"time": time, **(coords or {})})
    dataset.attrs.update(provenance_of(model), **(provenance or {}))
    return dataset


def provenance_of(model: Model) -> dict[str, str]:
    """Return what identifies a result: format, model, hashes, versions."""
    import scipy

    from il21 import __version__

    return {
        "format": FORMAT,
        "model": model.name,
        "host": model.host,
        "model_hash": model.digest,
        "parameter_hash": model.numbers_digest,
        "il21": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "machine": platform.machine(),
    }


def save(dataset: Any, path: str | Path) -> Path:
    """Write a dataset as netCDF; the file appears whole or not at all.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    target = Path(path)
    if not target.name:
        raise InputError(f"'{path}' is a folder; name a file in it, e.g. run.nc")
    if not target.parent.is_dir():
        raise InputError(
            f"{target}: there is no folder {target.parent}; make it or name another file"
        )
    attrs = {
        k: json.dumps(v) if isinstance(v, (dict, list, bool)) else v
        for k, v in dataset.attrs.items()
    }
    whole = bytes(dataset.assign_attrs(attrs).to_netcdf(engine="h5netcdf"))
    return write_whole(
        target, lambda partial: _write_bytes(partial, whole), "name another file with --out"
    )


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def load(path: str | Path) -> Any:
    """Read a dataset that `save` wrote, whole into memory.

    Raises
    ------
    InputError
        If the file is missing, is not netCDF, or was not written by this program.
    """
    import xarray as xr

    source = Path(path)
    if not source.exists():
        raise InputError(f"{source}: no such file")
    try:
        with xr.open_dataset(source, engine="h5netcdf") as opened:
            dataset = opened.load()
    except Exception as error:
        raise InputError(f"{source}: is not a netCDF file that can be read") from error
    if dataset.attrs.get("format") != FORMAT:
        raise InputError(f"{source}: is not a result of this program (no '{FORMAT}' mark)")
    return dataset
