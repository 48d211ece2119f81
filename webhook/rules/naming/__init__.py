"""Rules on names and labels, and on what is generated from them."""
