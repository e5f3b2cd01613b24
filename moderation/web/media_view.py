"""What there is to look at and listen to: frames with boxes, the timeline of a clip, and what is said in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moderation.web.evidence import Evidence, Row
from policies.findings import AudioInterval, FrameBox

OVERVIEW = 8
SAMPLED_MS = 500
SAME_FRAME_MS = 40
Seen = Mapping[str, Any]  # `gate.subjects.Media` as it was kept


@dataclass(frozen=True, slots=True)
class Box:
    """Edges in percent of the frame; `number` of its finding, or 0 for a face that no finding speaks of."""

    left: float
    top: float
    width: float
    height: float
    number: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame at `time_ms` with its boxes, and the findings that are about the whole of it."""

    asset: str
    time_ms: int
    boxes: tuple[Box, ...] = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """On a timeline: from `start_s` to `end_s`, at `height` of its lane in [0, 1]."""

    start_s: float
    end_s: float
    verdict: str
    title: str
    height: float = 1.0


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of the timeline."""

    label: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """Something said or written in the clip; `rows` are the findings on it."""

    start_s: float
    end_s: float
    text: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetView:
    """One file: the output, or a reference. `problem` says why it could not be perceived."""

    asset: str
    role: str
    kind: str
    duration_s: float
    problem: str = ""
    marked: tuple[Frame, ...] = ()
    overview: tuple[Frame, ...] = ()
    lanes: tuple[Lane, ...] = ()
    transcript: tuple[Line, ...] = ()
    lettering: tuple[Line, ...] = ()
    not_perceived: Mapping[str, str] = field(default_factory=dict)

    @property
    def poster_ms(self) -> int:
        """The time of the frame that stands for the clip until it is played."""
        return self.marked[0].time_ms if self.marked else 0


def view_asset(asset: str, role: str, seen: Seen, evidence: Evidence) -> AssetView:
    """Everything that is known of a file. `seen` is what the senses perceived, empty when nothing was kept."""
    rows = [row for row in evidence.rows if getattr(row.finding.where, "asset", "") == asset]
    kind = str(seen.get("kind") or ("video" if role == "output" else "image"))
    duration = float(seen.get("duration_s") or 0.0) or max((_end(row) for row in rows), default=0.0)
    said = _lines(_observed(seen, "speech"), rows)
    return AssetView(
        asset=asset,
        role=role,
        kind=kind,
        duration_s=duration,
        problem=str(seen.get("problem_sentence") or seen.get("problem") or ""),
        marked=marked_frames(asset, rows, _observed(seen, "faces")),
        overview=_overview(asset, kind, duration, _observed(seen, "faces")) if kind != "audio" else (),
        lanes=lanes_of(rows, seen, said) if kind == "video" else (),
        transcript=said,
        lettering=_lettering(seen),
        not_perceived=_causes(seen),
    )


def marked_frames(asset: str, rows: Sequence[Row], faces: Sequence[Seen]) -> tuple[Frame, ...]:
    """The frames that findings are about, in order of time, with the boxes of the findings and of other faces there."""
    times: dict[int, list[Row]] = {}
    for row in rows:
        if isinstance(row.finding.where, FrameBox):
            times.setdefault(round(row.finding.where.time_s * 1000), []).append(row)
    return tuple(
        Frame(asset, time_ms, (*_face_boxes(time_ms, faces, found), *_boxes(found)), tuple(found))
        for time_ms, found in sorted(times.items())
    )


def lanes_of(rows: Sequence[Row], seen: Seen, said: Sequence[Line]) -> tuple[Lane, ...]:
    """The timeline: a lane for each signal found, and for the faces, the nudity scores and the speech that were perceived."""
    by_signal: dict[str, list[Mark]] = {}
    for row in rows:
        where = row.finding.where
        title = f"{row.number}: {row.category} {row.finding.score:.2f} at {row.place}"
        if isinstance(where, FrameBox):
            mark = Mark(where.time_s, where.time_s, row.verdict, title)
        elif isinstance(where, AudioInterval):
            mark = Mark(where.start_s, where.end_s, row.verdict, title)
        else:
            continue
        by_signal.setdefault(row.finding.signal, []).append(mark)
    found = [Lane(signal, tuple(marks)) for signal, marks in by_signal.items()]
    perceived = (
        Lane("nudity score", _scores(_observed(seen, "nudity"), "score")),
        Lane("firearm score", _scores(_observed(seen, "looks"), "firearm")),
        Lane("faces seen", _moments(_observed(seen, "faces"), "a face")),
        Lane("text read", _moments(_observed(seen, "text"), "text")),
        Lane("speech", tuple(Mark(line.start_s, line.end_s, "seen", line.text) for line in said)),
    )
    return tuple(lane for lane in (*found, *perceived) if lane.marks)


def _scores(frames: Sequence[Seen], name: str) -> tuple[Mark, ...]:
    return tuple(
        Mark(float(one["time_s"]), float(one["time_s"]), "seen", f"{float(one[name]):.2f}", float(one[name]))
        for one in frames
    )


def _moments(sightings: Sequence[Seen], title: str) -> tuple[Mark, ...]:
    times = sorted({float(one["time_s"]) for one in sightings})
    return tuple(Mark(time_s, time_s, "seen", title) for time_s in times)


def _observed(seen: Seen, sense: str) -> Sequence[Seen]:
    return (seen.get(sense) or {}).get("value") or ()


def _causes(seen: Seen) -> dict[str, str]:
    senses = {name: one for name, one in seen.items() if isinstance(one, Mapping) and one.get("cause")}
    return {name: str(one["cause"]) for name, one in senses.items() if one["cause"] != "not_observed"}


def _boxes(rows: Iterable[Row]) -> tuple[Box, ...]:
    places = [(row, row.finding.where) for row in rows if isinstance(row.finding.where, FrameBox)]
    return tuple(
        _box(where.left, where.top, where.right, where.bottom, row.number, row.verdict)
        for row, where in places
        if (where.left, where.top, where.right, where.bottom) != (0.0, 0.0, 1.0, 1.0)
    )


def _face_boxes(time_ms: int, faces: Sequence[Seen], rows: Sequence[Row] = ()) -> tuple[Box, ...]:
    taken = [
        (row.finding.where.left, row.finding.where.top)
        for row in rows
        if isinstance(row.finding.where, FrameBox)
    ]
    return tuple(
        _box(one["left"], one["top"], one["right"], one["bottom"], 0, "seen")
        for one in faces
        if abs(one["time_s"] * 1000 - time_ms) <= SAME_FRAME_MS and (one["left"], one["top"]) not in taken
    )


def _box(left: float, top: float, right: float, bottom: float, number: int, verdict: str) -> Box:
    wide, high = max(0.005, right - left), max(0.005, bottom - top)
    x, y, width, height = (round(edge * 100, 2) for edge in (left, top, wide, high))
    return Box(x, y, width, height, number, verdict)


def _overview(asset: str, kind: str, duration_s: float, faces: Sequence[Seen]) -> tuple[Frame, ...]:
    """A picture itself, or at most `OVERVIEW` frames of a clip in even steps, with the faces that were seen there."""
    length = max(1, round(duration_s * 1000)) if kind == "video" else 1
    step = max(SAMPLED_MS, -(-length // (OVERVIEW * SAMPLED_MS)) * SAMPLED_MS)
    return tuple(Frame(asset, time_ms, _face_boxes(time_ms, faces)) for time_ms in range(0, length, step))


def _lines(said: Sequence[Seen], rows: Sequence[Row]) -> tuple[Line, ...]:
    return tuple(
        Line(float(one["start_s"]), float(one["end_s"]), str(one["text"]), _on(one, rows)) for one in said
    )


def _on(said: Seen, rows: Sequence[Row]) -> tuple[int, ...]:
    return tuple(
        row.number
        for row in rows
        if isinstance(row.finding.where, AudioInterval)
        and row.finding.where.start_s < said["end_s"]
        and said["start_s"] < row.finding.where.end_s
    )


def _lettering(seen: Seen) -> tuple[Line, ...]:
    """What was read in the picture: each text once, when it was first seen."""
    first: dict[str, float] = {}
    for one in _observed(seen, "text"):
        first.setdefault(str(one["text"]), float(one["time_s"]))
    return tuple(Line(time_s, time_s, text) for text, time_s in first.items())


def _end(row: Row) -> float:
    where = row.finding.where
    if isinstance(where, FrameBox):
        return where.time_s + 0.5
    return where.end_s if isinstance(where, AudioInterval) else 0.0
