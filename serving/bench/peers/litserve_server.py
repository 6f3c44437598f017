"""The same engine behind LitServe: the peer that our server is measured against.

A script, run as `python litserve_server.py --port 9000`, in a folder that is no package: LitServe's workers
must be able to import it, and nothing of ours may, for LitServe need not be installed. It takes the same
multipart upload as our server and decodes it with soundfile, or sends it through our front end
(`--front-end`); batching, queue and workers are LitServe's own. `--published-graphs` puts the model as it was
published in the engine's place.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import click
import numpy as np
from litserve import LitAPI, LitServer
from starlette.datastructures import UploadFile
from starlette.requests import Request

from asr.audio import Audio
from asr.decode import decode
from asr.front_end import FrontEnd, prepare
from asr.loading import Detector, load_detector
from asr.vad import VoiceDetector
from serving.bench.clips import read_audio
from serving.bench.engines import Transcribe, load_ours, load_published


class SpeechApi(LitAPI):  # type: ignore[misc]  # LitServe has no type information
    """Upload to audio, a batch of audio to texts, text to the shape of OpenAI's answer."""

    transcribe: Transcribe
    detector: VoiceDetector
    front_end = False
    """Do the work of our front end as well: like for like with our server."""
    published_graphs = False
    """Run the published graphs, not our engine."""

    def setup(self, device: str) -> None:
        """Load the engine, once in each worker."""
        self.transcribe = load_published() if self.published_graphs else load_ours()
        self.detector = load_detector(Detector.SILERO)

    def decode_request(self, request: Request) -> Audio:
        """Sound of the uploaded file; for this annotation LitServe passes the parsed form."""
        form = cast(Mapping[str, UploadFile], request)
        content = form["file"].file.read()
        if not self.front_end:
            return read_audio(content)
        pieces = prepare(decode(content), FrontEnd(), self.detector, max_piece_s=30.0).pieces
        return pieces[0].audio if pieces else Audio(np.empty(0, np.float32))

    def batch(self, inputs: Sequence[Audio]) -> list[Audio]:
        """A batch as our engines take it."""
        return list(inputs)

    def predict(self, x: Sequence[Audio]) -> list[str]:
        """One text for each sound."""
        return self.transcribe(x)

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
@click.option("--front-end", is_flag=True)
@click.option("--published-graphs", is_flag=True)
def main(port: int, workers: int, max_batch: int, window_ms: float, front_end: bool, published_graphs: bool) -> None:
    """Serve until ended."""
    api = SpeechApi(max_batch_size=max_batch, batch_timeout=window_ms / 1000, api_path="/v1/audio/transcriptions")
    api.front_end, api.published_graphs = front_end, published_graphs
    server = LitServer(api, accelerator="cpu", devices=1, workers_per_device=workers)
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")


if __name__ == "__main__":
    main()
