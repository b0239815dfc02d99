"""The project's pages, and the commands and snippets that they show."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
SHELL = ("sh", "console")
PROGRAMS = ("dvc", "nox", "hadamrnn", "python", "torchrun", "uv", "uvx", "pip", "git")
"""What a span of code must begin with to be a command; blocks of shell code are commands anyway."""


def all_pages() -> list[Path]:
    """README and its like, and every page under docs."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path, languages: tuple[str, ...]) -> list[str]:
    """The contents of the page's fenced blocks of one of these languages."""
    text = page.read_text(encoding="utf-8")
    return [content for language, content in FENCE.findall(text) if language in languages]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[str]:
    """Every command of the page, one line each: those of its blocks, then those of its text."""
    found = []
    for block in blocks(page, SHELL):
        lines = block.replace("\\\n", " ").splitlines()
        for line in (line for line in lines if not line.startswith("#")):
            found += [part.strip() for part in line.partition("  #")[0].split("&&")]
    spans = (" ".join(span.split()) for span in SPAN.findall(prose(page)))
    found += [span for span in spans if re.match(rf"({'|'.join(PROGRAMS)}) \S", span)]
    return [command for command in found if command]
