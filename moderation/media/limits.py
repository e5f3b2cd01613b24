"""How much a file may ask of us. Enforced by the sandbox before and while it decodes, and by the kernel."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """Bytes, pixels, seconds, counts. The defaults admit a phone's photograph and ten minutes of 4K video."""

    max_bytes: int = 2 * 1024**3
    max_image_pixels: int = 50_000_000
    max_video_pixels: int = 4096 * 2304
    max_duration_s: float = 600.0
    max_streams: int = 16
    max_decoded_frames: int = 72_000
    max_sampled_frames: int = 4_800
    cpu_s: int = 300
    wall_s: float = 300.0
    address_space_bytes: int = 3 * 1024**3


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """What is handed out of a file. For checks: 2 frames per second and scene changes, small, and 16 kHz mono.

    `max_side` in pixels, 0 keeps the size; `every_frame` hands out all frames; `audio_channels` 0 skips the sound;
    `follow_edits` leaves out what the file's edit list hides, as a player does; `planar` hands out a video's frames as an encoder
    takes them (`PlanarFrame`), in their full size.
    """

    max_side: int = 960
    frames_per_second: float = 2.0
    every_frame: bool = False
    follow_edits: bool = False
    planar: bool = False
    audio_rate: int = 16_000
    audio_channels: int = 1


FOR_CHECKS = ReadingPlan()
FOR_ENCODING = ReadingPlan(
    max_side=0, every_frame=True, follow_edits=True, planar=True, audio_rate=48_000, audio_channels=2
)
