"""In a browser and in Node the runtime computes the integers of Python; the page reads digits."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from docs.generators import browser_page
from hadamrnn import integer
from hadamrnn.datasets import pdigits, pmnist
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import packed
from hadamrnn.targets import wasm
from tests.random_models import random_inputs, random_model

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/browser/digit.html"
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu"]
CHROMIUM += ["--force-prefers-reduced-motion", "--virtual-time-budget=60000", "--dump-dom"]
TRACE = Path(__file__).with_name("wasm_trace.js")
SECONDS = 120

builds = pytest.mark.skipif(bool(wasm.missing()), reason=f"needs {', '.join(wasm.missing())}")
every_engine = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason="not installed"))
        for name in ("node", "chromium")
    ],
)


def node(script, folder):
    (folder / "script.js").write_text(script + "\nmain().then(console.log);", encoding="utf-8")
    command = ["node", str(folder / "script.js")]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=SECONDS
    ).stdout


AT_ONCE = """<script>
WebAssembly.instantiate = async (bytes) =>
  ({ instance: new WebAssembly.Instance(new WebAssembly.Module(bytes), {}) });
</script>
"""


def shown(text, folder):
    """A page as Chromium has it after its scripts have run.

    Modules are compiled while the scripts wait: Chromium's clock, which runs ahead, waits for
    nothing that is compiled in the background.
    """
    page = folder / "page.html"
    page.write_text(AT_ONCE + text, encoding="utf-8")
    command = [*CHROMIUM, page.as_uri()]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=SECONDS
    ).stdout


def chromium(script, folder):
    show = "main().then((text) => { document.body.textContent = text; });"
    page = shown(f"<body></body><script>{script}\n{show}</script>", folder)
    return re.search(r"<body>(.*)</body>", page)[1]


def run(engine, main, folder):
    """What the JavaScript function ``main`` returns there."""
    runtime = wasm.SCRIPT.read_text(encoding="utf-8")
    script = "\n".join([runtime, TRACE.read_text(encoding="utf-8"), main])
    return {"node": node, "chromium": chromium}[engine](script, folder)


def checksums(engine, cases, folder):
    module = base64.b64encode(wasm.build()).decode()
    data = [
        {"file": base64.b64encode(packed.to_bytes(model)).decode(), "x": x.tolist()}
        for model, x in cases
    ]
    main = f"""
    async function main() {{
      const all = [];
      for (const {{ file, x }} of {json.dumps(data)})
        all.push(await checksums("{module}", file, x));
      return JSON.stringify(all);
    }}"""
    return json.loads(run(engine, main, folder))


@builds
@every_engine
def test_equals_python_on_real_test_sequences(engine, tmp_path):
    """Digits as pdigits reads them: every state and logit of every step."""
    model = integer.load(ROOT / "shipped/pdigits/model.hrnn")
    images = load_digits().data[1397:, pdigits.permutation()]
    x = model.quantize_input(images[..., None] / pdigits.MAXIMUM)
    assert checksums(engine, [(model, x)], tmp_path) == [model.trace(x)[1].tolist()]


@builds
@every_engine
def test_equals_python_for_every_kind_of_model(engine, tmp_path):
    rng = np.random.default_rng(1)
    models = [
        random_model(rng, block_size=64, readout="mean", activation_bits=9, input_size=9),
        random_model(rng, block_size=32, q=3, readout="log_mean", fade=3, bias_bits=6),
        random_model(rng, block_size=128, kind="symbol", per_step=True, activation_bits=12),
        random_model(rng, block_size=32, q=2, kind="embedding", readout="mean", input_bits=3),
        random_model(rng, block_size=4, q=5, input_weight_bits=2, multiplied=True),
        random_model(rng, block_size=256, activation_bits=16, weight_bits=8),
    ]
    cases = [(model, random_inputs(rng, model, 3)) for model in models]
    expected = [model.trace(x)[1].tolist() for model, x in cases]
    assert checksums(engine, cases, tmp_path) == expected


@builds
@every_engine
def test_errors_are_those_of_c(engine, tmp_path):
    model = random_model(np.random.default_rng(2), readout="mean", max_steps=1, input_size=3)
    file = packed.to_bytes(model)
    text = [base64.b64encode(data).decode() for data in (wasm.build(), file, file[:-1])]
    main = """
    async function main() {
      const [wasm, file, cut] = %s.map((t) => Uint8Array.from(atob(t), (c) => c.charCodeAt(0)));
      const model = await HadamrnnModel.open(wasm, file), told = [];
      const attempts = [
        () => HadamrnnModel.open(wasm, cut), () => model.step([1, 2]),
        () => model.step([1, 2, 3]), () => model.step([1, 2, 3]),
      ];
      for (const attempt of attempts) {
        try { await attempt(); told.push("done"); } catch (error) { told.push(error.message); }
      }
      return told.join("; ");
    }"""
    assert run(engine, main % json.dumps(text), tmp_path).strip() == (
        "hadamrnn: damaged; hadamrnn: a step takes 3 integers; got 2; done; "
        "hadamrnn: too many steps"
    )


@builds
def test_the_page_holds_what_the_sources_give():
    compiler, fingerprint, module = browser_page.built(PAGE.read_text(encoding="utf-8"))
    assert fingerprint == wasm.fingerprint(), "run python -m docs.generators"
    if compiler != wasm.compiler_version():
        pytest.skip(f"the page's module was built by {compiler}")
    assert module == wasm.build()


def test_the_page_loads_nothing_and_its_pixels_are_the_models_inputs():
    text = PAGE.read_text(encoding="utf-8")
    assert not re.search(r"https?:|\bsrc=|\bhref=|import\(|fetch\(|XMLHttp", text)
    entries = json.loads(re.search(r"^const MODELS = (.*);$", text, re.MULTILINE)[1])
    assert entries[0]["order"] == pmnist.permutation().tolist() and entries[1]["order"] is None
    pixels = np.arange(256)
    for entry in entries:
        file = base64.b64decode(entry["file"])
        model = packed.from_bytes(file)
        x = model.quantize_input((pixels / 255)[None, :, None])
        assert x[0, :, 0].tolist() == entry["inputs"] and f"{len(file):,} bytes" in entry["facts"]


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_the_page_reads_its_examples(tmp_path):
    """Both models read every drawing of the page; its last act as shipped is to read the first."""
    text = PAGE.read_text(encoding="utf-8")
    assert ">I read a 3.<" in shown(text, tmp_path)
    every = """(async () => {
      const answers = [];
      for (const number of MODELS.keys()) {
        await choose(number);
        for (example = 0; example < EXAMPLES.length; ) {
          showExample();
          answers.push(find("answer").textContent.match(/\\d/)[0]);
        }
      }
      document.title = answers.join("");
    })();"""
    page = shown(text.replace("showExample();\nchoose(0);", every), tmp_path)
    assert re.search("<title>(.*)</title>", page)[1] == "37204" * 2


def test_a_missing_compiler_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "wasm-ld" else tool)
    with pytest.raises(HadamrnnError, match=r"needs clang and lld .*; missing: wasm-ld"):
        wasm.build()
