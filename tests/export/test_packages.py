"""Packages of the firmware folder: CMake's is built and installed, the others fit their schemas."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from hadamrnn import cli
from hadamrnn.export import firmware, packages
from hadamrnn.integer import packed
from tests.export.test_firmware import ARDUINO, STRICT
from tests.random_models import random_inputs, random_model, recorded

SEMVER = r"\d+\.\d+\.\d+"
CATEGORIES = {  # of the Arduino library specification
    "Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing",
    "Data Storage", "Data Processing", "Other",
}  # fmt: skip


def model_of(kind="dense"):
    if kind == "numbers":
        rng = np.random.default_rng(4)
        model = recorded(rng, random_model(rng, block_size=16, classes=1, name="Gesture 1"))
        return replace(model, recording=replace(model.recording, numbers=True))
    return random_model(np.random.default_rng(4), block_size=16, kind=kind, name="Gesture 1")


def written(package, folder, kind="dense"):
    firmware.write(model_of(kind), folder, package=package)
    return folder


@pytest.mark.parametrize("package", packages.FILES)
def test_the_command_writes_it_and_keeps_the_example(package, tmp_path, capsys):
    (tmp_path / "m.hrnn").write_bytes(packed.to_bytes(model_of()))
    command = ["firmware", str(tmp_path / "m.hrnn"), str(tmp_path / "out"), "--package", package]
    assert cli.main(command) == 0
    paths = capsys.readouterr().out.splitlines()
    examples = [path for path in paths if "/examples/" in path]
    assert f"{tmp_path}/out/src/gesture_1.h" in paths
    assert len(examples) == (1 if package == "arduino" else 2)
    (tmp_path / "out/README.md").unlink()
    Path(examples[0]).write_text("/* mine */\n")
    assert cli.main(command) == 0
    assert Path(examples[0]).read_text() == "/* mine */\n"
    assert "$" not in (tmp_path / "out/README.md").read_text()


def test_arduino_library(tmp_path):
    folder = written("arduino", tmp_path)
    text = (folder / "library.properties").read_text()
    fields = dict(line.split("=", 1) for line in text.splitlines())
    assert {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url",
            "architectures"} <= set(fields)  # fmt: skip
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", fields["name"])
    assert re.fullmatch(SEMVER, fields["version"]) and fields["category"] in CATEGORIES
    assert fields["includes"] == "gesture_1.h" and (folder / "src/gesture_1.h").exists()
    assert (folder / "examples/gesture_1/gesture_1.ino").exists()  # named as its folder


@pytest.mark.skipif(not shutil.which("avr-g++"), reason="needs avr-g++")
@pytest.mark.parametrize("kind", ["dense", "symbol", "numbers"])
def test_arduino_sketch_compiles(kind, tmp_path):
    """As the Arduino core does for its boards: C++11, with Arduino.h before the sketch."""
    folder = written("arduino", tmp_path, kind)
    sketch = (folder / "examples/gesture_1/gesture_1.ino").read_text()
    assert ("GESTURE_1_VALUE(logits[0], state.steps)" in sketch) == (kind == "numbers")
    (tmp_path / "sketch.cpp").write_text(f'#include "{ARDUINO}"\n{sketch}')
    command = ["avr-g++", "-std=gnu++11", "-Os", "-mmcu=atmega328p", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, "-I", "src", "-c", "sketch.cpp"], cwd=tmp_path, check=True)


def test_platformio_library(tmp_path):
    manifest = json.loads((written("platformio", tmp_path) / "library.json").read_text())
    assert re.fullmatch(r"[a-zA-Z0-9][\w -]*", manifest["name"]) and len(manifest["name"]) <= 100
    assert re.fullmatch(SEMVER, manifest["version"]) and 1 <= len(manifest["description"]) <= 255
    assert manifest["license"] == "MIT" and all(a["name"] for a in manifest["authors"])
    assert (tmp_path / manifest["build"]["srcDir"] / manifest["headers"]).exists()


def test_zephyr_module(tmp_path):
    folder = written("zephyr", tmp_path)
    module = yaml.safe_load((folder / "zephyr/module.yml").read_text())
    assert set(module) == {"name", "build"} and set(module["build"]) == {"cmake", "kconfig"}
    assert (folder / module["build"]["cmake"] / "CMakeLists.txt").exists()
    option = re.match(r"config (\w+)\n\tbool ", (folder / module["build"]["kconfig"]).read_text())
    assert f"CONFIG_{option[1]}" in (folder / "CMakeLists.txt").read_text()


def test_esp_idf_component(tmp_path):
    folder = written("esp-idf", tmp_path)
    manifest = yaml.safe_load((folder / "idf_component.yml").read_text())
    assert re.fullmatch(SEMVER, manifest["version"]) and manifest["dependencies"]["idf"]
    text = (folder / "CMakeLists.txt").read_text()
    sources = re.fullmatch(r'idf_component_register\(SRCS "(.+)" INCLUDE_DIRS "src"\)\n', text)[1]
    assert all((folder / path).exists() for path in sources.split('" "'))


USER = """\
cmake_minimum_required(VERSION 3.13)
project(user C)
find_package(hadamrnn_gesture_1 REQUIRED)
add_executable(user main.c)
target_link_libraries(user PRIVATE hadamrnn::gesture_1 m)
"""


@pytest.mark.skipif(not shutil.which("cmake"), reason="needs CMake")
def test_cmake_target_is_built_installed_and_found(tmp_path):
    """A project that finds the installed package prints the class that Python computes."""
    folder = written("cmake", tmp_path / "package")

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr

    flags = f"-DCMAKE_C_FLAGS={' '.join(STRICT)}"
    run("cmake", "-S", str(folder), "-B", "build", flags, "-DHADAMRNN_EXAMPLE=ON")
    run("cmake", "--build", "build")
    run("cmake", "--install", "build", "--prefix", str(tmp_path / "installed"))
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(USER)
    shutil.copy(folder / "examples/main.c", user)
    run("cmake", "-S", "user", "-B", "other", f"-DCMAKE_PREFIX_PATH={tmp_path / 'installed'}")
    run("cmake", "--build", "other")
    model = model_of()
    x = random_inputs(np.random.default_rng(1), model, sequences=1, steps=5)
    real = (x[0].astype(float) - model.input_zero_point) * model.input_scale
    text = "\n".join(",".join(map(repr, row)) for row in real.tolist())
    for program in ("build/gesture_1", "other/user"):
        done = subprocess.run(
            [tmp_path / program], input=text, capture_output=True, text=True, check=True
        )
        assert int(done.stdout) == model.run_logits(x)[0].argmax()
