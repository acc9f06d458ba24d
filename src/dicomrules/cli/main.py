"""The command line. One file per family of commands beside this one; each is imported when its command is called."""

import errno
import importlib
from keyword import iskeyword
from typing import Any

import click

from dicomrules.text.render import is_plain

# command -> the module that has it, under its own name
_COMMANDS = {
    "init": "init",
    "validate": "rules",
    "fmt": "fmt",
    "test": "rules",
    "explain": "explain",
    "apply": "apply",
    "serve": "serve",
    "status": "ledger",
    "trace": "ledger",
    "queue": "queue",
    "report": "report",
    "held": "held",
    "resend": "held",
    "backup": "backup",
    "echo": "peers",
    "send": "peers",
    "conformance": "conformance",
    "import": "import_",
}


class _Commands(click.Group):
    """Imports a command's module only when it is asked for: `dicomrules --help` need not load the engine."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"dicomrules.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name + "_" * iskeyword(cmd_name))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """What the system refuses and no command has words for, a folder that may not be entered, a disk that is full,
        ends it in one line too.
        """
        try:
            return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # nobody reads on: click ends without a word
            output = importlib.import_module("dicomrules.cli.output")
            words = (error.strerror or type(error).__name__).lower()
            output.fail(output.IO_ERROR, f"{error.filename}: {words}" if error.filename else words)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 findings or failures, 2 cannot read or wrong use, 70 internal error, 74 I/O error, "
    "75 try later (another gateway holds the state folder), 78 configuration refused.\n\n"
    'Completion in bash: eval "$(_DICOMRULES_COMPLETE=bash_source dicomrules)"; for zsh and fish, their name there.',
)
@click.version_option(package_name="dicomrules", prog_name="dicomrules")
def main() -> None:
    """Rewrite and route DICOM objects by rules that a PACS administrator can read."""
    if is_plain():
        click.get_current_context().color = False  # nothing that is echoed has colours, whoever put them in
