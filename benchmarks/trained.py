"""Models that a study needs beside the shipped ones: trained once, kept, and found again.

A model's folder, models/studies/<benchmark>-<hash>, carries a hash of all that decides its
training: recipe, seed and data. So a study that is started again goes on where it stopped, and a
changed params.yaml trains anew instead of mixing two recipes. No test data is read.
"""

import hashlib
import json
from pathlib import Path

import yaml

from hadamrnn import batches, device, params, storage, training
from hadamrnn.datasets import prepared
from stages import common, train


def settings_of(benchmark, changes=()):
    """The Settings of one benchmark of params.yaml, with ``changes`` made to the document first.

    changes : ((dotted key, value), ...), for example (("benchmark.har2.hidden_size", 64),).
    Raises HadamrnnError for a wrong key or value, as every stage does.
    """
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    for path, value in (("benchmarks", [benchmark]), *changes):
        *above, key = path.split(".")
        section = document
        for name in above:
            section = section.setdefault(name, {})
        section[key] = value
    return params.check(document)[benchmark]


def recipe(settings):
    """Twelve hex digits that name this training and no other."""
    config = storage.configuration(
        settings, prepared.read_card(common.prepared(settings.benchmark))
    )
    decisive = train.checkpoint_for(settings, config).configuration
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]


def coding_of(card):
    """How stored inputs of a prepared benchmark become the model's."""
    return batches.InputCoding(*(card["input"][key] for key in ("kind", "scale", "offset")))


def model_of(settings, progress=print):
    """The trained torch model of ``settings``, in evaluation mode; trained now if none is kept."""
    folder = Path("models/studies", f"{settings.benchmark}-{recipe(settings)}")
    if not (folder / "config.json").exists():
        _train(settings, folder, progress)
    return storage.load(folder)[0]


def _train(settings, folder, progress):
    data = common.prepared(settings.benchmark)
    card, where = prepared.read_card(data), device.resolve(settings.device)
    sets = (
        batches.Batches(
            *prepared.load(data, split), coding_of(card), settings.train.batch_size, where, seed
        )
        for split, seed in (("train", settings.seed), ("valid", None))
    )
    config = storage.configuration(settings, card)
    model = storage.build(config, settings.seed).to(where)
    checkpoint = train.checkpoint_for(settings, config)
    with checkpoint.locked():
        result = training.fit(model, *sets, settings.train, checkpoint)
        storage.save(model, config, folder)
        checkpoint.remove()
    progress(f"trained {folder}: {result.seconds:.0f} s, best epoch {result.best_epoch}")
