"""Desired and observed state compared: plan, progress, conditions, status. Pure."""
