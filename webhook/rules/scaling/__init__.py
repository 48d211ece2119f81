"""Rules on replicas, autoscalers and disruption budgets."""
