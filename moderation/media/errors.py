"""Why a file was not read. One class per reason; `code` is stable and travels from the sandbox to the caller.

`kind` UNAVAILABLE means the file could not be judged (it took too long, it brought the decoder down); every other kind
means the file itself is refused. Neither is ever an allow.
"""

from typing import ClassVar

from moderation.errors import Kind, ServiceError

FORMATS = "JPEG, PNG, WebP, GIF, AVIF, BMP, MP4, MOV, WebM, MKV, AVI, MP3, WAV, FLAC or Ogg"


class MediaRejected(ServiceError):
    """Base of all. `detail` says what was found, in a few words that may be shown to the sender."""

    code: ClassVar[str] = "media.rejected"
    sentence_: ClassVar[str] = "the file was not read"
    remedy_: ClassVar[str] = "send another file"

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(self.sentence_, field="file", value=detail, remedy=self.remedy_)


class NotMedia(MediaRejected):
    """Told by content, whatever the name says."""

    code = "media.not_media"
    sentence_ = "the content is no image, video or sound in a supported format"
    remedy_ = f"send {FORMATS}"


class MediaTruncated(MediaRejected):
    """The end is missing: an upload that broke off."""

    code = "media.truncated"
    sentence_ = "the file ends before its content does"
    remedy_ = "send the whole file again"


class MediaDamaged(MediaRejected):
    """The container or a picture in it breaks the rules of its format."""

    code = "media.damaged"
    sentence_ = "the content cannot be decoded"
    remedy_ = "export it again from the original"


class MediaTooLarge(MediaRejected):
    """More bytes or pixels than the limits allow; told from the header, before decoding."""

    code = "media.too_large"
    kind = Kind.TOO_LARGE
    sentence_ = "the file has more bytes or pixels than may be sent"
    remedy_ = "scale it down and send it again"


class MediaTooLong(MediaRejected):
    """Longer than the limits allow, by its header or by its time stamps."""

    code = "media.too_long"
    kind = Kind.TOO_LARGE
    sentence_ = "the recording is longer than may be sent"
    remedy_ = "cut it and send the parts"


class TooManyStreams(MediaRejected):
    """A second picture or sound track could hide what a player shows."""

    code = "media.too_many_streams"
    sentence_ = "the file has more tracks than are judged"
    remedy_ = "keep one video and one audio track"


class TooManyFrames(MediaRejected):
    """More frames, or more scene changes, than can be looked at."""

    code = "media.too_many_frames"
    kind = Kind.TOO_LARGE
    sentence_ = "the file has more frames or scene changes than can be judged"
    remedy_ = "cut it and send the parts"


class UnsupportedCodec(MediaRejected):
    """A known container with an encoding outside the short list of decoders that are let loose on uploads."""

    code = "media.unsupported_codec"
    sentence_ = "the encoding is not one that is read here"
    remedy_ = "export it as H.264 with AAC, or as JPEG or PNG"


class MediaTimedOut(MediaRejected):
    """Decoding took more time than allowed."""

    code = "media.timeout"
    kind = Kind.UNAVAILABLE
    sentence_ = "decoding took longer than allowed"
    remedy_ = "export it again from the original, or send a shorter file"


class MediaOutOfMemory(MediaRejected):
    """Decoding asked for more memory than allowed."""

    code = "media.out_of_memory"
    kind = Kind.UNAVAILABLE
    sentence_ = "decoding needed more memory than allowed"
    remedy_ = "scale it down and send it again"


class MediaCrashed(MediaRejected):
    """The decoder died or said something that makes no sense."""

    code = "media.crashed"
    kind = Kind.UNAVAILABLE
    sentence_ = "the decoder failed on this file"
    remedy_ = "export it again from the original"


REASONS: dict[str, type[MediaRejected]] = {
    reason.code: reason
    for reason in (
        NotMedia, MediaTruncated, MediaDamaged, MediaTooLarge, MediaTooLong, TooManyStreams, TooManyFrames,
        UnsupportedCodec, MediaTimedOut, MediaOutOfMemory, MediaCrashed,
    )
}  # fmt: skip


def refuses_file(code: str) -> bool:
    """Whether `code` speaks against the file itself. Any other, known or not, means that it could not be judged."""
    reason = REASONS.get(code)
    return reason is not None and reason.kind is not Kind.UNAVAILABLE
