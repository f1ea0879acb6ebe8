"""The settings, by the name under which programs import them; `settings/` holds what they are made of."""

from mcp_salesforce.settings.loading import ENV_FILE, ENV_PREFIX, ConfigurationError
from mcp_salesforce.settings.settings import Network, Settings

__all__ = ["ENV_FILE", "ENV_PREFIX", "ConfigurationError", "Network", "Settings"]
