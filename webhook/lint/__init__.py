"""Files checked and fixed: the engine's findings at places of the text."""
