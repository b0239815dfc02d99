"""What a model's C header says of its inputs: how readings and numbers become integers."""

from hadamrnn.integer.model import IntegerModel
from hadamrnn.integer.recording import Recording


def takes_readings(model: IntegerModel) -> bool:
    """Whether ``hr_step_raw`` runs the model."""
    return model.recording is not None and model.input_kind == "dense"


def input_range(model: IntegerModel) -> tuple[int, int]:
    """The least and the largest input: integers of input_bits, or symbol ids."""
    if model.input_kind == "symbol":
        return 0, model.input_size - 1
    half = 1 << (model.input_bits - 1)
    return -half, half - 1


def described(model: IntegerModel) -> list[str]:
    """How to feed the model and to read its scores, as comment lines."""
    least, most = input_range(model)
    if model.input_kind == "symbol":
        feed = [f"Input: one symbol id from 0 to {most} a step."]
        if model.embedding is not None:
            feed.append(f"It stands for {model.features} numbers of {model.input_bits} bits.")
    else:
        low, high = (model.input_scale * (x - model.input_zero_point) for x in (least, most))
        feed = [
            f"Input: {model.input_size} integers of {model.input_bits} bits a step,",
            f"    x = clip(round(real / {model.input_scale:.9g}) + ({model.input_zero_point}), "
            f"{least}, {most})",
            f"which covers real values from {low:.6g} to {high:.6g}.",
        ]
    if model.recording is not None and takes_readings(model):
        feed = _recorded(model.recording) + feed
    if model.numbers:
        names = model.class_names or [str(i) for i in range(model.output_size)]
        return [*feed, *(f"Output {i}: {name}, a number" for i, name in enumerate(names))]
    score = f"{model.logit_scale:.9g} * logit"
    if model.readout == "mean":
        score += f" * {1 << model.sum_shift} / steps, for at most {model.max_steps} steps"
    feed.append(f"Real score of a class: {score}.")
    return [*feed, *(f"Class {i}: {name}" for i, name in enumerate(model.class_names))]


def _recorded(recording: Recording) -> list[str]:
    """What ``hr_step_raw`` reads, as comment lines."""
    samples = f"{recording.frame} samples" if recording.frame > 1 else "a sample"
    rate = f", {recording.rate_hz:g} samples a second" if recording.rate_hz else ""
    lines = [f"Readings: int16, {samples} of {recording.channels} channels a step{rate},"]
    pairs = list(zip(recording.unit.tolist(), recording.offset.tolist(), strict=True))
    for unit, offset in recording.units:
        which = [str(i) for i, pair in enumerate(pairs) if pair == (unit, offset)]
        of = "" if len(recording.units) == 1 else f" of channels {', '.join(which)}"
        moved = f" - ({offset:.9g})" if offset else ""
        lines.append(f"    r = round((real{moved}) / {unit:.9g}){of}")
    return lines


def of_numbers(model: IntegerModel, upper: str) -> dict[str, object]:
    """The macro that makes a number of an output, its name with arguments; none of classes."""
    if not model.numbers:
        return {}
    scale = f"{upper}_LOGIT_SCALE"
    if model.readout == "mean":
        scale = f"({scale} * ({float(1 << model.sum_shift)!r} / (double)(steps)))"
    return {"VALUE(logit, steps)": f"((double)(logit) * {scale})"}


def of_readings(model: IntegerModel) -> dict[str, object]:
    """The macros about readings, without their prefix; none for a model that does not code them."""
    recording = model.recording
    if recording is None or not takes_readings(model):
        return {}

    def array(values: list[float]) -> str:
        return "{" + ", ".join(map(repr, values)) + "}"

    return {
        "CHANNELS": recording.channels,
        "FRAME": recording.frame,
        "UNITS": array(recording.unit.tolist()),
        "OFFSETS": array(recording.offset.tolist()),
    }
