"""A case's files, and what is wrong with them in one sentence."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from agent.analysis.rca.reading import CaseError, read_case, read_folder
from tests.unit.agent.analysis.rca.recordings import Recording


@pytest.fixture
def folder(tmp_path) -> Path:
    recording = Recording()
    recording.during("cart|cpu")[0] = np.nan
    recording.trace("normal")
    recording.lines = [[1_700_000_000, "web", 'said "hello, you"']]
    return recording.write(tmp_path / "case")


def test_all_files_are_read(folder):
    case = read_folder(folder)
    assert case.entities == ("cart", "search", "store", "web")
    assert case.metrics.values.shape == (65, 16)
    assert ("web", "cart") in case.calls
    assert case.spans is not None
    assert case.spans.entities[case.spans.entity[0]] == "web"
    assert case.spans.parent[0] == -1
    assert case.lines[0].text == 'said "hello, you"'


def test_an_empty_field_is_unknown(folder):
    case = read_folder(folder)
    place = [f"{c.entity}|{c.metric}" for c in case.metrics.columns].index("cart|cpu")
    assert np.isnan(case.metrics.values[60, place])


def test_a_span_s_id_is_unique_within_its_trace_only(tmp_path):
    recording = Recording()
    fields = (
        ["normal", "{}", "1", "", "web", "GET /", 0, 10],
        ["normal", "{}", "2", "1", "cart", "x", 1, 5],
    )
    recording.spans = [[f[0], t, *f[2:]] for t in ("a", "b") for f in fields]
    spans = read_folder(recording.write(tmp_path / "case")).spans
    assert spans is not None
    assert spans.parent.tolist() == [-1, 0, -1, 2]


def test_plain_files_are_read_as_well(folder):
    plain = folder / "metrics.csv"
    plain.write_bytes(gzip.decompress((folder / "metrics.csv.gz").read_bytes()))
    assert read_case(folder / "case.json", plain).metrics.values.shape == (65, 16)


def damage_case(folder):
    (folder / "case.json").write_text(json.dumps({"id": "x"}))


def damage_json(folder):
    (folder / "graph.json").write_text("{")


def damage_graph(folder):
    (folder / "graph.json").write_text('[["a"]]')


def damage_numbers(folder):
    (folder / "metrics.csv.gz").write_text("unix_s,a|cpu\n1,many\n")


def damage_rows(folder):
    (folder / "metrics.csv.gz").write_text("unix_s,a|cpu\n1,2\n3\n")


def damage_header(folder):
    (folder / "metrics.csv.gz").write_text("time,a|cpu\n1,2\n")


def damage_columns(folder):
    (folder / "traces.csv.gz").write_text("phase,trace\nnormal,1\n")


def damage_archive(folder):
    (folder / "logs.csv.gz").write_bytes(b"\x1f\x8b\x08cut")


def damage_text(folder):
    (folder / "logs.csv.gz").write_bytes(b"unix_s,entity,line\n1,a,\xff\n")


def damage_presence(folder):
    (folder / "metrics.csv.gz").unlink()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_case, "incident_start_s"),
        (damage_json, "is not JSON"),
        (damage_graph, "list of [caller, callee]"),
        (damage_numbers, "not a number"),
        (damage_rows, "differing length"),
        (damage_header, "unix_s"),
        (damage_columns, "lacks the column"),
        (damage_archive, "cannot be read"),
        (damage_text, "not UTF-8"),
        (damage_presence, "No such file"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(folder, damage, said):
    damage(folder)
    with pytest.raises(CaseError, match=said.replace("[", r"\[")) as raised:
        read_folder(folder)
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith(".")
