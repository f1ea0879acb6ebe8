"""Contacts: people, with their phone numbers and addresses."""

from mcp_salesforce.tools.contacts.toolset import contacts

__all__ = ["contacts"]
