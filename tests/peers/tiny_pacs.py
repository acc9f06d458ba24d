"""tiny_pacs, a second DICOMweb server that shares nothing with this project or with Orthanc."""

import sys
from pathlib import Path

from tests.peers.running import Running, free_port, listening, until

_SETTINGS = """\
ae: {{ae_title: [TINY_PACS], port: {dicom}}}
log: {{version: 1, root: {{level: WARNING}}}}
components:
  Database: {{'on': true}}
  Devices: {{'on': true}}
  PACS: {{'on': true}}
  InMemoryStorage: {{'on': true}}
  HttpServer: {{'on': true, port: {http}}}
  DICOMWeb: {{'on': true, prefix: /dicom-web, auth: token, tokens: [{token}], max_part_size: {most}}}
"""


class TinyPacs(Running):
    """The server, which takes whoever has `token`; `http` is the port of its DICOMweb, `most` the longest request."""

    def __init__(self, folder: Path, token: str, most: int = 64 * 1024 * 1024) -> None:
        folder.mkdir(parents=True)
        self.http = free_port()
        settings = folder / "pacs.yaml"
        settings.write_text(_SETTINGS.format(dicom=free_port(), http=self.http, token=token, most=most))
        program = str(Path(sys.executable).parent / "tiny-pacs")
        super().__init__([program, "run", "-c", str(settings)], folder / "pacs.log", cwd=folder)

    def __enter__(self) -> "TinyPacs":
        self.start()
        until(lambda: listening(self.http) or not self.running(), 30, "tiny_pacs")
        assert self.running(), self.output()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
