"""dvc plots show draws without a network: its page holds the chart library."""

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def page():
    config = configparser.ConfigParser()
    config.read_string((ROOT / ".dvc/config").read_text(encoding="utf-8").replace("    ", ""))
    return (ROOT / ".dvc" / config["plots"]["html_template"]).read_text(encoding="utf-8")


def test_page_loads_nothing():
    text = page()
    # DVC would put its links to the library in place of {scripts}.
    assert "{plot_divs}" in text and "{scripts}" not in text
    assert not re.search(r"<(script|link)[^>]*(src|href)=", text)


def test_page_holds_the_library_and_its_licence():
    text = page()
    assert text.count("</script>") == 3 and "Redistribution and use" in text
    for name in ("vega 5.20.2", "vega-lite 5.2.0", "vega-embed 6.18.2"):
        assert name in text
