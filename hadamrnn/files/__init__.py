"""Files of ours: written whole or not at all, and checked against a checksum when they are read.

A file is written beside its place, brought to the disk, and moved there in one step, so that
a reader, a killed process or a full disk leaves the older version or the new one; so is a folder
whose files belong together. Two processes never write one path at a time: locks and DVC see to
that.

What is read back carries a SHA-256: JSON as its key "checksum", other files in front of their
content (``write_sealed``), in the JSON beside them, or in the folder's SHA256SUMS, which
``sha256sum -c`` reads too. The standard library alone.
"""

from hadamrnn.files.checks import (
    check,
    checksum,
    checksum_of,
    damaged,
    read_bytes,
    read_checked,
    read_sealed,
    write_sealed,
)
from hadamrnn.files.folders import ASIDE, replacing_folder, restore
from hadamrnn.files.json_files import CHECKSUM, read_json, write_json
from hadamrnn.files.sums import SUMS, check_sums, write_sums
from hadamrnn.files.writing import PARTIAL, replacing, write_bytes, write_csv, write_text

__all__ = [
    "ASIDE",
    "CHECKSUM",
    "PARTIAL",
    "SUMS",
    "check",
    "check_sums",
    "checksum",
    "checksum_of",
    "damaged",
    "read_bytes",
    "read_checked",
    "read_json",
    "read_sealed",
    "replacing",
    "replacing_folder",
    "restore",
    "write_bytes",
    "write_csv",
    "write_json",
    "write_sealed",
    "write_sums",
    "write_text",
]
