"""The folders of the spool, and the changes of names in them, as errors of the spool."""

from collections.abc import Sequence
from contextlib import suppress

from dicomrules.spool.calls import Calls
from dicomrules.spool.errors import SpoolError, from_os


class Folders:
    """Folders and files under one root, by refs: paths relative to it."""

    def __init__(self, root: str, calls: Calls) -> None:
        self._root = root
        self._calls = calls
        self._durable: set[str] = set()  # folders whose own name is known to be on the disk
        self._failure = ""

    @property
    def failure(self) -> str:
        """Why no sync can be believed any more; empty as long as they can."""
        return self._failure

    def check(self) -> None:
        """SpoolError once a folder could not be synced: no later sync of it can be believed."""
        if self._failure:
            raise SpoolError(f"{self._failure}; the spool takes nothing more until the gateway is started again")

    def path(self, ref: str) -> str:
        """The absolute path."""
        return f"{self._root}/{ref}" if ref else self._root

    def make(self, folder: str) -> None:
        """Make a folder that only we may enter and whose name survives a power cut, unless it is one already.

        That it does is known only when its parent was synced in this run.
        """
        if folder in self._durable:
            return
        path = self.path(folder)
        try:
            with suppress(FileExistsError):
                self._calls.mkdir(path)
            if self._calls.mode(path) & 0o077:
                raise SpoolError(f"others may read the spool folder {folder or 'itself'}: run chmod -R go= on it")
        except OSError as error:
            raise from_os(f"making the spool folder {folder}", error) from error
        self.sync(folder.rpartition("/")[0] if folder else "..")
        self._durable.add(folder)

    def sync(self, folder: str) -> None:
        """Bring the names in a folder to the disk; an error is final."""
        try:
            self._calls.sync_folder(self.path(folder))
        except OSError as error:
            failure = from_os(f"syncing the spool folder {folder}", error)
            self._failure = str(failure)
            raise failure from error

    def names(self, folder: str) -> list[str]:
        """The names in a folder, in no order."""
        try:
            return list(self._calls.listdir(self.path(folder)))
        except OSError as error:
            raise from_os(f"listing the spool folder {folder}", error) from error

    def open(self, places: Sequence[str]) -> int:
        """Open the file that lies at one of these places for reading."""
        for place in places:
            try:
                return self._calls.open(self.path(place))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise from_os(f"opening {place}", error) from error
        raise SpoolError(f"{places[0]} is not in the spool")

    def rename(self, places: Sequence[str], new: str) -> None:
        """Give the file that lies at one of these places another name; that is not durable yet."""
        for place in places:
            try:
                return self._calls.rename(self.path(place), self.path(new))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise from_os(f"moving {place}", error) from error
        raise SpoolError(f"{places[0]} is not in the spool")

    def unlink(self, places: Sequence[str]) -> None:
        """Remove the file from wherever it lies of these places; it need not be there."""
        for place in places:
            try:
                self._calls.unlink(self.path(place))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise from_os(f"removing {place}", error) from error
