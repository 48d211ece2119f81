"""Errors planted into the pure layers, one at a time: which of them no test finds."""
