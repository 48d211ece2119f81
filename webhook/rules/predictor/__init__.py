"""Rules on predictors: traffic, protocols, orchestrator, explainer, annotations."""
