"""The SOQL language: text to tokens to a tree, and back to text."""
