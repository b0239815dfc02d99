"""Training with an Ignite engine: the step is here, everything else is a handler (handlers.py).

Metrics accumulate over samples. Nothing here reads test data.
"""

import logging

import torch
from ignite.engine import Engine

from hadamrnn.models.storage import Model
from hadamrnn.params import TrainSettings
from hadamrnn.training import distributed
from hadamrnn.training.adam import Adam
from hadamrnn.training.batches import Batches
from hadamrnn.training.checkpoint import Checkpoint
from hadamrnn.training.handlers import HANDLERS
from hadamrnn.training.losses import existing, loss_of, outputs_of
from hadamrnn.training.run import FitResult, Listener, Run

Step = tuple[float, int]


def sign_parameters(model: torch.nn.Module) -> list[torch.nn.Parameter]:
    """The parameters that hold signs: one, or none for a model without signs."""
    return [p for name, p in model.named_parameters() if name.endswith("sign_weight")]


def make_optimizer(model: torch.nn.Module, settings: TrainSettings) -> torch.optim.Adam:
    """Adam with the signs in the second parameter group, so that they have their own rate.

    Parameters
    ----------
    model : torch.nn.Module
        Its signs stop requiring a gradient where they are held.
    settings : TrainSettings
        Of which learning_rate and sign_schedule count.

    Returns
    -------
    torch.optim.Adam
        Groups: all other parameters, signs (perhaps none).
    """
    signs = sign_parameters(model)
    others = [p for p in model.parameters() if not any(p is s for s in signs)]
    for parameter in signs:
        parameter.requires_grad_(settings.sign_schedule != "hold")
    groups = [{"params": others}, {"params": signs}]
    return Adam(groups, lr=settings.learning_rate)


def take_step(
    run: Run,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    lengths: torch.Tensor | None = None,
    weights: torch.Tensor | None = None,
) -> Step:
    """One optimizer step on one batch.

    Parameters
    ----------
    run : Run
        Its model and optimizer change, and signs that flip are counted.
    inputs, targets, lengths, weights : torch.Tensor
        As Batches yield them; of several processes, this one's share.

    Returns
    -------
    loss : float
        Mean over the whole batch before the step, in nats.
    samples : int
        Sequences in the whole batch, or steps where only some of a sequence's exist.
    """
    model, optimizer, limit = run.model, run.optimizer, run.settings.clip_gradient
    model.train()
    outputs = outputs_of(model, inputs, lengths)
    outputs, targets, weights = existing(outputs, targets, lengths, weights)
    loss = loss_of(model, outputs, targets, weights)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    mean, samples = distributed.average(model, loss, len(targets))
    if limit is not None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), limit)
    before = [p.detach() < 0 for p in run.signs] if run.signs_move() else []
    optimizer.step()
    for parameter, negative in zip(run.signs, before, strict=False):
        run.sums.flips += int(((parameter.detach() < 0) != negative).sum())
    return mean, samples


def _engine(run: Run) -> Engine:
    """The engine that takes the steps of ``run`` and calls its handlers."""
    engine = Engine(lambda engine, batch: take_step(run, *batch))
    # An error reaches the caller as an exception; the engine need not log it a second time.
    engine.logger = logging.getLogger(f"{__name__}.engine")
    engine.logger.setLevel(logging.CRITICAL)
    for event, handler in HANDLERS:
        engine.add_event_handler(event, handler, run)
    return engine


def fit(
    model: Model,
    train: Batches,
    valid: Batches,
    settings: TrainSettings,
    checkpoint: Checkpoint | None = None,
    listener: Listener | None = None,
    score: str = "accuracy",
) -> FitResult:
    """Train a model in place; at the end it holds the chosen epoch's parameters.

    Parameters
    ----------
    model : Model
        As ``storage.build`` makes it.
    train, valid : Batches
        Rows that are learned, and rows that choose the epoch.
    settings : TrainSettings
        The recipe.
    checkpoint : Checkpoint, optional
        Resumed from if it exists, and written at every epoch's end.
    listener : Listener, optional
        Who watches.
    score : {"accuracy", "recalled_accuracy", "r2"}
        The benchmark's own measure, for the history; "r2" where targets are numbers;
        ``settings.select`` chooses the epoch.

    Returns
    -------
    FitResult
        The history and the chosen epoch.

    Raises
    ------
    HadamrnnError
        Inputs or a loss are not finite, or the checkpoint cannot be used.
    """
    run = Run(
        model=model,
        train=train,
        valid=valid,
        settings=settings,
        optimizer=make_optimizer(model, settings),
        checkpoint=checkpoint,
        listener=listener or Listener(),
        result=FitResult(score=score),
    )
    state = checkpoint.load() if checkpoint else None
    if state:
        run.resume(state)
    done, steps = len(run.result.history), len(train)
    run.listener.on_start(done, settings.epochs, steps)
    if done < settings.epochs and not run.stops_early():
        engine = _engine(run)
        engine.load_state_dict(
            {"epoch": done, "max_epochs": settings.epochs, "epoch_length": steps}
        )
        engine.run(train)
    if run.best_state is not None:
        model.load_state_dict(run.best_state)
    return run.result
