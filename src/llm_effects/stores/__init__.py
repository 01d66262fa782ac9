"""Where answers are kept: bytes under keys, and two operations.

Law: a store gives back the very bytes that were saved under a key, or nothing. It forgets when it likes. What goes
wrong with it is raised, and whoever asked makes a miss of that. Nothing is ever pickled, and nothing read is trusted
before it was checked.

`sqlite3` is imported when a `SqliteStore` is first used, not before.
"""

from llm_effects.stores.memory import MemoryStore
from llm_effects.stores.sqlite import SqliteStore, StoreUnusable

__all__ = ["MemoryStore", "SqliteStore", "StoreUnusable"]
