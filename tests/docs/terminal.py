"""Terminals that a page's blocks are typed into, and the comparison of what they print with what the page shows."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import Block
from tests.peers.running import free_port

# Ports that pages use; here each is replaced by a free one.
PORTS = ("11112", "11113", "11114", "8080", "2762")
# UPDATE_DOCS=1 writes into the page what commands print now; read the difference before you commit it.
UPDATE = bool(os.environ.get("UPDATE_DOCS"))
SECONDS = 6 if UPDATE else 20

# What differs from run to run, in this order.
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d+)?Z?)?"), "<date>"),
    (re.compile(r"\b\d\d:\d\d:\d\d\.\d+"), "<time>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|min)\b"), "<span>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<name>"),
    (re.compile(r"\brules [0-9a-f]{12}\b"), "rules <fingerprint>"),
    (re.compile(r"(from 127\.0\.0\.1):\d{4,5}\b"), r"\1:<port>"),
    (re.compile(r"inode=\d+"), "inode=<number>"),
    (re.compile(r"\s+"), " "),
)
_GOES_ON = ""  # in place of a command: what runs in this terminal already prints this
# Commands that only look: the gateway may need a moment until they show what the page shows.
_LOOKING = ("dicomrules status", "dicomrules trace", "ls ", "find ", "cat ")


@dataclass(slots=True)
class Terminal:
    """One shell: where it stands, how its last command ended, what goes on running in it."""

    cwd: Path
    status: int = 0
    running: subprocess.Popen[bytes] | None = None
    log: Path = Path()
    read: int = 0  # lines of the log that a page has shown


@dataclass(slots=True)
class Desk:
    """The terminals of one page, over one folder of its own. A context manager: nothing goes on running after it."""

    folder: Path
    ports: dict[str, str] = field(default_factory=lambda: {port: str(free_port()) for port in PORTS})
    terminals: dict[str, Terminal] = field(default_factory=dict)
    corrections: list[tuple[str, str]] = field(default_factory=list)  # what a page shows, what it should show

    def __enter__(self) -> "Desk":
        (self.folder / ".venv").symlink_to(sys.prefix)
        return self

    def __exit__(self, *_: object) -> None:
        for terminal in self.terminals.values():
            if terminal.running is not None:
                _end(terminal, signal.SIGTERM)

    def follow(self, block: Block) -> None:
        """Do what a reader does who comes to this block."""
        if block.kind == "console":
            self._type(block)
        elif block.name:
            file = self._terminal("").cwd / block.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._with(block.text, self.ports), "utf-8")

    def _type(self, block: Block) -> None:
        terminal = self._terminal(block.name)
        entries = list(_entries(block.text))
        for number, (command, shown) in enumerate(entries, 1):
            if command == "^C":
                assert _end(terminal, signal.SIGINT) == 0, f"{block.place}: it did not end with 0 after Ctrl-C"
            elif command == _GOES_ON:
                assert terminal.running, f"{block.place}: what a command prints comes after a command"
            elif block.name and number == len(entries):
                self._start(terminal, command)
            else:
                self._run(block, terminal, command, shown)
                continue
            self._watch(block, terminal, shown)

    def _run(self, block: Block, terminal: Terminal, command: str, shown: list[str]) -> None:
        """Run a command to its end; one that only looks, until it shows what is expected."""
        deadline = time.monotonic() + (SECONDS if command.startswith(_LOOKING) else 0)
        before = terminal.status
        while True:
            terminal.status = before
            printed = self._output(terminal, command)
            if _fits(shown, printed):
                return
            if time.monotonic() >= deadline:
                self._differs(block, command, shown, printed)
                return
            time.sleep(0.1)

    def _differs(self, block: Block, command: str, shown: list[str], printed: list[str]) -> None:
        assert UPDATE, _difference(block, command, shown, printed)
        head = f"$ {command}\n"
        corrected = block.text.replace(head + _lines(shown), head + _lines(printed), 1)
        self.corrections.append((block.text, corrected))
        block.text = corrected

    def _output(self, terminal: Terminal, command: str) -> list[str]:
        here = self.folder / ".cwd"
        script = f"(exit {terminal.status})\n{self._with(command, self.ports)}\nended=$?\npwd >'{here}'\nexit $ended"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=terminal.cwd,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
        if command.startswith("dicomrules init "):
            self._move_ports(terminal.cwd / command.split()[2] / "gateway.yaml")
        terminal.status = done.returncode
        terminal.cwd = Path(here.read_text().rstrip("\n"))
        return self._as_shown(done.stdout.decode()).splitlines()

    def _move_ports(self, made: Path) -> None:
        """A gateway file that was made listens on the ports of this run too."""
        made.write_text(self._with(made.read_text("utf-8"), self.ports), "utf-8")

    def _start(self, terminal: Terminal, command: str) -> None:
        terminal.log, terminal.read = self.folder / f".{len(self.terminals)}-{time.monotonic_ns()}.log", 0
        with terminal.log.open("wb") as log:
            terminal.running = subprocess.Popen(
                ["bash", "-c", f"exec {self._with(command, self.ports)}"],
                cwd=terminal.cwd,
                env=_environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _watch(self, block: Block, terminal: Terminal, shown: list[str]) -> None:
        """Wait until the running command has printed what is expected next."""
        deadline = time.monotonic() + SECONDS
        while True:
            printed = self._as_shown(terminal.log.read_text()).splitlines()[terminal.read :]
            if len(printed) >= len(shown) and _fits(shown, printed[: len(shown)]):
                terminal.read += len(shown)
                return
            assert time.monotonic() < deadline, _difference(block, "(goes on running)", shown, printed)
            time.sleep(0.05)

    def _terminal(self, name: str) -> Terminal:
        return self.terminals.setdefault(name, Terminal(self.folder))

    def _as_shown(self, text: str) -> str:
        """With the page's ports, and without the folder that only this run has."""
        text = self._with(text, {free: port for port, free in self.ports.items()})
        return text.replace(f"{self.folder}/", "/home/pacs/")

    @staticmethod
    def _with(text: str, ports: dict[str, str]) -> str:
        return re.sub(r"\b\d{4,5}\b", lambda found: ports.get(found[0], found[0]), text)


def _environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "COLUMNS": "80", "LC_ALL": "C.UTF-8"}


def _entries(text: str) -> list[tuple[str, list[str]]]:
    """Commands, and below each the lines it prints."""
    found: list[tuple[str, list[str]]] = []
    continued = False
    for line in text.splitlines():
        if continued:
            found[-1] = (f"{found[-1][0]}\n{line}", [])
        elif line.startswith("$ "):
            found.append((line[2:], []))
        elif line == "^C":
            found.append((line, []))
        else:
            if not found:
                found.append((_GOES_ON, []))
            found[-1][1].append(line)
        continued = line.endswith("\\")
    return found


def _end(terminal: Terminal, by: signal.Signals) -> int:
    assert terminal.running is not None, "nothing runs in this terminal"
    terminal.running.send_signal(by)
    try:
        return terminal.running.wait(40)
    finally:
        terminal.running.kill()
        terminal.running = None


def _fits(shown: list[str], printed: list[str]) -> bool:
    pattern = "".join(".*" if line.strip() == "…" else _pattern(line) for line in shown)
    return re.fullmatch(pattern, "".join(f"{_plain(line)}\n" for line in printed), re.DOTALL) is not None


def _pattern(line: str) -> str:
    return r"[^\n]*".join(re.escape(part) for part in _plain(line).split("…")) + "\n"


def _plain(line: str) -> str:
    for varying, stands_for in _VARYING:
        line = varying.sub(stands_for, line)
    return line.rstrip()


def _lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _difference(block: Block, command: str, shown: list[str], printed: list[str]) -> str:
    return "\n".join([f"{block.place}: $ {command}", "the page shows", *shown, "", "it printed", *printed])
