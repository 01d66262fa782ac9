"""Wrappers: runners around runners, one module each. They ask and never perform."""
