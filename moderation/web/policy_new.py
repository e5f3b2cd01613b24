"""The form that takes a new document: checked as often as one likes, stored as a draft when it is right.

What is wrong with it is said all at once, each with line and hint; what was typed stays in its field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import RedirectResponse, Response

from moderation.api.problems import Problem as Told
from moderation.api.problems import problem_of, request_id
from moderation.errors import ServiceError
from moderation.policy.lifecycle import MAX_REASON, Act, add
from moderation.steering.standing import read_standing
from moderation.store import now_ms
from moderation.web.policy_reading import Read, active_row, compare
from moderation.web.render import page
from moderation.web.visit import Visit
from policies.document import PolicyDocument, parse_document
from policies.lifecycle.trial import Trial, try_document
from policies.loading.problems import PolicyInvalid, Problem

FILE = "document.yaml"
"""What problems call a text that came in no file."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that could be stored: beside the active one, and its tests in findings."""

    revision: str
    read: Read
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the form, and what is to be said of it. `lines` are those of `text`."""

    text: str = ""
    reason: str = ""
    checked: Checked | None = None
    problems: tuple[Problem, ...] = ()
    told: Told | None = None
    lines: tuple[str, ...] = field(default=())


def show_form(visit: Visit) -> Response:
    """The form; with `?from=REVISION`, filled with that document as it was written. Raises `PolicyUnknown`."""
    beginning = visit.request.query_params.get("from", "")
    if not beginning:
        return _form(visit, Draft())
    with visit.desk.services.database.read() as session:
        return _form(visit, Draft(text=read_standing(session, beginning).row.document))


def register(visit: Visit) -> Response:
    """Check the document, or store it as a draft."""
    text, reason = _text(visit.form), visit.form.get("reason", "")
    try:
        document = parse_document(text, name=FILE)
        if visit.form.get("do") == "check":
            return _form(visit, Draft(text, reason, checked=_check(visit, document)))
        with visit.desk.services.database.transaction() as session:
            add(session, text, name=document.name, act=Act(visit.staff.account_id, reason, now_ms(session)))
    except PolicyInvalid as error:
        lines = tuple(text.split("\n"))
        return _form(visit, Draft(text, reason, problems=error.problems, lines=lines), status=422)
    except ServiceError as error:
        told = problem_of(error, request_id(visit.request))
        if told is None or told.status == 503:
            raise
        return _form(visit, Draft(text, reason, told=told), status=told.status)
    return RedirectResponse(f"/review/policies/{document.revision}?done=stored", status_code=303)


def _check(visit: Visit, document: PolicyDocument) -> Checked:
    with visit.desk.services.database.read() as session:
        read = compare(document, active_row(session))
    return Checked(document.revision, read, try_document(document))


def _text(form: Mapping[str, str]) -> str:
    """As it was typed: browsers send every line with CR LF (HTML, form submission)."""
    return form.get("document", "").replace("\r\n", "\n")


def _form(visit: Visit, draft: Draft, *, status: int = 200) -> Response:
    return page(visit, "policy_new.html", status=status, draft=draft, max_reason=MAX_REASON)
