"""Formats of a decision: one module each. Each takes values and returns text or bytes.

A finding reads the same in all of them, because `engine.messages` writes it for all.
"""
