"""Bodies that nobody sane would send, at the judge and at the running server.

    python -m tests.fuzz respond --bodies 1000000 --seed 1
    python -m tests.fuzz server --bodies 30000 --seed 1

A fault is printed with its seed and number, and its body saved; the same seed finds it again.
"""
