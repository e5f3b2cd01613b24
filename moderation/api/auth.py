"""Who is asking, and whether they may: a guard on every route. There is no open default; see `strict.GuardedRoute`."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from moderation.accounts.keys import KeyRefused, Principal, authenticate, note_use, use_is_stale
from moderation.accounts.models import Role
from moderation.api.services import Services
from moderation.errors import Kind, ServiceError
from moderation.store import now_ms

SCHEME = HTTPBearer(auto_error=False, scheme_name="apiKey", description="An API key: `sk_…`.")
MAX_KEY_LENGTH = 200


class RoleMissing(ServiceError):
    """The key is good, but its roles do not reach this far."""

    code = "auth.role_missing"
    kind = Kind.FORBIDDEN

    def __init__(self, needed: frozenset[Role], held: frozenset[Role]) -> None:
        super().__init__(
            f"this needs a key with one of the roles: {', '.join(sorted(needed))}",
            field="Authorization",
            value=", ".join(sorted(held)) or "no role",
            remedy="ask an administrator for a key with that role",
        )


class Guard:
    """Lets a request pass when its key has one of `roles`. Every route has exactly one; `GuardedRoute` sees to it."""

    def __init__(self, *roles: Role) -> None:
        self.roles = frozenset(roles)

    def admit(self, request: Request) -> Principal:
        """Authenticate and authorise. Raises `KeyRefused` or `RoleMissing`. Blocks: call it from a thread."""
        principal = _authenticate(request.app.state.services, _presented(request))
        if not principal.may(*self.roles):
            raise RoleMissing(self.roles, principal.roles)
        request.state.principal = principal
        return principal

    async def __call__(
        self,
        request: Request,
        _credentials: Annotated[HTTPAuthorizationCredentials | None, Security(SCHEME)],
    ) -> Principal:
        """The principal that `admit` found before the body was read. A coroutine: it only looks, and needs no thread."""
        principal = getattr(request.state, "principal", None)
        return principal if isinstance(principal, Principal) else await run_in_threadpool(self.admit, request)


class OpenDoor(Guard):
    """A route that anybody may call, with or without a key: liveness, and links that carry their own proof."""

    def admit(self, request: Request) -> Principal:
        """Nobody is asked."""
        request.state.principal = ANONYMOUS
        return ANONYMOUS


class PublicVerifyDoor(Guard):
    """Open when the operator opened it (`verify_public`), else for every role."""

    def admit(self, request: Request) -> Principal:
        """As `Guard.admit`, unless it is open."""
        services: Services = request.app.state.services
        return OpenDoor().admit(request) if services.limits.verify_public else super().admit(request)


ANONYMOUS = Principal("anonymous", "", frozenset())
ANY_ROLE = tuple(Role)
Anyone = Annotated[Principal, Depends(Guard(*ANY_ROLE))]
Admin = Annotated[Principal, Depends(Guard(Role.ADMIN))]
AdminOrPipeline = Annotated[Principal, Depends(Guard(Role.ADMIN, Role.PIPELINE))]
Requester = Annotated[Principal, Depends(Guard(Role.PIPELINE, Role.OWNER))]
Reader = Annotated[
    Principal, Depends(Guard(Role.PIPELINE, Role.OWNER, Role.MODERATOR, Role.AUDITOR, Role.ADMIN))
]
Owner = Annotated[Principal, Depends(Guard(Role.OWNER))]
Moderator = Annotated[Principal, Depends(Guard(Role.MODERATOR))]
Legal = Annotated[Principal, Depends(Guard(Role.LEGAL))]
Auditor = Annotated[Principal, Depends(Guard(Role.AUDITOR))]
Operator = Annotated[Principal, Depends(Guard(Role.ADMIN, Role.PIPELINE, Role.AUDITOR))]
OwnerOrAdmin = Annotated[Principal, Depends(Guard(Role.OWNER, Role.ADMIN))]
Uploader = Annotated[Principal, Depends(Guard(Role.PIPELINE, Role.OWNER))]
Verifier = Annotated[Principal, Depends(PublicVerifyDoor(*ANY_ROLE))]
Nobody = Annotated[Principal, Depends(OpenDoor())]

STAFF = (Role.PIPELINE, Role.MODERATOR, Role.AUDITOR, Role.ADMIN)


def sees_all(principal: Principal) -> bool:
    """Whether the principal may see what belongs to other accounts."""
    return principal.may(*STAFF)


def _presented(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or len(key) > MAX_KEY_LENGTH:
        raise KeyRefused
    return key.strip()


def _authenticate(services: Services, presented: str) -> Principal:
    with services.database.read() as session:
        principal = authenticate(session, presented)
        at_ms = now_ms(session)
        stale = use_is_stale(session, principal.key_id, at_ms)
    if stale:
        with services.database.transaction() as session:
            note_use(session, principal.key_id, at_ms)
    return principal
