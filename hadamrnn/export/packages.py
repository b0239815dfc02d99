"""The firmware folder in the layout of a build system: Arduino, PlatformIO, Zephyr, ESP-IDF, CMake.

The runtime and the model lie in ``src``, the example in ``examples``, and one or two files say what
the package is. NumPy only.

Sources: the Arduino library specification 1.5, PlatformIO's library.json schema, Zephyr's
module.yml schema, ESP-IDF's component manifest and build system, CMake's ``find_package``.
"""

from string import Template

from hadamrnn.integer.c_header import LAYOUT

VERSION = f"{LAYOUT}.0.0"
"""Of a package: the layout of ``hr_model``, which must be that of ``hadamrnn.h``."""
USE = {
    "arduino": "copy this folder to the sketchbook's `libraries`; File, Examples has its sketch.",
    "platformio": "name this folder in `lib_deps`, as `file://path`.",
    "zephyr": "name this folder in `ZEPHYR_EXTRA_MODULES`; `CONFIG_HADAMRNN_$upper` is on.",
    "esp-idf": "put this folder into the project's `components`.",
    "cmake": "`add_subdirectory`, or `cmake --install` and `find_package(hadamrnn_$prefix)`; link "
    "`hadamrnn::$prefix`. `-DHADAMRNN_EXAMPLE=ON` builds `examples/main.c`.",
}
README = """\
# $prefix: a HadamRNN model in C

- `src/hadamrnn.c`, `src/hadamrnn.h`: the runtime$alone. C99, no malloc, no floating point.
$stream- `src/$prefix.h`: the model, checksum $checksum: $table_bytes bytes of tables, and
  $state_bytes bytes of memory for each sequence. Its first lines say how to feed it.
- `examples`: a program to begin with.

To use it, $use
"""
STREAM = """\
- `src/hadamrnn_stream.c`, `src/hadamrnn_stream.h`: answers from a recording that does not end.
"""
SENTENCE = "A recurrent network of integers: HadamRNN model $prefix in C."
ARDUINO = f"""\
name=HadamRNN_$prefix
version={VERSION}
author=The HadamRNN project contributors
maintainer=The HadamRNN project contributors
sentence={SENTENCE}
paragraph=C99 without malloc and floating point, in assembly on AVR.
category=Data Processing
url=https://arxiv.org/abs/2502.00047
architectures=*
includes=$prefix.h
"""
SKETCH = """\
/* Steps through the model and prints $sketch_what: put your sensor where input is filled. */
#include <$prefix.h>

${upper}_STATE(state);

void setup() {
    Serial.begin(115200);
}

void loop() {
    $declare
    int32_t logits[${upper}_OUTPUT_SIZE];$sketch_declare

    if ($step(&${prefix}_model, &state, input) != HR_OK) {
        hr_reset(&state); /* the most steps of a sequence are over */
        return;
    }
    hr_logits(&${prefix}_model, &state, logits);
    $sketch_print
}
"""
SKETCH_OF_CLASSES = {
    "sketch_what": "its class",
    "sketch_declare": "\n    uint16_t class_id;",
    "sketch_print": "hr_argmax(&${prefix}_model, logits, &class_id);\n"
    "    Serial.println(class_id);",
}
SKETCH_OF_NUMBERS = {
    "sketch_what": "its number",
    "sketch_declare": "",
    "sketch_print": "Serial.println(${upper}_VALUE(logits[0], state.steps));",
}
PLATFORMIO = f"""\
{{
  "name": "hadamrnn_$prefix",
  "version": "{VERSION}",
  "description": "{SENTENCE}",
  "keywords": ["neural network", "rnn", "classification"],
  "license": "MIT",
  "authors": [{{"name": "The HadamRNN project contributors"}}],
  "headers": "$prefix.h",
  "frameworks": "*",
  "platforms": "*",
  "build": {{"srcDir": "src", "includeDir": "src"}}
}}
"""
ZEPHYR_MODULE = """\
name: hadamrnn_$prefix
build:
  cmake: .
  kconfig: Kconfig
"""
ZEPHYR_KCONFIG = f"""\
config HADAMRNN_$upper
	bool "{SENTENCE}"
	default y
"""
ZEPHYR_CMAKE = """\
if(CONFIG_HADAMRNN_$upper)
  zephyr_include_directories(src)
  zephyr_library()
  zephyr_library_sources($sources)
endif()
"""
ESP_CMAKE = """\
idf_component_register(SRCS $quoted INCLUDE_DIRS "src")
"""
ESP_MANIFEST = f"""\
version: "{VERSION}"
description: "{SENTENCE}"
license: "MIT"
dependencies:
  idf: ">=4.4"
"""
CMAKE = f"""\
cmake_minimum_required(VERSION 3.13)
project(hadamrnn_$prefix VERSION {VERSION} LANGUAGES C)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(hadamrnn_$prefix STATIC $sources)
set_target_properties(hadamrnn_$prefix PROPERTIES C_STANDARD 99 EXPORT_NAME $prefix)
target_include_directories(hadamrnn_$prefix PUBLIC
  $$<BUILD_INTERFACE:$${{CMAKE_CURRENT_SOURCE_DIR}}/src>
  $$<INSTALL_INTERFACE:$${{CMAKE_INSTALL_INCLUDEDIR}}/hadamrnn_$prefix>)
add_library(hadamrnn::$prefix ALIAS hadamrnn_$prefix)

install(TARGETS hadamrnn_$prefix EXPORT hadamrnn_${{prefix}}Targets
  ARCHIVE DESTINATION $${{CMAKE_INSTALL_LIBDIR}})
install(FILES $headers
  DESTINATION $${{CMAKE_INSTALL_INCLUDEDIR}}/hadamrnn_$prefix)
install(EXPORT hadamrnn_${{prefix}}Targets NAMESPACE hadamrnn::
  FILE hadamrnn_${{prefix}}Config.cmake
  DESTINATION $${{CMAKE_INSTALL_LIBDIR}}/cmake/hadamrnn_$prefix)
write_basic_package_version_file(hadamrnn_${{prefix}}ConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES $${{CMAKE_CURRENT_BINARY_DIR}}/hadamrnn_${{prefix}}ConfigVersion.cmake
  DESTINATION $${{CMAKE_INSTALL_LIBDIR}}/cmake/hadamrnn_$prefix)

option(HADAMRNN_EXAMPLE "Build the example" OFF)
if(HADAMRNN_EXAMPLE)
  add_executable($prefix examples/main.c)
  target_link_libraries($prefix PRIVATE hadamrnn_$prefix m)
endif()
"""
FILES: dict[str, dict[str, str]] = {
    "arduino": {"library.properties": ARDUINO, "examples/$prefix/$prefix.ino": SKETCH},
    "platformio": {"library.json": PLATFORMIO},
    "zephyr": {
        "zephyr/module.yml": ZEPHYR_MODULE,
        "Kconfig": ZEPHYR_KCONFIG,
        "CMakeLists.txt": ZEPHYR_CMAKE,
    },
    "esp-idf": {"CMakeLists.txt": ESP_CMAKE, "idf_component.yml": ESP_MANIFEST},
    "cmake": {"CMakeLists.txt": CMAKE},
}
"""{build system: {path: template}}."""


EXAMPLES = ("main.c", "stream.c")
"""Of the plain folder."""


def _place(name: str) -> str:
    """Where a file of the plain folder lies in a package."""
    if name in EXAMPLES:
        return f"examples/{name}"
    return name if name == "README.md" else f"src/{name}"


def arrange(
    plain: dict[str, str], package: str, words: dict[str, str]
) -> tuple[dict[str, str], set[str]]:
    """The files of a package.

    Parameters
    ----------
    plain : dict
        {file name: text} of the plain folder.
    package : str
        A key of ``FILES``.
    words : dict
        What templates are filled with, as in ``firmware``.

    Returns
    -------
    files : dict
        {path within the package: text}.
    kept : set of str
        The examples, which are the user's to change.
    """
    sources = [_place(name) for name in plain if name.endswith(".c") and name not in EXAMPLES]
    symbol = words["step"] == "hr_step_symbol"
    words = words | {
        "sources": " ".join(sources),
        "headers": " ".join(_place(name) for name in plain if name.endswith(".h")),
        "quoted": " ".join(f'"{path}"' for path in sources),
        "declare": words["input"].removesuffix(";") + (" = 0;" if symbol else " = {0};"),
    }
    arranged = {
        _place(name): text
        for name, text in plain.items()
        if not (name in EXAMPLES and package == "arduino")
    }
    for key, text in (SKETCH_OF_NUMBERS if words["numbers"] else SKETCH_OF_CLASSES).items():
        words[key] = Template(text).substitute(words)
    words["stream"] = STREAM if "hadamrnn_stream.c" in plain else ""
    words["use"] = Template(USE[package]).substitute(words)
    arranged["README.md"] = Template(README).substitute(words)
    for path, template in FILES[package].items():
        arranged[Template(path).substitute(words)] = Template(template).substitute(words)
    return arranged, {path for path in arranged if path.startswith("examples/")}
