"""The benchmark of rankings on small recordings whose answer is known."""

import json

from benchmarks.rca import Placed, figures, measure
from tests.unit.agent.analysis.rca.recordings import Recording


def test_cases_are_ranked_and_counted(tmp_path):
    for name in ("one", "two"):
        recording = Recording()
        recording.during("cart|cpu")[:] *= 12
        recording.write(tmp_path / "shop" / name)
    truth = {"one": {"entity": "cart"}, "two": {"entity": "store"}}
    (tmp_path / "shop" / "truth.json").write_text(json.dumps(truth))
    first, *_, seconds = measure(tmp_path)
    assert first.value == 0.5
    assert 0 < seconds.value < 1


def test_without_cases_it_says_so(tmp_path, capsys):
    assert measure(tmp_path) == []
    assert "--cases" in capsys.readouterr().err


def test_an_entity_that_the_ranking_lacks_is_missed():
    found = figures("petshop", [Placed(None, 0.1), Placed(4, 0.3)])
    assert [f.value for f in found] == [1.0, 1.0, 0.5, 0.2]
    assert not found[0].ok
