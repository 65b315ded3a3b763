"""``srebot rca``: one JSON line, a table, or one sentence and status 2."""

import io
import json

import pytest

from bot.rca import BAD_INPUT, run
from tests.unit.agent.analysis.rca.recordings import Recording


@pytest.fixture
def folder(tmp_path):
    recording = Recording()
    recording.during("cart|cpu")[:] *= 12
    return recording.write(tmp_path / "case")


def output(folder, **options):
    out = io.StringIO()
    status = run(
        folder / "case.json", folder / "metrics.csv.gz", folder / "graph.json", out=out, **options
    )
    assert status == 0
    return out.getvalue()


def test_one_json_line_in_the_form_that_scoring_reads(folder):
    text = output(folder)
    assert text.count("\n") == 1
    found = json.loads(text)
    assert (found["dataset"], found["case_id"]) == ("shop", "case")
    assert found["ranking"][0] == "cart"
    assert sorted(found["ranking"]) == ["cart", "search", "store", "web"]
    assert 0 < found["seconds"] < 5
    assert found["indicators"][0]["entity"] == "cart"
    assert "cart|cpu" in found["indicators"][0]["text"]


def test_a_table_explains_it(folder):
    lines = output(folder, explain=True).splitlines()
    assert lines[1].startswith("cart ")
    assert "23:13:20" in lines[1]
    assert "resource: cart|cpu" in lines[1]


def test_bad_input_is_one_sentence_and_status_2(folder, capsys):
    assert run(folder / "nothing.json", folder / "metrics.csv.gz") == BAD_INPUT
    assert capsys.readouterr().err.startswith("srebot: ")
