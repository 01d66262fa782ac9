"""Runners over the official SDKs, and wrappers, written once and run in every colour."""
