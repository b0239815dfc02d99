"""What every case promises: one sentence or a right answer."""


class Wrong(Exception):
    """A case whose answer is neither a right one nor one sentence."""


def sentence(text: str) -> str:
    """``text`` if it is one sentence of an error."""
    if len(text.splitlines()) != 1 or not text.strip() or len(text) > 1000:
        raise Wrong(f"not one sentence: {text[:300]!r}")
    if "Traceback" in text or ": " not in text:
        raise Wrong(f"no place and rule: {text[:300]!r}")
    return text
