"""From the settings of a team to what a server needs that people log in to."""

from pydantic import SecretStr

from mcp_salesforce.http import application
from mcp_salesforce.oauth.front_desk import TeamLogins
from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.settings.team import Team, key_beside
from mcp_salesforce.state_key import StateKey


def team_of(team: Team) -> application.Team:
    """Return what the server of a team has; nothing is connected yet.

    Raises:
        ConfigurationError: The store cannot be used on this machine.
    """
    store = team.opened()
    return application.Team(team.public_url, team.login_url, TeamLogins.of(team, store), store)


def settings_for(team: Team) -> Settings:
    """Return how the server works for each person of a team; they hold no login, and name no org.

    Raises:
        ConfigurationError: A setting is malformed, or replicas would not know again what another one gave out.
    """
    settings = Settings.load(
        client_id=team.client_id,
        client_secret=team.client_secret.get_secret_value(),
        client_credentials="true",  # a way to log in has to be complete; each person brings a token
        instance_url="http://localhost",
        **team.given,
    )
    changes: dict[str, object] = {}
    if not settings.state_key.get_secret_value():
        changes["state_key"] = SecretStr(_state_key(team))
    return settings.model_copy(update=changes)


def _state_key(team: Team) -> str:
    """Return what all replicas on this machine make of the key beside the store."""
    if not team.place:
        raise ConfigurationError(
            "mcp-salesforce cannot start: SALESFORCE_STATE_KEY is missing. Replicas need the same one, or a cursor "
            "works on one of them only. Print one with openssl rand -base64 32."
        )
    return StateKey(key_beside(team.place).hex()).derived("state").hex()
