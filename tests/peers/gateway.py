"""A gateway of this project, as a process: `serve` on a gateway file."""

import json
import shutil
import sys
from collections import defaultdict
from pathlib import Path
from string import Template

from click.testing import CliRunner

from dicomrules.cli.main import main
from tests.peers.running import Running, until


class Gateway(Running):
    """`dicomrules serve` in a copy of a scenario's folder, with the `$names` of its gateway file filled in."""

    def __init__(self, folder: Path, scenario: Path, **names: object):
        shutil.copytree(scenario, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        self.folder = folder
        self.file = folder / "gateway.yaml"
        self.file.write_text(Template(self.file.read_text()).substitute(names))
        self.file.chmod(0o600)
        super().__init__(
            [sys.executable, "-m", "dicomrules", "serve", str(self.file)], folder / "gateway.log", cwd=folder
        )

    def start(self) -> None:
        before = self.output().count("ready: ")
        super().start()
        until(lambda: self.output().count("ready: ") > before or not self.running(), 20, "the ready line")
        assert self.running(), self.output()

    def __enter__(self) -> "Gateway":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.running():
            self.stop()

    def ask(self, name: str, *arguments: str, ok: bool = True) -> str:
        """A command of the command line about this gateway, called in this process: its output."""
        asked = CliRunner(env={"COLUMNS": "80"}).invoke(main, [name, *arguments, "--gateway", str(self.file)])
        assert asked.exit_code == 0 or not ok, asked.output
        return asked.stdout

    def deliveries(self, destination: str) -> dict[str, int]:
        """How many deliveries of a destination are in each state."""
        status = json.loads(self.ask("status", "--format", "json"))
        found = [each["deliveries"] for each in status["destinations"] if each["name"] == destination]
        return found[0] if found else defaultdict(int)
