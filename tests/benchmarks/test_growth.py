"""What grows is measured, compared with its law and drawn."""

import json

import numpy as np
import pytest

from benchmarks.speed import growth


def test_a_law_passes_through_the_largest_point():
    found = growth._compared([1.0, 2.0, 4.0], [3.0, 12.0, 48.0])
    assert found["predicted"] == [12, 24, 48]
    assert found["slope_of_largest_three"] == pytest.approx(2)


@pytest.mark.long
def test_a_quick_run_measures_all_and_draws_it(tmp_path, capsys):
    growth.main(["--quick", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "growth.json").read_text(encoding="utf-8"))
    assert list(found) == ["conditions", "hidden_size", "rows"]
    assert set(growth.VARIED) == {"steps", "hidden_size", "batch"}
    series = found["hidden_size"]
    assert set(series["seconds"]) == set(growth.FORMS) and series["values"] == [8, 16]
    assert len(series["bytes"]["measured"]) == 2
    predicted = series["seconds"]["scan"]["predicted"]
    assert predicted[1] / predicted[0] == pytest.approx(16 * 4 / (8 * 3))
    times = [*series["seconds"].values(), *found["rows"]["seconds"].values()]
    assert all(np.isfinite(one["measured"]).all() for one in times)
    assert set(found["rows"]["seconds"]) == {"plan", "look"}
    assert (tmp_path / "growth.svg").stat().st_size > 10_000
    assert capsys.readouterr().out.count("growth with ") == 2
