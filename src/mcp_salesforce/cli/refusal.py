"""The one way a command says that it cannot start."""

import click


class Refusal(click.ClickException):
    """Ends a command with exit status 2 and its text on stderr: no traceback, no usage line."""

    exit_code = 2

    def show(self, file: object = None) -> None:
        """Write the text unchanged."""
        del file
        click.echo(self.message, err=True)
