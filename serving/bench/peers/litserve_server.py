"""The same engine behind LitServe: the peer that our server is measured against.

A script, run as `python litserve_server.py --port 9000`, in a folder that is no package: LitServe's workers
must be able to import it, and nothing of ours may, for LitServe need not be installed. It takes the same
multipart upload as our server and decodes it with soundfile; batching, queue and workers are LitServe's own.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import click
from litserve import LitAPI, LitServer
from starlette.datastructures import UploadFile
from starlette.requests import Request

from asr.audio import Audio
from asr.recognizer import Recognizer
from serving.bench.clips import read_audio
from serving.bench.engines import load_default


class SpeechApi(LitAPI):  # type: ignore[misc]  # LitServe has no type information
    """Upload to audio, a batch of audio to texts, text to the shape of OpenAI's answer."""

    recognizer: Recognizer

    def setup(self, device: str) -> None:
        """Load the engine, once in each worker."""
        self.recognizer = load_default()

    def decode_request(self, request: Request) -> Audio:
        """Sound of the uploaded file; for this annotation LitServe passes the parsed form."""
        form = cast(Mapping[str, UploadFile], request)
        return read_audio(form["file"].file.read())

    def batch(self, inputs: Sequence[Audio]) -> list[Audio]:
        """A batch as our engines take it."""
        return list(inputs)

    def predict(self, x: Sequence[Audio]) -> list[str]:
        """One text for each sound."""
        return [hypothesis.text for hypothesis in self.recognizer.recognize(x)]

    def unbatch(self, output: list[str]) -> list[str]:
        """The texts, one for each request."""
        return output

    def encode_response(self, output: str) -> dict[str, str]:
        """The JSON answer."""
        return {"text": output}


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--workers", default=2, show_default=True)
@click.option("--max-batch", default=8, show_default=True)
@click.option("--window-ms", default=5.0, show_default=True)
def main(port: int, workers: int, max_batch: int, window_ms: float) -> None:
    """Serve until ended."""
    api = SpeechApi(max_batch_size=max_batch, batch_timeout=window_ms / 1000, api_path="/v1/audio/transcriptions")
    server = LitServer(api, accelerator="cpu", devices=1, workers_per_device=workers)
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    main()
