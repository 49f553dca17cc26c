"""The command, as a process of its own with a state of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

INNKEEPER = Path(sys.executable).with_name("innkeeper")
PATIENCE_S = 60.0  # longer than anything here takes, so that a hang fails and slowness does not


class Finished(msgspec.Struct, frozen=True):
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> object:
        """Its output, which is JSON."""
        return msgspec.json.decode(self.out)


class Commands:
    """Runs commands; their state, settings file and home are in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        own = {name: value for name, value in os.environ.items() if "INNKEEPER" not in name}
        self.environment = own | {
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }

    def run(self, *arguments: str | Path, stdin: bytes = b"", **variables: str) -> Finished:
        """Run one to its end."""
        done = subprocess.run(
            [INNKEEPER, *arguments],
            input=stdin,
            capture_output=True,
            timeout=PATIENCE_S,
            env=self.environment | variables,
            cwd=self.folder,
            check=False,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())

    @contextmanager
    def running(self, *arguments: str | Path) -> Iterator["Running"]:
        """Start one; it is killed at the end of the block if it still runs."""
        process = subprocess.Popen(
            [INNKEEPER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            cwd=self.folder,
        )
        with process:
            try:
                yield Running(process)
            finally:
                process.kill()


class Running:
    """A command that is under way."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout

    def send(self, text: str) -> None:
        """Write a line to its stdin."""
        self._stdin.write(text.encode() + b"\n")
        self._stdin.flush()

    def line(self) -> str:
        """The next line of its output."""
        return self._stdout.readline().decode().rstrip("\n")

    def line_with(self, part: str) -> str:
        """The next line of its output that has this part."""
        while part not in (line := self.line()):
            assert self._process.poll() is None, "it has ended"
        return line

    def error_line(self) -> str:
        """The next line on its stderr."""
        assert self._process.stderr is not None
        return self._process.stderr.readline().decode().rstrip("\n")

    def close_output(self) -> None:
        """Read no more of its output."""
        self._stdout.close()

    def send_signal(self, sent: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(sent)

    def wait_until_it_computes(self) -> None:
        """Wait until it has used half a second of a core more than it has by now."""
        enough_s = self._used_s() + 0.5
        while self._used_s() < enough_s:
            assert self._process.poll() is None, "it has ended"
            time.sleep(0.02)

    def _used_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # proc(5)

    def finish(self, sent: signal.Signals | None = None) -> Finished:
        """Send a signal, or close its stdin, and wait for the end."""
        if sent is not None:
            self._process.send_signal(sent)
        if self._stdout.closed:
            self._process.stdout = None  # or communicate would read it
        out, err = self._process.communicate(timeout=PATIENCE_S)
        return Finished(self._process.returncode, (out or b"").decode(), err.decode())
