"""The engine: one object, the settings and the facts in, a Decision out."""
