"""The verdict: settings, what is done about each finding, and how it is told.

The only layer that weighs findings. `decide` is pure; reports are values too.
"""
