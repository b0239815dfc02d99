"""What happens around the steps of a training run: one function an event, in one table.

``HANDLERS`` says which function hears of which event; those of one event run in its order.
"""

import copy
import math
import time
from collections.abc import Callable
from typing import Any

from ignite.engine import Engine, Events

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.training.batches import STATE_NOISE
from hadamrnn.training.run import HISTORY_COLUMNS, EpochSums, Run
from hadamrnn.training.schedules import sign_factor, weight_factor
from hadamrnn.training.validation import evaluate

NOISE_SEQUENCES = 16
"""Training sequences whose largest state sets the state noise of an epoch."""


def start_epoch(engine: Engine, run: Run) -> None:
    """The order of the rows, and sums that begin at 0."""
    run.train.epoch = engine.state.epoch
    run.sums = EpochSums(started=time.perf_counter())


def fit_state_noise(engine: Engine, run: Run) -> None:
    """The noise of this epoch, from the states of its first sequences; see state_noise."""
    model = run.model
    if not isinstance(model, HadamClassifier) or model.state_noise is None:
        return
    inputs, *_ = next(iter(run.train))
    states = model.states(inputs[:NOISE_SEQUENCES])
    per_step = model.per_step or model.readout == "last"
    # The mean reads states of every age, half as old as the last one on average.
    steps = states.shape[1] if per_step else states.shape[1] / 2
    generator = run.train.generator(STATE_NOISE, "cpu")
    model.state_noise.fit(float(states.abs().max()), steps, generator)


def set_learning_rates(engine: Engine, run: Run) -> None:
    """The rates of the step that begins, of the weights and of the signs."""
    step, per_epoch = engine.state.iteration - 1, len(run.train)
    weights, signs = run.optimizer.param_groups
    settings = run.settings
    weights["lr"] = settings.learning_rate * weight_factor(settings, step, per_epoch)
    signs["lr"] = settings.sign_learning_rate * sign_factor(settings, step, per_epoch)


def watch_loss(engine: Engine, run: Run) -> None:
    """Add the step's loss to the epoch's, tell the listener, and stop where it is no number."""
    state: Any = engine.state
    loss, count = state.output
    if not math.isfinite(loss):
        where = f"epoch {state.epoch}, step {state.iteration}"
        inputs, *_ = state.batch
        if inputs.is_floating_point() and not bool(inputs.isfinite().all()):
            raise HadamrnnError(
                f"training: the inputs must be finite numbers; got others in the batch of {where}"
            )
        raise HadamrnnError(
            f"training: the loss must stay finite; got {loss} at {where}; "
            f"lower learning_rate (now {run.settings.learning_rate})"
        )
    run.sums.loss += loss * count
    run.sums.samples += count
    run.listener.on_step(state.epoch, (state.iteration - 1) % len(run.train) + 1, loss)


def validate(engine: Engine, run: Run) -> None:
    """Add the epoch's row to the history."""
    score = run.result.score
    metrics = evaluate(run.model, run.valid, score)
    if not math.isfinite(metrics["cross_entropy"]):
        raise HadamrnnError(
            f"training: the validation loss must stay finite; got {metrics['cross_entropy']} "
            f"after epoch {engine.state.epoch}; lower learning_rate (now "
            f"{run.settings.learning_rate})"
        )
    weights, signs = run.optimizer.param_groups
    values = {
        "epoch": engine.state.epoch,
        "train_cross_entropy": run.sums.loss / run.sums.samples,
        "valid_cross_entropy": metrics["cross_entropy"],
        "valid_score": metrics[score],
        "valid_accuracy": metrics["accuracy"],
        "flips_per_step": run.sums.flips / len(run.train),
        "learning_rate": weights["lr"],
        "sign_learning_rate": signs["lr"],
        "seconds": time.perf_counter() - run.sums.started,
        "validation_held_out": not run.settings.train_on_validation,
    }
    run.result.history.append({name: values[name] for name in HISTORY_COLUMNS})


def keep_best(engine: Engine, run: Run) -> None:
    """Keep the parameters of an epoch that is better than all before it, and tell the listener."""
    row = run.result.history[-1]
    best = _is_best(run, row)
    if best:
        run.result.best_epoch = row["epoch"]
        run.best_state = copy.deepcopy(run.model.state_dict())
    run.listener.on_epoch({**row, "best": best})


def _is_best(run: Run, row: dict[str, Any]) -> bool:
    """Ties in accuracy go to the lower loss, and so do numbers; "last" takes every epoch."""
    select = run.settings.select
    if select == "last" or run.result.best_epoch == 0:
        return True

    def rank(r: dict[str, Any]) -> tuple[float, ...]:
        loss = -r["valid_cross_entropy"]
        counted = select == "accuracy" and not math.isnan(r["valid_accuracy"])
        return (r["valid_accuracy"], loss) if counted else (loss,)

    return rank(row) > rank(run.result.best)


def save_checkpoint(engine: Engine, run: Run) -> None:
    """A killed run resumes after this epoch."""
    if run.checkpoint:
        run.checkpoint.save(run.state())


def stop_early(engine: Engine, run: Run) -> None:
    """End where ``patience`` says so."""
    if run.stops_early():
        engine.terminate()


Handler = Callable[[Engine, Run], None]
HANDLERS: tuple[tuple[Events, Handler], ...] = (
    (Events.EPOCH_STARTED, start_epoch),
    (Events.EPOCH_STARTED, fit_state_noise),
    (Events.ITERATION_STARTED, set_learning_rates),
    (Events.ITERATION_COMPLETED, watch_loss),
    (Events.EPOCH_COMPLETED, validate),
    (Events.EPOCH_COMPLETED, keep_best),
    (Events.EPOCH_COMPLETED, save_checkpoint),
    (Events.EPOCH_COMPLETED, stop_early),
)
