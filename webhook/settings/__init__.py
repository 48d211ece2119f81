"""The settings: what they are, how they are read, written and described."""
