"""Adam whose calls cost little: on a model as small as ours torch's own take longer than its work.

Numbers, state and checkpoints are those of ``torch.optim.Adam(fused=True)``: its kernel does the
work. What it does around that (hooks, profiling, groups by device and type) is left out on a CPU.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class Adam(torch.optim.Adam):
    """``torch.optim.Adam(fused=True)`` for parameters of one type a group, without hooks.

    Examples
    --------
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = Adam([weight], lr=0.5)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.detach().numpy().round(3).tolist()
    [0.5, 0.5]
    """

    def __init__(self, parameters: Any, lr: float) -> None:
        super().__init__(parameters, lr=lr, fused=True)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or make them zero."""
        if not set_to_none:
            super().zero_grad(set_to_none=False)
            return
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step down the gradients of the parameters that have one."""
        if closure is not None or not self._on_cpu():
            loss: float | None = super().step(closure)
            return loss
        with torch.no_grad():
            for group in self.param_groups:
                moved = [p for p in group["params"] if p.grad is not None]
                if moved:
                    self._move(group, moved)
        return None

    # torch wraps ``step`` of every class whose ``step`` is not marked in its profiler and hooks.
    step.hooked = True  # type: ignore[attr-defined]

    def _on_cpu(self) -> bool:
        """Whether the short way can be taken."""
        every = [p for group in self.param_groups for p in group["params"]]
        return hasattr(torch, "_fused_adam_") and all(p.device.type == "cpu" for p in every)

    def _move(self, group: dict[str, Any], parameters: list[Tensor]) -> None:
        states = [self.state[p] for p in parameters]
        if not all(states):  # torch makes the first ones
            self._init_group(group, [], [], [], [], [], [])  # type: ignore[no-untyped-call]
        steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        beta1, beta2 = group["betas"]
        torch._fused_adam_(
            parameters,
            [p.grad for p in parameters if p.grad is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            steps,
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )
