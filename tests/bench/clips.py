"""A real clip of the storyboard with a photographed face in it, and the least that can be done with a video: decode it, or encode
it again. Both in this process, on one thread, with the same decoder and encoder settings as ours."""

import hashlib
from pathlib import Path

import av
from av.video.frame import PictureType
from PIL import Image
from skimage import data

from moderation.generation.generators.storyboard import Storyboard
from moderation.messages import Brief, Parameters, PinnedLikeness

PROMPT = (
    "A woman in an orange suit waves, then the sun rises behind a tower. A boat crosses the bay at night."
)


def storyboard_clip(folder: Path, length_s: float) -> Path:
    """720p24 with sound and captions; the astronaut of scikit-image is in it, and nobody speaks."""
    portrait, target = folder / "portrait.png", folder / "clip.mp4"
    Image.fromarray(data.astronaut()).save(portrait)
    brief = Brief(
        prompt=PROMPT,
        likenesses=(PinnedLikeness(likeness_id="lik_1", handle="astronaut", revision=1),),
        parameters=Parameters(seconds=length_s, width=1280, height=720, fps=24),
    )
    Storyboard().generate(
        brief,
        portraits={"astronaut": portrait},
        references=(),
        target=target,
        progress=lambda _done: None,
        cancelled=lambda: False,
    )
    return target


def decode_only(path: Path) -> int:
    """Decode every picture and all sound, look at nothing; how many frames."""
    frames = 0
    with av.open(str(path), options={"threads": "1"}) as opened:
        for packet in opened.demux():
            frames += len(packet.decode())
    return frames


def encode_again(source: Path, target: Path) -> str:
    """Decode and encode with x264 as a release is (veryfast, crf 20), sound to AAC, nothing drawn; the sha256 of the file."""
    with (
        av.open(str(source), options={"threads": "1"}) as opened,
        av.open(str(target), "w", format="mp4") as out,
    ):
        video, audio = opened.streams.video[0], opened.streams.audio[0]
        pictures = out.add_stream("libx264", rate=video.average_rate)
        pictures.width, pictures.height, pictures.pix_fmt = video.width, video.height, "yuv420p"
        pictures.codec_context.thread_count = 1
        pictures.options = {"preset": "veryfast", "crf": "20", "x264-params": "no-mbtree=1"}
        sound = out.add_stream("aac", rate=audio.rate)
        for packet in opened.demux(video, audio):
            for frame in packet.decode():
                picture = isinstance(frame, av.VideoFrame)
                if picture:
                    frame.pict_type = PictureType.NONE  # else the source's key frames are forced on the copy
                out.mux((pictures if picture else sound).encode(frame))
        for stream in (pictures, sound):
            out.mux(stream.encode(None))
    return hashlib.sha256(target.read_bytes()).hexdigest()
