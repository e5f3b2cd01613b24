"""The keyboard: which key does what, on which page. Templates, the script, the help and docs/review.md are written from this."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """`act` is what templates call it by; `pages` says where it works."""

    act: str
    key: str
    pages: str
    does: str


KEYS = (
    Key("down", "j", "queue, case", "Next case in the list; on a case, the next finding"),
    Key("up", "k", "queue, case", "Previous case in the list; on a case, the previous finding"),
    Key("open", "Enter", "queue", "Open the marked case"),
    Key("claim", "c", "queue, case", "Claim it; on a claimed case of yours, hold it longer"),
    Key("give_back", "r", "case", "Give your claim back to the queue"),
    Key("allow", "a", "case", "Choose to allow, and go to the note"),
    Key("block", "b", "case", "Choose to block, and go to the note"),
    Key("send", "Ctrl+Enter", "case", "Send the chosen decision"),
    Key("reveal", "v", "case", "Show or veil the pictures"),
    Key("play", "p", "case", "Play or pause the clip"),
    Key("next", "n", "case", "Open the next case that is free"),
    Key("queue", "u", "case", "Back to the queue"),
    Key("search", "/", "queue", "Go to the filters"),
    Key("help", "?", "everywhere", "Show this list"),
    Key("leave", "Escape", "everywhere", "Leave a field, or close this list"),
)
_BY_ACT = {key.act: key.key for key in KEYS}


def key_of(act: str) -> str:
    """The key for an act. Raises `KeyError` for an act that nobody listed."""
    return _BY_ACT[act]
