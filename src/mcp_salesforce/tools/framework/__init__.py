"""Turns typed functions into tools: schemas, checks, and the one boundary that every call passes."""
