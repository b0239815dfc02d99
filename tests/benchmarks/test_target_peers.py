"""The programs that networks of others are compared with, and the page of what they took."""

import json

import pytest

from benchmarks.targets import peers
from docs.generators.peers import page
from hadamrnn.targets.processors import TARGETS

FOUND = json.loads(peers.RESULT.read_text(encoding="utf-8"))


def test_the_page_has_a_row_for_each_network():
    text = page(FOUND)
    for row in FOUND["rows"]:
        assert f"| {row['name']} | {row['size']} |" in text
    assert f"{FOUND['rows'][1]['Cortex-M3']['step']:,}" in text


def test_weights_are_of_the_sizes_that_a_peer_reads(tmp_path):
    peers.weights(tmp_path, 16, "int8_t", "int32_t", gates=4)
    lines = (tmp_path / "weights.h").read_text().splitlines()
    assert lines[1:3] == ["#define HIDDEN 16", "#define INPUTS 9"]
    numbers = {line.split()[3].split("[")[0]: line.count(",") + 1 for line in lines[3:]}
    wanted = {"inputs": 9, "input_weights": 4 * 16 * 9, "hidden_weights": 4 * 16 * 16}
    assert numbers == {**wanted, "biases": 4 * 16}


def test_peers_are_built_of_the_files_that_are_there(tmp_path):
    folder = tmp_path / "Source" / "LSTMFunctions"
    folder.mkdir(parents=True)
    for name in ("a_s8.c", "a_f32.c", "a_f16.c"):
        (folder / name).write_text("")
    found = list(peers.cmsis_nn(tmp_path))
    assert [one.size for one in found] == list(peers.SIZES)
    assert [path.name for path in found[0].files] == ["a_s8.c"]


@pytest.mark.slow
@pytest.mark.skipif(bool(TARGETS["Cortex-M3"].missing()), reason="needs a Cortex-M emulator")
def test_the_results_are_those_of_the_runtime_as_it_is():
    """Within a twentieth; else: python -m benchmarks.targets.peers."""
    contender = list(peers.ours())[1]
    now, then = peers.on_target(contender, TARGETS["Cortex-M3"]), FOUND["rows"][1]["Cortex-M3"]
    for key, value in now.items():
        assert value == pytest.approx(then[key], rel=0.05), key


def test_a_model_of_litert_has_one_operator():
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs ai-edge-litert")
    from benchmarks.targets import peer_litert

    made = litert.Interpreter(model_content=peer_litert.model(16, 9, 5))
    made.allocate_tensors()
    shapes = [d["shape"].tolist() for d in made.get_input_details() + made.get_output_details()]
    assert shapes == [[1, 5, 9], [1, 5, 16]]
    peer_litert.ready(16, 9, 5)()
