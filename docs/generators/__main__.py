"""Write every generated page: ``python -m docs.generators``; a test fails while one is stale."""

import re
from pathlib import Path

from docs.generators import c_interface, overview, parameters
from hadamrnn.integer import header as packed_header

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
        Markdown, or SVG, by file name.
    """
    header = (root / "hadamrnn/runtime/hadamrnn.h").read_text(encoding="utf-8")
    formats = (root / "docs/reference/file-formats.md").read_text(encoding="utf-8")
    shipped = (root / "params.yaml").read_text(encoding="utf-8")
    return {
        "docs/reference/params.md": parameters.page(shipped),
        "docs/reference/c-interface.md": c_interface.page(header),
        "docs/reference/file-formats.md": with_header_table(formats),
        "docs/images/overview.svg": overview.figure(root / "results/paper"),
    }


def with_header_table(page: str) -> str:
    """The page of file formats with the table of the packed header as the program has it."""
    table = packed_header.markdown().strip() + "\n"
    return re.sub(r"^\| offset \|.*\n(?:\|.*\n)+", lambda _: table, page, flags=re.MULTILINE)


def main() -> None:
    for name, text in pages().items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
