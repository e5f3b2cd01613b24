"""docs/events.md from the messages: topics, and for each message its fields and an example."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moderation.bus.topics import topic_specs
from moderation.messages import MESSAGES, TYPE_PREFIX, Envelope, Message, Topic
from tests.docs.examples import EXAMPLES, envelope
from tests.docs.markdown import code, table

MEANINGS: Mapping[str, str] = {
    "generation_id": "The generation; `gen_` and 32 hex digits when made here.",
    "account_id": "Who asks; an opaque id, never a name or an address.",
    "prompt": "What the video should show.",
    "likenesses": "Handles (`@ada`) or ids of the likenesses asked for; in a brief, those approved, each pinned.",
    "likenesses.likeness_id": "The likeness.",
    "likenesses.handle": "Its handle.",
    "likenesses.revision": "The consent revision that allowed it.",
    "references": "sha256 of uploaded reference media.",
    "remix_parent": "The generation this one is made from.",
    "purpose": "What the video is for; grants may name purposes.",
    "parameters": "What the generator may vary.",
    "parameters.seconds": "Length in seconds.",
    "parameters.width": "Pixels, even.",
    "parameters.height": "Pixels, even.",
    "parameters.fps": "Frames per second.",
    "parameters.seed": "For generators that can repeat themselves.",
    "decision_id": "The decision this follows from, or announces.",
    "brief": "What the generator is asked to make.",
    "brief.prompt": "As requested.",
    "brief.references": "As requested.",
    "asset_sha256": "The file, by content; media never travel on the bus.",
    "generator": "Which generator made it.",
    "generator_version": "Its version.",
    "produced_in_s": "Wall time in seconds.",
    "adjusted": "What was made otherwise than asked, in words; empty when nothing was.",
    "code": "Stable; docs/errors.md has them.",
    "detail": "For operators.",
    "stage": "Where it was judged.",
    "verdict": "What was decided.",
    "actor": "`machine`, or the account of the moderator.",
    "categories": "Every category that applies, strictest first by the policy's table.",
    "body_sha256": "Hash of the decision's canonical body.",
    "release_id": "The release; named after its generation.",
    "withdrawal_id": "The withdrawal.",
    "reason": "Stable code of why.",
    "reached": "How many things were taken back.",
    "unreachable": "How many copies had been downloaded before.",
    "likeness_id": "The likeness.",
    "revision": "The new revision; of a flood, the one whose rule it is.",
    "registry_version": "The registry's version after the change; a replica that is behind must not judge.",
    "change": "What happened.",
    "work_id": "The work.",
    "policy": "Of a change: `active`, or `rollout` for what rules on a share. Of a decision: the revision that ruled.",
    "blocked_by": "The rules that blocked; empty where none did.",
    "rule": "The rule that floods.",
    "outcome": "`rolled_back`: the revision before rules again; `stopped`: its rollout ended; `told`: nothing was undone.",
    "blocks": "Decisions that the rule blocked, of late.",
    "decisions": "Decisions of late.",
    "usual_blocks": "Decisions that it blocked in the time it is held against.",
    "usual_decisions": "Decisions in that time.",
    "why": "Why that was done, or why nothing was, in words.",
    "case_id": "The case.",
}
SHARED = {"brief.likenesses": "likenesses", "brief.parameters": "parameters"}


def render_topics() -> str:
    """Topic, key, compaction, and the messages it carries."""
    compacted = {spec.name: spec.compacted for spec in topic_specs(1)}
    rows = []
    for topic in Topic:
        kinds = [message.kind for message in MESSAGES if message.topic is topic]
        keep = "last of each key" if compacted[str(topic)] else "all"
        rows.append((code(topic), ", ".join(map(code, kinds)), keep))
    return table(("topic", "messages", "kept"), rows)


def render_messages() -> str:
    """A section per message."""
    return "\n\n".join(_section(message) for message in MESSAGES)


def schema(message: type[Message] | type[Envelope]) -> dict[str, Any]:
    """The JSON Schema of a payload, with every reference resolved in place."""
    written = message.model_json_schema()
    resolved: dict[str, Any] = _resolve(written, written.get("$defs", {}))
    resolved.pop("$defs", None)
    return resolved


def fields(message: type[Message]) -> tuple[str, ...]:
    """Dotted names of all fields, as docs/events.md lists them."""
    return tuple(name for name, _, _ in _walk(schema(message)))


def meaning(name: str) -> str:
    """What a field means. Raises `KeyError` for one that nobody explained."""
    for full, short in SHARED.items():
        if name == full or name.startswith(f"{full}."):
            name = name.replace(full, short, 1)
    return MEANINGS[name]


def _section(message: type[Message]) -> str:
    example = next(one for one in EXAMPLES if type(one) is message)
    doc = " ".join((message.__doc__ or "").split())
    rows = [
        (code(name), _type(what), "yes" if required else "", meaning(name))
        for name, what, required in _walk(schema(message))
    ]
    shown = json.dumps(json.loads(envelope(example).encode()), indent=2, ensure_ascii=False)
    return (
        f"### `{message.kind}`\n\n{doc} Topic `{message.topic}`, type `{TYPE_PREFIX}{message.kind}.v{message.version}`.\n\n"
        f"{table(('field', 'type', 'required', 'meaning'), rows)}\n\n```json\n{shown}\n```"
    )


def _walk(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    for name, what in node.get("properties", {}).items():
        yield prefix + name, what, name in node.get("required", ())
        yield from _walk(what.get("items", what), f"{prefix}{name}.")


def _type(what: Mapping[str, Any]) -> str:
    if "anyOf" in what:
        return " or ".join(_type(option) for option in what["anyOf"])
    if "enum" in what:
        return ", ".join(code(value) for value in what["enum"])
    if what.get("type") == "array":
        most = f", at most {what['maxItems']}" if "maxItems" in what else ""
        return f"list of {_type(what['items'])}{most}"
    if what.get("pattern") == "^[0-9a-f]{64}$":
        return "sha256"
    return f"{what.get('type', 'any')}{_limits(what)}"


def _limits(what: Mapping[str, Any]) -> str:
    words = {
        "minLength": "≥ {} characters",
        "maxLength": "≤ {} characters",
        "minimum": "≥ {}",
        "exclusiveMinimum": "> {}",
        "maximum": "≤ {}",
        "exclusiveMaximum": "< {}",
        "multipleOf": "multiple of {}",
    }
    found = [text.format(what[name]) for name, text in words.items() if name in what]
    return f" ({', '.join(found)})" if found else ""


def _resolve(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolve(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        named = definitions[node["$ref"].rpartition("/")[2]]
        rest = {name: value for name, value in node.items() if name != "$ref"}
        return _resolve({**named, **rest}, definitions)
    return {
        name: _resolve(value, definitions)
        for name, value in node.items()
        if name != "title" or not isinstance(value, str)
    }
