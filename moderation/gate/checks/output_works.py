"""Works that the clip was approved with, where their rights-holders have said something else since."""

from collections.abc import Sequence

from moderation.gate.checks.named import work_signal
from moderation.gate.subjects import OutputSubject, PinnedWork
from policies.findings import Finding, WholeField
from policies.taxonomy import Category


class OutputWorksCheck:
    """What was judged with the request is not judged again: only a standing that changed is a finding."""

    name = "output.works"
    tier = 1
    instant = True
    revision = "1"

    def examine(self, subject: OutputSubject) -> Sequence[Finding]:
        """`work.opted_out`, `work.unlicensed` or `work.named`, as for a request."""
        changed = [work for work in subject.works if work.standing not in {work.approved, "licensed"}]
        return [self._finding(work) for work in changed]

    def _finding(self, work: PinnedWork) -> Finding:
        signal = work_signal(work.standing, work.use)
        return Finding(Category.WORKS, signal, 1.0, WholeField("prompt"), self.name, self.revision, work.name)
