"""Git: clones for runs, and their experiments in a remote.

An experiment is a commit under ``refs/exps/<commit that it began at>/<name>``, as DVC writes it, so
that plain Git moves it and ``dvc exp list`` finds it there.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from hadamrnn.errors import HadamrnnError

DECIDING = ("params.yaml", "paper.yaml", "dvc.yaml", "hadamrnn", "stages", "data", "examples")
"""What decides a run's result."""


def git(folder: Path, *words: str) -> str:
    """What Git prints.

    Parameters
    ----------
    folder : Path
        Where it works.
    *words : str
        Its arguments.

    Returns
    -------
    str
        Without white space at its ends.

    Raises
    ------
    HadamrnnError
        If it fails: its last line.
    """
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, encoding="utf-8", check=False
        )
    except OSError as error:
        raise HadamrnnError(f"git: must be there; got {error}") from None
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
        raise HadamrnnError(f"git {words[0]}: must work in {folder}; got {told[-1].strip()}")
    return done.stdout.strip()


def head(folder: Path) -> str:
    """The commit that runs begin at.

    Parameters
    ----------
    folder : Path
        A clone.

    Returns
    -------
    str

    Raises
    ------
    HadamrnnError
        Where tracked files that decide results are not as committed: runs would not see them.
    """
    changed = git(folder, "status", "--porcelain", "--untracked-files=no", "--", *DECIDING)
    if changed:
        name = changed.splitlines()[0].split(maxsplit=1)[1]
        raise HadamrnnError(
            f"{name}: must be as committed, as runs begin at a commit; got changes (git commit "
            "keeps them, git restore takes them back)"
        )
    return git(folder, "rev-parse", "HEAD")


def address(folder: Path, remote: str | None) -> str:
    """Where experiments are pushed.

    Parameters
    ----------
    folder : Path
        The user's clone.
    remote : str, optional
        Name of one of its remotes, a URL or a folder; the clone itself where None.

    Returns
    -------
    str
        A URL or an absolute path.

    Raises
    ------
    HadamrnnError
        Where there is no repository.
    """
    if remote is None:
        return str(folder)
    if remote in git(folder, "remote").splitlines():
        remote = git(folder, "remote", "get-url", remote)
    if (folder / remote).exists():
        remote = str((folder / remote).resolve())
    try:
        git(folder, "ls-remote", remote, "HEAD")
    except HadamrnnError as error:
        told = str(error).partition("; got ")[2]
        raise HadamrnnError(
            f"--remote: must be a Git repository that can be read (git init --bare makes one); got "
            f"{remote}: {told}"
        ) from None
    return remote


def place(commit: str) -> str:
    """Where the references of experiments lie that began at a commit.

    >>> place("70aeb44f")
    'refs/exps/70/aeb44f/'
    """
    return f"refs/exps/{commit[:2]}/{commit[2:]}/"


def finished(folder: Path, remote: str, commit: str) -> dict[str, str]:
    """Experiments of a remote that began at a commit.

    Parameters
    ----------
    folder : Path
        Where Git works.
    remote : str
        As of ``address``.
    commit : str
        Where they began.

    Returns
    -------
    dict of str to str
        Commits by name.
    """
    lines = git(folder, "ls-remote", remote, f"{place(commit)}*").splitlines()
    pairs = (line.split("\t") for line in lines)
    return {name.removeprefix(place(commit)): found for found, name in pairs}


def fetch(folder: Path, remote: str, commit: str, names: Sequence[str]) -> None:
    """Bring experiments of a remote into a clone.

    Parameters
    ----------
    folder : Path
        The clone.
    remote : str
        As of ``address``.
    commit : str
        Where they began.
    names : sequence of str
        Which ones.
    """
    refs = [f"+{place(commit)}{name}:{place(commit)}{name}" for name in names]
    if refs and remote != str(folder):
        git(folder, "fetch", "--quiet", "--no-tags", remote, *refs)


def push(clone: Path, remote: str, commit: str, name: str) -> None:
    """Send an experiment to a remote.

    Parameters
    ----------
    clone : Path
        Where it was made.
    remote : str
        As of ``address``.
    commit : str
        Where it began.
    name : str
        Of the experiment.
    """
    git(clone, "push", "--quiet", remote, f"{place(commit)}{name}:{place(commit)}{name}")


def clone(home: Path, commit: str, target: Path) -> None:
    """A clone at a commit, which borrows its history from the clone that it was made of.

    Parameters
    ----------
    home : Path
        The user's clone.
    commit : str
        What is checked out.
    target : Path
        A folder that is not there yet.
    """
    git(home, "clone", "--quiet", "--shared", "--no-checkout", str(home), str(target))
    for key in ("user.name", "user.email"):
        try:
            value = git(home, "config", key)
        except HadamrnnError:  # as Git finds it in the environment
            continue
        git(target, "config", key, value)
    git(target, "checkout", "--quiet", "--detach", commit)
