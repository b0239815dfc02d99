"""Which files a path in params.yaml names."""

from pathlib import Path

from hadamrnn.errors import HadamrnnError

SUFFIXES = {
    "csv": (".csv", ".tsv", ".txt"),
    "npz": (".npz",),
    "npy": (".npy",),
    "ts": (".ts",),
    "text": (".txt",),
}
"""Endings of the files that are taken from a folder."""
MOST_FILES = 1_000_000


def matching(path: str, kind: str) -> list[Path]:
    """The files, sorted by name.

    Parameters
    ----------
    path : str
        A file, a folder (all files below it with an ending of their kind), or a pattern with
        ``*``, ``?`` or ``[``.
    kind : str
        As ``SUFFIXES``.

    Returns
    -------
    list of Path
        Relative to the present folder, at least one.

    Raises
    ------
    HadamrnnError
        Where there is none.
    """
    given = Path(path)
    if given.is_file():
        return [given]
    if given.is_dir():
        endings = SUFFIXES[kind]
        found = [file for file in given.rglob("*") if file.suffix.lower() in endings]
        wanted = " or ".join(endings)
    else:
        found, wanted = (list(Path().glob(path)) if any(c in path for c in "*?[") else []), "file"
    files = sorted(file for file in found if file.is_file() and not file.name.startswith("."))
    if not files:
        words = f"hold files that end in {wanted}" if given.is_dir() else "name files that exist"
        raise HadamrnnError(f"{path}: must {words}; got none")
    if len(files) > MOST_FILES:
        raise HadamrnnError(f"{path}: must name at most {MOST_FILES:,} files; got {len(files):,}")
    return files
