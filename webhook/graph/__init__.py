"""What an inference graph is: places (Path), errors (Finding), facts, the schema, the typed view.

Pure. Nothing here decides whether an error matters; that is for `engine`.
"""
