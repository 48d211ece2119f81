"""Rotation of the webhook's certificates: observe, plan, apply."""
