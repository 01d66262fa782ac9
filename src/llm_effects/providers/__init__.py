"""The official SDKs as leaves: the only modules that import one, and only when a runner is first used."""
