"""How much dearer a unit of work gets when there is more of it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import process_time


def growth(work: Callable[[int], Callable[[], object]], small: int, large: int) -> float:
    """CPU time per unit at `large`, as a multiple of that at `small`; `work(n)` prepares n units of work.

    Linear work gives about 1, quadratic work about `large / small`. The collector is off, since it goes through all
    that the whole test run has made.
    """
    gc.disable()
    try:
        return (_cost(work, large, 3) / large) / (_cost(work, small, 9) / small)
    finally:
        gc.enable()


def _cost(work: Callable[[int], Callable[[], object]], size: int, times: int) -> float:
    costs = []
    for _ in range(times):
        once = work(size)
        start = process_time()
        once()
        costs.append(process_time() - start)
    return max(min(costs), 1e-6)
