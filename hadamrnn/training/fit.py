"""Training with Ignite engines: the step is tiny, everything else is a handler.

Validation, the best epoch, early stop, learning rates, checkpoints and the stop on a loss that is
not a number attach to events. Metrics accumulate over samples. Nothing here reads test data.
"""

import copy
import logging
import math
import time
from dataclasses import dataclass, field

import torch
from ignite.engine import Engine, Events
from ignite.metrics import Accuracy, Loss

from hadamrnn.errors import HadamrnnError
from hadamrnn.metrics import merge
from hadamrnn.models.state_noise import StateNoise
from hadamrnn.training import distributed
from hadamrnn.training.batches import STATE_NOISE
from hadamrnn.training.losses import cross_entropy, flatten
from hadamrnn.training.schedules import sign_factor, weight_factor

HISTORY_COLUMNS = (
    "epoch", "train_cross_entropy", "valid_cross_entropy", "valid_accuracy", "flips_per_step",
    "learning_rate", "sign_learning_rate", "seconds", "validation_held_out",
)  # fmt: skip

NOISE_SEQUENCES = 16
"""Training sequences whose largest state sets the state noise of an epoch."""


class Listener:
    """What a caller may watch; every method does nothing by default."""

    def on_start(self, first_epoch, epochs, steps_per_epoch):
        """Called once, with the epochs already done when a checkpoint was found."""

    def on_step(self, epoch, step, loss):
        """Called after every optimizer step; loss is a float."""

    def on_epoch(self, row):
        """Called after validation with a dict of HISTORY_COLUMNS and "best" (bool)."""


@dataclass
class FitResult:
    """What a training leaves: the chosen epoch's parameters (in the model), and its history."""

    history: list = field(default_factory=list)
    best_epoch: int = 0

    @property
    def seconds(self):
        return sum(row["seconds"] for row in self.history)

    @property
    def flips_per_step(self):
        """Mean number of signs that changed at an optimizer step."""
        return sum(row["flips_per_step"] for row in self.history) / max(1, len(self.history))


def of_classes(model, logits, targets):
    """(logits, targets) of the classes where the model's outputs are finer ones (metrics.merge)."""
    if model.class_of is None:
        return logits, targets
    groups = torch.tensor(model.class_of, device=targets.device)
    return merge(logits, model.class_of, torch), groups[targets]


def loss_of(model, logits, targets):
    """Mean cross-entropy; with finer classes the mean of theirs and of the classes they form."""
    loss = cross_entropy(logits, targets)
    if model.class_of is None:
        return loss
    return (loss + cross_entropy(*of_classes(model, logits, targets))) / 2


def evaluator(model):
    """Ignite engine that accumulates "accuracy" and "cross_entropy" over samples."""

    def step(engine, batch):
        model.eval()
        with torch.no_grad():
            return flatten(*of_classes(model, model(batch[0]), batch[1]))

    engine = Engine(step)
    where = distributed.metric_device()
    Accuracy(device=where).attach(engine, "accuracy")
    Loss(cross_entropy, device=where).attach(engine, "cross_entropy")
    return engine


def evaluate(model, batches):
    """{"accuracy", "cross_entropy"} of ``model`` over all of ``batches``."""
    metrics = evaluator(model).run(batches).metrics
    return {"accuracy": metrics["accuracy"], "cross_entropy": metrics["cross_entropy"]}


def sign_parameters(model):
    """The parameters that hold signs: one, or none for a model without signs."""
    return [p for name, p in model.named_parameters() if name.endswith("sign_weight")]


def make_optimizer(model, settings):
    """Adam with the signs in the second parameter group, so that they have their own rate."""
    signs = sign_parameters(model)
    others = [p for p in model.parameters() if not any(p is s for s in signs)]
    for parameter in signs:
        parameter.requires_grad_(settings.sign_schedule != "hold")
    groups = [{"params": others}, {"params": signs}]
    return torch.optim.Adam(groups, lr=settings.learning_rate, fused=True)


class Fit:
    """One training run: model, optimizer and history, advanced by an Ignite engine."""

    def __init__(self, model, train, valid, settings, checkpoint=None, listener=None):
        self.model, self.train, self.valid, self.settings = model, train, valid, settings
        self.checkpoint, self.listener = checkpoint, listener or Listener()
        self.optimizer = make_optimizer(model, settings)
        self.result, self.best_state = FitResult(), None
        self.epoch_start, self.flips, self.loss_sum, self.samples = 0.0, 0, 0.0, 0
        self.signs = sign_parameters(model)
        if settings.state_noise_bits is not None:
            self.model.state_noise = StateNoise(settings.state_noise_bits)
        self.engine = Engine(self._step)
        # An error reaches the caller as an exception; the engine need not log it a second time.
        self.engine.logger = logging.getLogger(f"{__name__}.engine")
        self.engine.logger.setLevel(logging.CRITICAL)
        self.engine.add_event_handler(Events.EPOCH_STARTED, self._start_epoch)
        self.engine.add_event_handler(Events.ITERATION_STARTED, self._set_rates)
        self.engine.add_event_handler(Events.ITERATION_COMPLETED, self._check_loss)
        self.engine.add_event_handler(Events.EPOCH_COMPLETED, self._finish_epoch)

    def _step(self, engine, batch):
        self.model.train()
        inputs, targets = batch
        loss = loss_of(self.model, self.model(inputs), targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        mean, samples = distributed.average(self.model, loss, len(inputs))
        if self.settings.clip_gradient is not None:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_gradient)
        before = [p.detach() < 0 for p in self.signs] if self._signs_move() else []
        self.optimizer.step()
        for parameter, negative in zip(self.signs, before, strict=False):
            self.flips += int(((parameter.detach() < 0) != negative).sum())
        return mean, samples

    def _signs_move(self):
        return self.optimizer.param_groups[1]["lr"] > 0

    def _start_epoch(self, engine):
        self.train.epoch = engine.state.epoch
        self.epoch_start = time.perf_counter()
        self.flips, self.loss_sum, self.samples = 0, 0.0, 0
        if self.settings.state_noise_bits is not None:
            self._fit_noise()

    def _fit_noise(self):
        """The noise of this epoch, from the states of its first sequences; see state_noise."""
        inputs, _ = next(iter(self.train))
        states = self.model.states(inputs[:NOISE_SEQUENCES])
        per_step = self.model.per_step or self.model.readout == "last"
        # The mean reads states of every age, half as old as the last one on average.
        steps = states.shape[1] if per_step else states.shape[1] / 2
        generator = self.train.generator(STATE_NOISE, "cpu")
        self.model.state_noise.fit(float(states.abs().max()), steps, generator)

    def _set_rates(self, engine):
        step, per_epoch = engine.state.iteration - 1, len(self.train)
        groups, settings = self.optimizer.param_groups, self.settings
        groups[0]["lr"] = settings.learning_rate * weight_factor(settings, step, per_epoch)
        groups[1]["lr"] = settings.sign_learning_rate * sign_factor(settings, step, per_epoch)

    def _check_loss(self, engine):
        (loss, count), state = engine.state.output, engine.state
        if not math.isfinite(loss):
            raise HadamrnnError(
                f"training: the loss must stay finite; got {loss} at epoch {state.epoch}, step "
                f"{state.iteration}; lower learning_rate (now {self.settings.learning_rate})"
            )
        self.loss_sum, self.samples = self.loss_sum + loss * count, self.samples + count
        self.listener.on_step(state.epoch, (state.iteration - 1) % len(self.train) + 1, loss)

    def _finish_epoch(self, engine):
        metrics = evaluate(self.model, self.valid)
        groups = self.optimizer.param_groups
        values = (
            engine.state.epoch, self.loss_sum / self.samples, metrics["cross_entropy"],
            metrics["accuracy"], self.flips / len(self.train), groups[0]["lr"], groups[1]["lr"],
            time.perf_counter() - self.epoch_start, not self.settings.train_on_validation,
        )  # fmt: skip
        row = dict(zip(HISTORY_COLUMNS, values, strict=True))
        self.result.history.append(row)
        best = self._is_best(row)
        if best:
            self.result.best_epoch = row["epoch"]
            self.best_state = copy.deepcopy(self.model.state_dict())
        self.listener.on_epoch({**row, "best": best})
        if self.checkpoint:
            self.checkpoint.save(self._state())
        patience = self.settings.patience
        if patience and row["epoch"] - self.result.best_epoch >= patience:
            engine.terminate()

    def _is_best(self, row):
        """Ties in accuracy go to the lower cross-entropy; "last" takes every epoch."""
        if self.settings.select == "last":
            return True
        earlier = [r for r in self.result.history if r["epoch"] == self.result.best_epoch]

        def rank(r):
            loss = -r["valid_cross_entropy"]
            by_accuracy = self.settings.select == "accuracy"
            return (r["valid_accuracy"], loss) if by_accuracy else (loss,)

        return not earlier or rank(row) > rank(earlier[0])

    def _state(self):
        return {
            "model": self.model.state_dict(),
            "best": self.best_state,
            "optimizer": self.optimizer.state_dict(),
            "history": self.result.history,
            "best_epoch": self.result.best_epoch,
        }

    def _resume(self, state):
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best_state = state["best"]
        self.result = FitResult(state["history"], state["best_epoch"])

    def run(self):
        """Train to the end; the model then holds the chosen epoch's parameters."""
        state = self.checkpoint.load() if self.checkpoint else None
        if state:
            self._resume(state)
        done, settings = len(self.result.history), self.settings
        self.listener.on_start(done, settings.epochs, len(self.train))
        stopped = settings.patience and done - self.result.best_epoch >= settings.patience
        if done < settings.epochs and not stopped:
            self.engine.load_state_dict(
                {"epoch": done, "max_epochs": settings.epochs, "epoch_length": len(self.train)}
            )
            self.engine.run(self.train)
        self.model.load_state_dict(self.best_state)
        return self.result


def fit(model, train, valid, settings, checkpoint=None, listener=None):
    """Train ``model`` in place and return a FitResult.

    train, valid : Batches; settings : TrainSettings; checkpoint : Checkpoint or None, resumed
    from if it exists and written at every epoch's end; listener : Listener or None.
    Raises HadamrnnError when the loss is not finite.
    """
    return Fit(model, train, valid, settings, checkpoint, listener).run()
