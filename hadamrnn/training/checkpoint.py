"""Checkpoints that survive a kill and refuse to be mixed up.

One file, replaced in one move, that carries the configuration it was made with. A lock on a
neighbouring file keeps a second trainer out: killing a pipeline may leave its trainer running.
"""

import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path

import filelock
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.training import distributed


class Checkpoint:
    """The state of one training in ``path``, valid for one ``configuration`` only.

    configuration : JSON-like mapping that decides the result of the training.
    writes : False in all but one of several processes: they read, and leave lock and file to it.
    """

    def __init__(self, path, configuration, writes=True):
        self.path, self.writes = Path(path), writes
        self.configuration = json.loads(json.dumps(configuration, sort_keys=True))

    @contextmanager
    def locked(self):
        """Hold the training's lock; HadamrnnError when another training holds it."""
        if not self.writes:
            yield
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(f"{self.path}.lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise HadamrnnError(
                f"{self.path}: must be used by one training at a time; another process holds "
                f"{self.path.name}.lock"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def save(self, state):
        """Write ``state`` (tensors, numbers, lists, dicts) so that no reader sees half of it."""
        if not self.writes:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.partial")
        torch.save({"configuration": self.configuration, "state": state}, partial)
        os.replace(partial, self.path)

    def load(self):
        """The saved state, or None if there is none.

        Raises HadamrnnError if the file is damaged or was made with another configuration.
        """
        if not self.path.exists():
            return None
        try:
            content = torch.load(self.path, weights_only=True, map_location="cpu")
            saved, state = content["configuration"], content["state"]
        except Exception as error:
            raise HadamrnnError(
                f"{self.path}: must be a whole checkpoint; got {type(error).__name__}; "
                f"delete it to start anew"
            ) from None
        for key in sorted({*saved, *self.configuration}):
            if saved.get(key) != self.configuration.get(key):
                raise HadamrnnError(
                    f"{self.path}: must have been made with the present settings; {key} was "
                    f"{saved.get(key)} there and is {self.configuration.get(key)} now; delete "
                    f"the file to start anew"
                )
        return state

    def remove(self):
        """Delete the file: the training is complete and its result stored elsewhere."""
        self.path.unlink(missing_ok=True)


def checkpoint_for(settings, config, card):
    """The checkpoint of exactly this training run: its name carries a hash of what decides it.

    settings : params.Settings; config : training.configuration; card : path of card.json.
    """
    decisive = {
        **config,
        "seed": settings.seed,
        "train": vars(settings.train),
        "device": settings.device,
        "data": hashlib.sha256(Path(card).read_bytes()).hexdigest(),
    }
    name = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
    path = f"checkpoints/{settings.benchmark}-{name}.pt"
    return Checkpoint(path, decisive, writes=distributed.share()[0] == 0)
