"""Changes to a document of params.yaml, and what is said about them."""

import re

import pytest

from hadamrnn import params
from hadamrnn.errors import HadamrnnError


def put(document, path, value):
    *folders, key = path.split(".")
    for folder in folders:
        document = document[folder]
    document[key] = value


def refused(document, words):
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        params.check(document)
