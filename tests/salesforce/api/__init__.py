"""Tests of the API families."""
