"""Stage prepare: raw data of one benchmark -> data/prepared/<benchmark>/ (arrays, card.json)."""

from hadamrnn.params import Settings
from stages import common


def main(settings: Settings) -> None:
    """Write the prepared folder of one benchmark anew."""
    from hadamrnn import files
    from hadamrnn.datasets.common import by_name
    from hadamrnn.prepared import arrays
    from hadamrnn.prepared.coding import Coding

    with files.replacing_folder(common.prepared(settings.benchmark)) as folder:
        by_name.prepare(folder, settings.benchmark, settings.data)
        card = arrays.read_card(folder)
        Coding.from_card(card, str(folder / "card.json"))  # a wrong one stops before the training
    counts = ", ".join(f"{count} {split}" for split, count in card["counts"].items())
    frame = card.get("raw", {}).get("frame", 1)
    of = f" of {frame} readings" if frame > 1 else ""
    print(f"prepared {settings.benchmark}: {counts}, {card['steps']} steps{of}")


if __name__ == "__main__":
    common.run(main, "prepare")
