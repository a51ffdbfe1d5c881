"""Results in memory and on disk: units, provenance, and a round trip that loses nothing."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from il21.engine.trajectory import FORMAT, load, save
from il21.errors import InputError
from il21.study.simulate import Scenario, scan, simulate
from tests.making import drug_model


@pytest.fixture
def dataset():
    return simulate(Scenario(drug_model(), ("3 ug X sc",), {"CL": "1 mL/h"}, points=11))


def test_names_units_and_provenance(dataset):
    assert set(dataset.data_vars) == {"drug.depot", "drug.central", "drug.plasma"}
    assert dataset["drug.plasma"].attrs == {"units": "ng/mL", "long_name": "in plasma"}
    assert dataset["time"].attrs["units"] == "d"
    assert dataset.attrs["format"] == FORMAT
    assert dataset.attrs["doses"] == "3 ug X sc"
    assert dataset.attrs["changes"] == "CL = 1 mL/h"
    for key in ("model", "host", "model_hash", "parameter_hash", "il21", "numpy", "rtol", "seed"):
        assert str(dataset.attrs[key])


def test_values_stand_in_declared_units(dataset):
    assert float(dataset["drug.depot"][0]) == 3.0
    ratio = dataset["drug.central"].values[1:] * 1000 / 100 / dataset["drug.plasma"].values[1:]
    assert ratio == pytest.approx(np.ones(len(ratio)), rel=1e-12)


def test_the_time_unit_is_that_of_the_assembly():
    hours = simulate(Scenario(drug_model(time="h"), points=3))
    assert hours["time"].values.tolist() == [0, 24, 48]
    assert hours["time"].attrs["units"] == "h"


def test_the_hash_knows_equations_and_numbers():
    first, same, other = drug_model(), drug_model(), drug_model(values={"CL": "3 mL/h"})
    assert first.digest == same.digest == other.digest
    assert first.numbers_digest == same.numbers_digest != other.numbers_digest
    assert drug_model(time="h").digest == first.digest


def test_netcdf_there_and_back(dataset, tmp_path):
    dataset["drug.depot"][3] = np.nan
    path = save(dataset, tmp_path / "run.nc")
    again = load(path)
    xr.testing.assert_identical(again, dataset)
    for name in (*dataset.data_vars, "time"):
        assert again[name].dtype == dataset[name].dtype == np.float64
        assert again[name].values.tobytes() == dataset[name].values.tobytes()
    for key, value in dataset.attrs.items():
        assert isinstance(again.attrs[key], type(value))
    assert [p.name for p in tmp_path.iterdir()] == ["run.nc"]


def test_one_changed_number_is_seen(dataset, tmp_path):
    again = load(save(dataset, tmp_path / "run.nc"))
    again["drug.depot"][3] *= 1 + 1e-15
    with pytest.raises(AssertionError):
        xr.testing.assert_identical(again, dataset)


def test_a_scan_there_and_back(tmp_path):
    runs = scan(Scenario(drug_model(), ("3 ug X iv",)), "CL", ["1 mL/h", "0.002 L/h"], ["plasma"])
    assert runs["drug.CL"].values.tolist() == [1.0, 2.0]
    assert runs["drug.plasma"].dims == ("drug.CL", "time")
    xr.testing.assert_identical(load(save(runs, tmp_path / "scan.nc")), runs)


def test_a_second_save_replaces_the_first(dataset, tmp_path):
    save(dataset, tmp_path / "run.nc")
    save(dataset.isel(time=slice(3)), tmp_path / "run.nc")
    assert load(tmp_path / "run.nc").sizes["time"] == 3


@pytest.mark.parametrize("content", [b"", b"x", b"CDF\x01", b"\x89HDF\r\n\x1a\n" + b"\0" * 100])
def test_what_is_no_netcdf_is_refused(tmp_path, content):
    path = tmp_path / "other.nc"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.nc: is not a netCDF file"):
        load(path)


def test_a_foreign_netcdf_is_refused(tmp_path):
    path = tmp_path / "foreign.nc"
    xr.Dataset({"x": ("time", [1.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(InputError, match="is not a result of this program"):
        load(path)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "none.nc")
    with pytest.raises(InputError, match="is not a netCDF file"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["none/run.nc", "file/run.nc", ".", ""])
def test_a_place_that_cannot_be_written(dataset, tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"there is no folder|is a folder"):
        save(dataset, name)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_folder_in_place_of_the_file(dataset, tmp_path):
    with pytest.raises(InputError, match="not a plain file"):
        save(dataset, tmp_path)
    assert list(tmp_path.parent.glob("*.part")) == []


def test_a_disk_that_refuses_leaves_nothing_behind(dataset, tmp_path, monkeypatch):
    def full(path, data):
        with path.open("wb") as file:
            file.write(data[:4])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="no space left on device"):
        save(dataset, tmp_path / "run.nc")
    assert list(tmp_path.iterdir()) == []
