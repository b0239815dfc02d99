"""Checkpoints that survive a kill, notice damage, and refuse to be mixed up.

One file, replaced in one move, with a checksum and the configuration it was made with. A lock on a
neighbouring file keeps a second trainer out: killing a pipeline may leave its trainer running.
"""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock
import torch

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.params import Settings
from hadamrnn.training import distributed

REMEDY = "start anew"


class Checkpoint:
    """The state of one training run in one file, valid for one configuration only.

    Parameters
    ----------
    path : str or Path
        The file; its folder is made when missing.
    configuration : mapping
        What JSON can hold, and what decides the result of the run.
    writes : bool
        False in all but one of several processes: they read, and leave lock and file to it.
    """

    def __init__(
        self, path: str | Path, configuration: Mapping[str, Any], writes: bool = True
    ) -> None:
        self.path = Path(path)
        self.writes = writes
        self.configuration = json.loads(json.dumps(configuration, sort_keys=True))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock while the block runs.

        Raises HadamrnnError when another process holds it, or its file cannot be made.
        """
        if not self.writes:
            yield
            return
        lock = filelock.FileLock(f"{self.path}.lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise HadamrnnError(
                f"{self.path}: must be used by one training at a time; another process holds "
                f"{self.path.name}.lock"
            ) from None
        except OSError as error:
            raise HadamrnnError(
                f"{self.path}.lock: must be writable; got {error.strerror or error}"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def save(self, state: Mapping[str, Any]) -> None:
        """Write a state so that no reader sees half of it.

        Parameters
        ----------
        state : mapping
            Tensors, numbers, lists and mappings.

        Raises
        ------
        HadamrnnError
            The file cannot be written; the state before is then still there.
        """
        if not self.writes:
            return
        content = io.BytesIO()
        torch.save({"configuration": self.configuration, "state": state}, content)
        files.write_sealed(self.path, content.getvalue())

    def load(self) -> dict[str, Any] | None:
        """The saved state, or None if there is none.

        Raises
        ------
        HadamrnnError
            The file is damaged, was made with another configuration, or holds numbers that are
            not finite.
        """
        if not self.path.exists():
            return None
        data = files.read_sealed(self.path, REMEDY)
        try:
            content = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
            saved: dict[str, Any] = content["configuration"]
            state: dict[str, Any] = content["state"]
        except Exception as error:
            raise files.damaged(self.path, type(error).__name__, REMEDY) from None
        for key in sorted({*saved, *self.configuration}):
            if saved.get(key) != self.configuration.get(key):
                raise HadamrnnError(
                    f"{self.path}: must have been made with the present settings; {key} was "
                    f"{saved.get(key)} there and is {self.configuration.get(key)} now; delete "
                    f"the file to {REMEDY}"
                )
        for place, tensor in _tensors(state):
            if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                raise HadamrnnError(
                    f"{self.path}: must hold finite numbers; got others in {place}; delete the "
                    f"file to {REMEDY}"
                )
        return state

    def remove(self) -> None:
        """Delete the file: the training run is complete and its result stored elsewhere."""
        self.path.unlink(missing_ok=True)


def _tensors(content: Any, place: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor in nested mappings and lists, with the keys that lead to it."""
    if isinstance(content, torch.Tensor):
        yield place, content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _tensors(value, f"{place}.{key}" if place else str(key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _tensors(value, f"{place}.{index}")


def checkpoint_for(settings: Settings, config: Mapping[str, Any], card: str | Path) -> Checkpoint:
    """The checkpoint of exactly this training run: its name carries a hash of what decides it.

    Parameters
    ----------
    settings : Settings
        Of the benchmark.
    config : mapping
        As ``training.configuration``.
    card : str or Path
        card.json of the prepared data, which holds the checksums of the arrays.

    Returns
    -------
    Checkpoint
        Under checkpoints/, and writing in the first of several processes alone.
    """
    decisive = {
        **config,
        "seed": settings.seed,
        "train": vars(settings.train),
        "device": settings.device,
        "data": files.checksum_of(card),
    }
    name = files.checksum(json.dumps(decisive, sort_keys=True).encode())[:12]
    path = f"checkpoints/{settings.benchmark}-{name}.pt"
    return Checkpoint(path, decisive, writes=distributed.share()[0] == 0)
