"""What model a benchmark's settings and data ask for, as ``models.storage.build`` wants it."""

from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared.arrays import finer_classes


def configuration(settings, card):
    """What ``build`` needs: the model's name and its constructor's arguments.

    settings : params.Settings; card : card.json of the prepared data.
    "class_of" is there for a model of finer classes alone (metrics.merge).
    Raises HadamrnnError for an embedding of inputs that are numbers, not symbols, and for finer
    classes of a data set that has none.
    """
    embedding_size, size = settings.train.embedding_size, card["output"]["size"]
    if embedding_size is not None and card["input"]["kind"] != "symbol":
        raise HadamrnnError(
            f"embedding_size: must be null for {settings.benchmark}, whose inputs are numbers and "
            f"not symbols; got {embedding_size}"
        )
    merged = {}
    if settings.train.finer_classes:
        merged["class_of"] = finer_classes(card)["class_of"]
        size = len(merged["class_of"])
    return {
        "model": settings.model,
        "arguments": {
            "input_size": card["input"]["size"],
            "hidden_size": settings.train.hidden_size,
            "output_size": size,
            "q": settings.q,
            "weight_bits": settings.weight_bits,
            "readout": "last" if card["output"]["per_step"] else settings.readout,
            "per_step": card["output"]["per_step"],
            "embedding_size": embedding_size,
        },
        **merged,
    }
