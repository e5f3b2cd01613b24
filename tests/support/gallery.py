"""A queue as a moderator finds it on a working day: held for many reasons, at both stages, with clips and pictures."""

from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from skimage import data

from moderation.accounts.directory import ensure_account
from moderation.bootstrap import Application
from moderation.gate.subjects import FaceSighting, FrameScore, FrameText, Media, Observed, Spoken
from moderation.generation.generators.storyboard import Storyboard
from moderation.messages import Brief, Parameters, PinnedLikeness
from moderation.review import cases
from moderation.review.case_state import Outcome
from moderation.store import now_ms
from moderation.surface import decided
from policies.findings import AudioInterval, Finding, FrameBox
from policies.taxonomy import Category, Stage
from tests.support.held import CHECKED, Held, make_held, span, store

LOOK = Parameters(seconds=6, width=640, height=360, fps=12)
CLIP_PROMPT = (
    "A woman in a space suit waves from a rooftop pool. Behind her the city lights come on. "
    "She tells a joke about the neighbours and laughs."
)
FACE = (0.38, 0.16, 0.62, 0.72)
BEACH = "Elvis Presley walks along an empty beach at sunset, seen from afar."
STREET = (
    "Two rival gangs settle an old score in a rainy alley; one man lies on the ground while the others shout."
)
PARTY = "Volunteers hand out leaflets with a mayor's slogan in front of a school, and everyone cheers for the party."


def make_clip(folder: Path, *, portrait: bool = True) -> Path:
    """Six seconds by the default generator, with a face in it."""
    target, face = folder / "clip.mp4", folder / "face.png"
    Image.fromarray(data.astronaut()[0:288, 80:368]).save(face)
    likeness = PinnedLikeness(likeness_id="lik_1", handle="rosa", revision=1)
    brief = Brief(prompt=CLIP_PROMPT, likenesses=(likeness,) if portrait else (), parameters=LOOK)
    Storyboard().generate(
        brief, portraits={"rosa": face} if portrait else {}, references=(), target=target,
        progress=lambda _: None, cancelled=lambda: False,
    )  # fmt: skip
    return target


def clip_case(app: Application, clip: Path, *, name: str = "clip", minutes: int = 38) -> Held:
    """A finished clip with findings in its pictures and its sound."""
    asset = store(app, clip)
    nudity, speech = "output.nudity", "output.speech"
    findings = (
        Finding(
            Category.SEXUAL,
            "image.nudity",
            0.6131,
            FrameBox(asset, 1.5, 0.3, 0.1, 0.72, 0.95),
            nudity,
            CHECKED,
        ),
        Finding(
            Category.HARASSMENT, "speech.classifier", 0.5204, AudioInterval(asset, 2.2, 4.1), speech, CHECKED
        ),
        Finding(
            Category.VIOLENCE, "speech.classifier", 0.1127, AudioInterval(asset, 0.4, 2.0), speech, CHECKED
        ),
    )
    scores = tuple(
        FrameScore(n / 2, s)
        for n, s in enumerate((0.1, 0.18, 0.42, 0.61, 0.38, 0.2, 0.12, 0.1, 0.1, 0.08, 0.07, 0.05))
    )
    said = (
        Spoken(0.4, 2.0, "Good evening from up here, what a view."),
        Spoken(2.2, 4.1, "My neighbour is the dumbest man in this whole building, everybody knows it."),
        Spoken(4.4, 5.6, "Come on, it was a joke."),
    )
    faces = tuple(FaceSighting(n / 2, *FACE, 96.0, True) for n in range(2, 7))
    text = (FrameText(3.0, "ROOFTOP CLUB", 0.94, 0.1, 0.8, 0.5, 0.9),)
    seen = Media(
        asset, kind="video", duration_s=6.0, frames_seen=12, faces=Observed(faces), nudity=Observed(scores),
        speech=Observed(said), text=Observed(text),
    )  # fmt: skip
    return Held(
        name, CLIP_PROMPT, Stage.OUTPUT, findings, {"output.voices": "model.not_loaded"}, clip, perceived=(seen,),
        account="acct_marigold", minutes=minutes,
    )  # fmt: skip


def reference_case(app: Application, picture: Path) -> Held:
    """A request with a picture whose face nobody can compare."""
    asset = store(app, picture)
    seen = Media(
        asset,
        kind="image",
        frames_seen=1,
        faces=Observed((FaceSighting(0.0, 0.32, 0.04, 0.56, 0.36, 44.0, False),)),
    )
    prompt = "The person in the picture walks through a market at night."
    return Held(
        "reference", prompt, unjudged={"reference.faces": "face.unclear"}, references=(picture,), perceived=(seen,),
        account="acct_heron", minutes=95,
    )  # fmt: skip


def beach_case(name: str = "beach", minutes: int = 190) -> Held:
    """A public figure who died too lately."""
    found = span(BEACH, "Elvis Presley", Category.PUBLIC_FIGURE, 1.0, "figure.recently_dead")
    return Held(name, BEACH, findings=(found,), account="acct_willow", minutes=minutes)


def make_gallery(app: Application, folder: Path) -> Mapping[str, str]:
    """The whole queue; the ids of its cases by name. `mod_bob` holds one case and has decided another."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / "reference.jpg"
    Image.fromarray(data.astronaut()).save(picture, quality=90)
    street = (
        span(STREET, "one man lies on the ground", Category.VIOLENCE, 0.4372),
        span(STREET, STREET, Category.ILLICIT, 0.2313),
    )
    leaflets = (span(PARTY, "hand out leaflets with a mayor's slogan", Category.POLITICS, 0.4644),)
    held = {
        "beach": beach_case(),
        "reference": reference_case(app, picture),
        "street": Held("street", STREET, findings=street, account="acct_willow", minutes=71),
        "clip": clip_case(app, make_clip(folder)),
        "leaflets": Held("leaflets", PARTY, findings=leaflets, account="acct_osprey", minutes=26),
        "timeout": Held(
            "timeout",
            "A quiet harbour in fog, boats rocking.",
            unjudged={"prompt.text": "timeout"},
            minutes=12,
        ),
        "again": beach_case("again", 4),
    }
    made = {name: make_held(app, one) for name, one in held.items()}
    with app.database.transaction() as session:
        at = now_ms(session)
        ensure_account(session, "mod_bob", actor="test", now_ms=at)
        cases.claim(session, made["leaflets"], moderator="mod_bob", now_ms=at)
        token = cases.claim(session, made["again"], moderator="mod_bob", now_ms=at).claim_token
        cases.decide(
            session, made["again"], moderator="mod_bob", token=token, outcome=Outcome.ALLOW, now_ms=at,
            reason="Nobody and no protected work is recognisable. A silhouette from afar.",
            on_decided=lambda session, case: decided(app, session, case),
        )  # fmt: skip
    return made
