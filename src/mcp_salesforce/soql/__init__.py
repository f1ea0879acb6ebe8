"""The SOQL language: text to tokens to a tree, and back to text."""

from mcp_salesforce.soql.errors import SoqlError, caret_text

__all__ = ["SoqlError", "caret_text"]
