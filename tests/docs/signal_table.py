"""The signals that checks may put on a finding, for docs/decisions.md."""

from policies.signals import SIGNALS
from tests.docs.markdown import code, table


def render_signals() -> str:
    """Signal, category, how it is judged."""
    rows = []
    for signal in SIGNALS.values():
        several = len(signal.categories) > 1
        category = "any" if several else ", ".join(code(one.value) for one in signal.categories) or "–"
        judged = "score against thresholds" if signal.scored else "fact"
        rows.append((code(signal.name), category, judged, "yes" if signal.fixed else ""))
    return table(("signal", "category", "judged as", "blocks whatever the policy says"), rows)
