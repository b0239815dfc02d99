"""What all pages share: their frame and style, and tables."""

import html
from collections.abc import Sequence

STYLE = """
:root{color-scheme:light dark;--line:#8886;--soft:#8882}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:56rem;padding:1rem}
h1{margin:.2em 0}h2{margin-top:2em;border-bottom:1px solid var(--line)}
svg{width:100%;height:auto;display:block}svg text{fill:currentColor}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem}
.tiles div{background:var(--soft);border-radius:.4rem;padding:.6rem}
.tiles b{display:block;font-size:1.5rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1rem}
figure{margin:0;background:var(--soft);border-radius:.4rem;padding:.6rem}
.drawn svg{background:#fff}.drawn svg text{fill:#111}
.wide{overflow-x:auto}table{border-collapse:collapse}
td,th{padding:.2em .7em;border-bottom:1px solid var(--line);text-align:right}td{white-space:nowrap}
td:first-child,th:first-child{text-align:left}
pre{overflow-x:auto;background:var(--soft);padding:.6rem}
summary{cursor:pointer}:focus-visible{outline:2px solid #0072b2;outline-offset:2px}
#explore{width:100%;min-height:380px}#explore svg{width:auto}
.vega-bind{margin:.3em 0}.vega-bind-name{margin-right:.5em}.vega-bind label{margin-right:.8em}
"""
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline' 'unsafe-eval'"
)
"""What a browser lets a page do: nothing but what stands in it. Vega compiles its expressions."""


def document(title: str, parts: Sequence[str]) -> str:
    """A page in one file that needs no other.

    Parameters
    ----------
    title : str
    parts : sequence of str
        HTML of its body.

    Returns
    -------
    str
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<title>{html.escape(title)}</title><link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table that scrolls by itself on a narrow screen.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequence of str
        Text; a first cell that ``link`` made stays one.

    Returns
    -------
    str
    """
    head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in header)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return f'<div class="wide" tabindex="0"><table><tr>{head}</tr>{body}</table></div>'


class Link(str):
    """HTML of a link, which a table takes as it is."""


def link(words: str, target: str) -> Link:
    """A link to a page or a place in one.

    Parameters
    ----------
    words : str
    target : str
        As "index.html#har2".

    Returns
    -------
    Link
    """
    return Link(f'<a href="{html.escape(target)}">{html.escape(words)}</a>')


def _cell(cell: str) -> str:
    return f"<td>{cell if isinstance(cell, Link) else html.escape(cell)}</td>"


def percent(share: float) -> str:
    """A share for people.

    >>> percent(0.975)
    '97.50 %'
    """
    return f"{100 * share:.2f} %"
