"""Rules on the graph: nodes, their children, methods, parameters and models."""
