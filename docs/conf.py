"""Sphinx configuration: Markdown through MyST, furo's theme, the Python faces through autodoc.

The pages are written to be read in the repository as well: on the site their links to files outside
docs/ become links to its own pages, downloads, or plain words.
"""

import sys
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = "HadamRNN"
author = "The HadamRNN project contributors"
project_copyright = author
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["generators"]
html_extra_path = ["browser"]
myst_heading_anchors = 4

highlight_language = "none"

html_theme = "furo"
html_title = "HadamRNN"
html_copy_source = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False

PAGES = {
    ROOT / "README.md": "index",
    ROOT / "CONTRIBUTING.md": "project/contributing",
    ROOT / "CHANGELOG.md": "project/changelog",
    ROOT / "SECURITY.md": "project/security",
}


class RepositoryLinks(SphinxTransform):
    """Links to what lies in the repository but is no source of the site.

    A link to nothing stays as it is, and MyST warns of it.
    """

    default_priority = 5

    def apply(self) -> None:
        folder = Path(self.env.doc2path(self.env.docname)).parent
        for node in list(self.document.findall(addnodes.download_reference)):
            path = (folder / node["reftarget"]).resolve()
            if path.parent == ROOT / "docs" / "browser":  # a page that lies beside the site's own
                address = "../" * self.env.docname.count("/") + path.name
                node.replace_self(nodes.reference("", "", *node.children, refuri=address))
        for node in list(self.document.findall(addnodes.pending_xref)):
            target = node["reftarget"].split("#")[0]
            if node.get("reftype") != "myst" or not target:
                continue
            if node.get("refdomain") == "doc":
                target += ".md"
            # README.md and its like are included into pages of another folder.
            for path in ((folder / target).resolve(), (ROOT / target).resolve()):
                if path in PAGES:
                    node["refdomain"] = "doc"
                    node["reftarget"] = PAGES[path]
                    node["reftargetid"] = node.get("reftargetid")
                    break
                if path.exists() and not path.is_relative_to(ROOT / "docs"):
                    words = nodes.inline("", "", *node.children)
                    node.replace_self(words)
                    break


def show_formulas(app, what, name, obj, options, lines: list[str]) -> None:
    """An indented block behind a colon is a formula or a file's layout: shown as it stands."""
    for number in range(len(lines) - 2):
        line, space, block = lines[number : number + 3]
        deeper = len(block) - len(block.lstrip()) > len(line) - len(line.lstrip())
        if line.endswith(":") and not line.endswith("::") and not space and deeper:
            lines[number] += ":"


def setup(app: Sphinx) -> None:
    app.add_transform(RepositoryLinks)
    app.connect("autodoc-process-docstring", show_formulas)
