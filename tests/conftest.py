"""How hard hypothesis tries: HYPOTHESIS_PROFILE is `quick`, `long`, or `ci`: the same examples each time."""

import gc
import os

from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=35, deadline=None)
settings.register_profile(
    "ci", max_examples=100, deadline=None, derandomize=True, database=None, print_blob=True
)
settings.register_profile(
    "long", max_examples=20_000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "quick"))

pytest_plugins = ["pytester"]


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector need not go through it each time."""
    gc.collect()
    gc.freeze()
