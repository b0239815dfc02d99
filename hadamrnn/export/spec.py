"""What an exported model is asked to be: the facts that do not follow from its weights."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class IntegerSpec:
    """Kind, widths and names of an integer model.

    Parameters
    ----------
    name : str
        Of the model: one line.
    activation_bits : int
        Width of the states, 2 to 16.
    input_bits : int
        Width of a dense input, 2 to 8.
    bias_bits : int
        Width of the stored biases, 2 to 16.
    input_kind : str
        "dense" or "symbol".
    readout : str
        "last", "mean" or "log_mean".
    per_step : bool
        Whether every step is read out; then readout is "last".
    max_steps : int, optional
        The longest sequence that a mean will see; default that of the calibration sequences.
    class_names : tuple of str
        Empty, or one for each class.
    """

    name: str = "model"
    activation_bits: int
    input_bits: int = 8
    bias_bits: int = 16
    input_kind: str = "dense"
    readout: str = "last"
    per_step: bool = False
    max_steps: int | None = None
    class_names: tuple[str, ...] = ()
