"""Tests of webhook.defaulting."""
