"""The topics this service needs, each with the topic of what was parked from it."""

from moderation.bus.dead_letters import DLQ_SUFFIX
from moderation.bus.log import TopicSpec
from moderation.messages import COMPACTED, Topic


def topic_specs(partitions: int) -> tuple[TopicSpec, ...]:
    """All topics, `partitions` each; what was parked needs one."""
    live = [TopicSpec(str(topic), partitions, compacted=topic in COMPACTED) for topic in Topic]
    return (*live, *(TopicSpec(spec.name + DLQ_SUFFIX, 1) for spec in live))
