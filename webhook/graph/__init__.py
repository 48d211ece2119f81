"""What an inference graph is: places (Path), faults (Finding), facts, the schema, the typed view.

Pure. Nothing here decides whether a fault matters; that is for `engine`.
"""
