"""How a decision is told: one module per format. Each takes values and returns text or bytes.

A finding reads the same in all of them, because `engine.messages` writes it for all.
"""
