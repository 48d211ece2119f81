"""Tests of webhook.defaults."""
