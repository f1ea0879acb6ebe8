"""Pictures (SVG) of what the calendar tools answer: pure functions of structured answers, without a browser."""

from mcp_salesforce.pictures.agenda_picture import agenda_picture
from mcp_salesforce.pictures.canvas import Theme
from mcp_salesforce.pictures.entries import UndrawableError, days_between
from mcp_salesforce.pictures.free_picture import free_picture

__all__ = ["Theme", "UndrawableError", "agenda_picture", "days_between", "free_picture"]
