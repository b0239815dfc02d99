"""Stage pages: what the other stages left -> reports/ (a page a benchmark, and index.html)."""

from pathlib import Path

from hadamrnn import params
from hadamrnn.errors import as_sentences


def main() -> None:
    """Write the pages of all listed benchmarks, and that of all."""
    from hadamrnn.webpage import pages

    text = Path("params.yaml").read_text(encoding="utf-8")
    *_, last = pages.write(params.load(), text, counted=True)
    print(f"pages of results: {last.as_posix()}")


if __name__ == "__main__":
    with as_sentences():
        main()
