"""People log in with their own Salesforce users: the OAuth 2.1 authorization server in front of the org's."""
