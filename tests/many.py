"""How many examples a law gets that needs another number than its profile has.

settings  quick  ci   long     for
--------  -----  ---  -------  ---------------------------------------------------
(none)    35     100  20,000   every law
`many`    70     200  20,000   what has many cases, and is cheap
`few`     30     30   1,000    what waits for a disk in each example
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

_EXAMPLES = settings().max_examples

many = settings(max_examples=max(_EXAMPLES, min(200, 2 * _EXAMPLES)))
few = settings(
    max_examples=max(30, _EXAMPLES // 20), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
