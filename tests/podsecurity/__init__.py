"""Tests of webhook.podsecurity."""
