"""The one way a command says that it cannot start."""

from collections.abc import Iterator
from contextlib import contextmanager

import click


class Refusal(click.ClickException):
    """Ends a command with exit status 2 and its text on stderr: no traceback, no usage line."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Write the text unchanged."""
        del file
        click.echo(self.message, err=True)


@contextmanager
def refusing_wrong_settings() -> Iterator[None]:
    """End the command with what is wrong where the block finds a setting missing or malformed."""
    from mcp_salesforce.settings.loading import ConfigurationError

    try:
        yield
    except ConfigurationError as error:
        raise Refusal(str(error)) from None
