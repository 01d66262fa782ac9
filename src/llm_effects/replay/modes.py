"""What may be recorded.

none    nothing: what was not recorded is a miss
once    everything, if there is no file yet; otherwise nothing
new     what the file does not hold
all     everything, anew
"""

from typing import Final, Literal, TypeAlias, get_args

__all__ = ["MODES", "Mode"]

Mode: TypeAlias = Literal["none", "once", "new", "all"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
