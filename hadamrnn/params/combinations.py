"""What cannot be trained or exported together, although each value is right by itself."""

import keyword
from collections.abc import Iterator

from hadamrnn.errors import HadamrnnError
from hadamrnn.params.sections import Facts, Settings
from hadamrnn.params.sentences import path_of, shown

NAME_LENGTH = 64
_C_KEYWORDS = """
alignas alignof asm auto bool break case char const constexpr continue default do double else enum
extern false float for goto if inline int long nullptr register restrict return short signed sizeof
static static_assert struct switch thread_local true typedef typeof typeof_unqual union unsigned
void volatile while
"""


def check_names(names: list[object]) -> None:
    """Refuse names of benchmarks that cannot name a Python module, a folder and C's tables.

    Parameters
    ----------
    names : list
        Keys of the section ``benchmark``.

    Raises
    ------
    HadamrnnError
        For the first name that is no such text, or that differs from another in case alone.
    """
    seen: dict[str, str] = {}
    for name in names:
        path = path_of("benchmark", name)
        if not isinstance(name, str) or not _is_name(name):
            raise HadamrnnError(
                f"{path}: must be a name of at most {NAME_LENGTH} letters, digits and underscores "
                f"that starts with a letter and is no keyword of C or Python; got {shown(name)}"
            )
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise HadamrnnError(
                f"{path}: must differ from other names by more than case; got {other!r} too"
            )


def _is_name(text: str) -> bool:
    words = text.isascii() and text.isidentifier() and text[0] != "_" and len(text) <= NAME_LENGTH
    return words and not keyword.iskeyword(text) and text not in _C_KEYWORDS.split()


def check(settings: Settings, facts: Facts | None, own_readout: str | None) -> None:
    """Refuse a benchmark's settings that cannot go together.

    Parameters
    ----------
    settings : Settings
        Resolved ones.
    facts : Facts or None
        Of the data set; None leaves unchecked what depends on it.
    own_readout : str or None
        The read-out that the benchmark's own section asks for, if it does.

    Raises
    ------
    HadamrnnError
        For the first value that does not go with the others.
    """
    refusals = [*_refusals(settings)]
    if facts is not None:
        refusals += _refusals_of_data(settings, facts, own_readout)
    for key, rule, value in refusals:
        given = f"{value:g}" if isinstance(value, float) else shown(value)
        raise HadamrnnError(f"benchmark.{settings.benchmark}.{key}: must be {rule}; got {given}")


def _refusals(settings: Settings) -> Iterator[tuple[str, str, object]]:
    """(key, what it must be, value) whatever the data set is."""
    train, model = settings.train, settings.model
    if model != "hadamrnn" and train.state_noise_bits is not None:
        rule = f"null for model {model}, which has no integer states"
        yield "state_noise_bits", rule, train.state_noise_bits
    if model != "hadamrnn" and settings.readout == "log_mean":
        yield "readout", f"last or mean for model {model}", settings.readout
    if model != "hadamrnn" and settings.fade is not None:
        yield "fade", f"null for model {model}", settings.fade
    if settings.fade is not None and train.state_noise_bits is not None:
        # The noise stands for errors that add up over all steps; these fade with the states.
        yield "state_noise_bits", "null where fade is set", train.state_noise_bits
    if train.train_on_validation and train.select != "last":
        # Rows that are trained on cannot choose the epoch.
        yield "select", "last where train_on_validation is true", train.select
    yield from _refusals_of_bits(settings)
    if train.embedding_bits is not None and train.embedding_size is None:
        yield "embedding_bits", "null where embedding_size is null", train.embedding_bits
    if train.embedding_bits is not None and model != "hadamrnn":
        yield "embedding_bits", f"null for model {model}", train.embedding_bits
    if train.word_dropout and train.embedding_size is None:
        yield "word_dropout", "0 where embedding_size is null", train.word_dropout
    if model == "hadamrnn" and train.hidden_size % settings.q == 0:
        block = train.hidden_size // settings.q
        bits = largest_state_bits(block)
        if settings.activation_bits > bits:
            rule = f"at most {bits} for blocks of {block} numbers (hidden_size / q)"
            yield "activation_bits", rule, settings.activation_bits


def _refusals_of_bits(settings: Settings) -> Iterator[tuple[str, str, object]]:
    """(key, what it must be, value) of the parts' bits and their quantizer."""
    train, parts = settings.train, ("input_weight_bits", "output_weight_bits")
    if settings.model in ("hadamrelu", "qornn"):  # other baselines are not quantized at all
        for key in parts:
            if getattr(settings, key) != settings.weight_bits:
                rule = f"auto for model {settings.model}, whose weights all have weight_bits"
                yield key, rule, getattr(settings, key)
        if train.quantizer != "max":
            yield "quantizer", f"max for model {settings.model}", train.quantizer
    if train.quantizer == "lsq" and {getattr(settings, key) for key in parts} == {None}:
        yield "quantizer", "max where no weight is quantized", train.quantizer


def largest_state_bits(block: int) -> int:
    """Bits of a state whose transform in blocks of ``block`` numbers is exact in 32-bit code.

    An odd power of two is scaled by 46341 / 65536, nearly 1 / sqrt 2, which 32-bit code does
    exactly below 2^23; the sums reach block (2^(bits - 1) - 1).

    >>> largest_state_bits(256), largest_state_bits(512), largest_state_bits(2048)
    (16, 15, 13)
    """
    odd = block.bit_length() % 2 == 0
    exact = (b for b in range(16, 1, -1) if block * ((1 << (b - 1)) - 1) < 1 << 23)
    return next(exact) if odd else 16


def _refusals_of_data(
    settings: Settings, facts: Facts, own_readout: str | None
) -> Iterator[tuple[str, str, object]]:
    """(key, what it must be, value) for a data set with these facts."""
    train = settings.train
    if facts.per_step and own_readout not in (None, "last", "auto"):
        yield "readout", "last for a data set that is read out at every step", own_readout
    if facts.numbers and train.balanced:
        yield "balanced", "false for a data set whose targets are numbers", train.balanced
    if not facts.symbols and train.embedding_size is not None:
        rule = "null for a data set whose inputs are numbers and not symbols"
        yield "embedding_size", rule, train.embedding_size
    if not facts.axes:
        for key, value in (
            ("rotation", train.rotation),
            ("channel_dropout", train.channel_dropout),
        ):
            if value:
                yield key, "0 for a data set that does not name its sensors' axes", value
    if train.distortion and not facts.image:
        yield "distortion", "0 for a data set that is not of images", train.distortion
    if train.finer_classes and not facts.finer_classes:
        yield "finer_classes", "false for a data set without finer classes", True
