"""Soundness, measured: graphgate against a real API server, over Kubernetes' published schema.

See `__main__`. Here is what makes the documents; what compares the two is in tests/soundness.
"""
