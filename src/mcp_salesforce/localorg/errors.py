"""Salesforce's errors, as functions."""
