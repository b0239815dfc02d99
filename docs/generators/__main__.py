"""Write every generated page: ``python -m docs.generators``; a test fails while one is stale."""

import json
import re
from pathlib import Path

from docs.generators import boards, browser_page, c_interface, overview, parameters, peers
from hadamrnn.integer import header as packed_header
from hadamrnn.integer import sections as packed_sections

ROOT = Path(__file__).parents[2]


def pages(root: Path = ROOT) -> dict[str, str]:
    """The generated pages of the project under ``root``: path from there, and text.

    Parameters
    ----------
    root : Path
        The repository.

    Returns
    -------
    dict of str to str
        Markdown, SVG or HTML, by file name. The page for browsers is left out where it must be
        built anew and clang or lld are missing.
    """
    header = (root / "hadamrnn/runtime/hadamrnn.h").read_text(encoding="utf-8")
    stream = (root / "hadamrnn/runtime/hadamrnn_stream.h").read_text(encoding="utf-8")
    formats = (root / "docs/reference/file-formats.md").read_text(encoding="utf-8")
    shipped = (root / "params.yaml").read_text(encoding="utf-8")
    return {
        "docs/reference/params.md": parameters.page(shipped),
        "docs/reference/c-interface.md": c_interface.page(header, stream),
        "docs/reference/file-formats.md": with_packed_tables(formats),
        "docs/reference/boards.md": boards.page(
            json.loads((root / "results/boards.json").read_text(encoding="utf-8"))
        ),
        "docs/reference/peers.md": peers.page(
            json.loads((root / "results/peers.json").read_text(encoding="utf-8"))
        ),
        **_browser(root),
        "docs/images/overview.svg": overview.figure(root / "results/paper"),
    }


def _browser(root: Path) -> dict[str, str]:
    name = "docs/browser/digit.html"
    text = browser_page.page(root, (root / name).read_text(encoding="utf-8"))
    return {} if text is None else {name: text}


def with_packed_tables(page: str) -> str:
    """The page of file formats with the tables of the packed file as the program has them.

    In order: the header's fields, the sections, the recording's fields.
    """
    tables = {"section": [packed_sections.markdown()]}
    tables["offset"] = [packed_header.HEADER.markdown(), packed_header.RECORDING_TABLE.markdown()]
    for column, texts in tables.items():
        waiting = iter(texts)
        pattern = rf"^\| {column} \| bytes \|.*\n(?:\|.*\n)+"
        page = re.sub(pattern, lambda _, left=waiting: next(left), page, flags=re.MULTILINE)
    return page


def main() -> None:
    for name, text in pages().items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
