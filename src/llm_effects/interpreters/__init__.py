"""Interpreters: the only place where anything happens."""
