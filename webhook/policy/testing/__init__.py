"""Tests of policies: their files, the runner and the reports."""
