"""What the project's own targets run (`python -m tools.NAME`). Nothing here is shipped."""
