"""What a data set declares before it is prepared, against what its card says afterwards."""

from hadamrnn import params
from hadamrnn.prepared import arrays


def facts_of(folder):
    """The facts that the card of a prepared folder tells."""
    card = arrays.read_card(folder)
    return params.Facts(
        symbols=card["input"]["kind"] == "symbol",
        per_step=card["output"]["per_step"],
        axes={"axes", "raw"} <= set(card),
        image="image" in card,
        finer_classes="finer" in card["output"],
    )
