"""The server that foreign clients start."""

from dataclasses import dataclass

ELEVEN_TOOLS = [
    "salesforce_create_contact",
    "salesforce_get_contact",
    "salesforce_update_contact",
    "salesforce_delete_contact",
    "salesforce_list_contacts",
    "salesforce_create_appointment",
    "salesforce_get_appointment",
    "salesforce_update_appointment",
    "salesforce_delete_appointment",
    "salesforce_list_appointments",
    "salesforce_query",
]


@dataclass(frozen=True)
class ServerCommand:
    """How a client starts a server: what to run, and in which environment."""

    command: list[str]
    env: dict[str, str]
