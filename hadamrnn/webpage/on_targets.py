"""What an exported model is, beyond its scores: its recurrent matrix, and what a device needs."""

import html
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hadamrnn.hadamard import sylvester
from hadamrnn.integer import IntegerModel
from hadamrnn.targets import bench
from hadamrnn.targets.processors import TARGETS
from hadamrnn.webpage import charts
from hadamrnn.webpage.parts import table

MOST_POINTS = 256


def eigenvalues(model: IntegerModel) -> npt.NDArray[np.complex128]:
    """Of W, as exported: diag(u) (I_q (x) S_m) / sqrt m, faded.

    Parameters
    ----------
    model : IntegerModel

    Returns
    -------
    array of complex, (d,)
        By their angles.

    Examples
    --------
    A block of two, without a sign: a reflection.

    >>> from types import SimpleNamespace
    >>> plain = SimpleNamespace(block_size=2, signs=np.array([1, 1]), fade=0)
    >>> eigenvalues(plain).round(6).tolist()
    [(1+0j), (-1+0j)]
    """
    size = model.block_size
    blocks = model.signs.astype(float).reshape(-1, size, 1) * sylvester(size) / size**0.5
    found = np.linalg.eigvals(blocks).ravel() * (1 - 2.0**-model.fade if model.fade else 1.0)
    order: npt.NDArray[np.complex128] = found[np.argsort(np.angle(found))].astype(np.complex128)
    return order


def spectrum(model: IntegerModel) -> str:
    """The eigenvalues of W, drawn and in words.

    Parameters
    ----------
    model : IntegerModel

    Returns
    -------
    str
        HTML.
    """
    found = eigenvalues(model)
    places = np.linspace(0, len(found) - 1, min(MOST_POINTS, len(found))).round().astype(int)
    far = float(np.abs(np.abs(found) - np.abs(found).mean()).max())
    shown = (
        f"{len(places)} of {len(found):,} eigenvalues"
        if len(places) < len(found)
        else (f"All {len(found):,} eigenvalues")
    )
    words = f"{shown} of W as exported. Their moduli are {np.abs(found).mean():.6f}"
    words += f", to within {far:.0e}: " if far > 1e-15 else ": "
    words += (
        f"the state fades by 1 - 2^-{model.fade} a step, and turns without loss otherwise."
        if model.fade
        else "W is orthogonal, so nothing fades and nothing explodes."
    )
    drawn = charts.plane("eigenvalues of W and the unit circle", found[places])
    return f"<h2>Spectrum of W</h2><p>{html.escape(words)}</p>{drawn}"


def costs(model: IntegerModel, counted: bool) -> dict[str, bench.Cost]:
    """What the model needs on every target.

    Parameters
    ----------
    model : IntegerModel
    counted : bool
        Whether to count even where a target's emulator is installed.

    Returns
    -------
    dict of str to Cost
        By the target's name.
    """
    return {name: bench.cost(model, target, counted) for name, target in TARGETS.items()}


def device(needs: Mapping[str, bench.Cost]) -> str:
    """A table of what devices need.

    Parameters
    ----------
    needs : mapping of str to Cost
        As ``costs``.

    Returns
    -------
    str
        HTML.
    """
    rows = []
    for name, cost in needs.items():
        time = f"{cost.ms:,.2f} ms" if cost.ms is not None else ""
        fits = cost.source if cost.fits else "more RAM than there is"
        sizes = (f"{n:,}" for n in (cost.flash_bytes, cost.ram_bytes, cost.stack_bytes))
        units = (f"{cost.step:,} {cost.unit}", time, f"{cost.logits:,}")
        rows.append((name, *units, *sizes, fits))
    header = (
        "target", "a step", "time", "logits", "flash, bytes", "RAM, bytes", "of it stack", "how",
    )  # fmt: skip
    return f"<h2>What a device needs</h2>{table(header, rows)}"
