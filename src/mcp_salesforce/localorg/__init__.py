"""A Salesforce org in this process, on SQLite."""
