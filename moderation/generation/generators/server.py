"""A reference server for `protocol`: put any generator behind it, on the machine that has the GPU.

    python -m moderation.generation.generators.server --port 9000

Jobs live in memory and files in a temporary folder: a restart forgets them, and the client's worker starts again.
"""

import argparse
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, File, Form, Header, HTTPException, Response, UploadFile
from fastapi.responses import FileResponse
from pydantic import ValidationError

from moderation.generation.generators.port import Generator
from moderation.generation.generators.protocol import Identity, JobStatus, JobView
from moderation.generation.generators.serverjobs import Job, Jobs
from moderation.ids import new_id
from moderation.messages import Brief, explain

MAX_UPLOAD_BYTES = 64 * 1024**2


def create_app(generator: Generator, folder: Path, *, token: str | None = None, slots: int = 1) -> FastAPI:
    """The server. `slots` generations run side by side; `token`, when given, is asked of every call."""
    jobs = Jobs(generator, slots)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.close()

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        if token is not None and not secrets.compare_digest(
            authorization.encode(), f"Bearer {token}".encode()
        ):
            raise HTTPException(401, "send `Authorization: Bearer <token>`")

    app = FastAPI(title="Safeconduct generator", lifespan=lifespan, dependencies=[Depends(authorised)])

    @app.get("/v1/identity")
    def identity() -> Identity:
        name, version = generator.identity()
        return Identity(name=name, version=version)

    app.include_router(_job_routes(jobs, folder))
    return app


def _job_routes(jobs: Jobs, folder: Path) -> APIRouter:
    routes = APIRouter(prefix="/v1/jobs")

    @routes.post("", status_code=202)
    def start(
        brief: Annotated[str, Form()],
        portrait: Annotated[list[UploadFile] | None, File()] = None,
        reference: Annotated[list[UploadFile] | None, File()] = None,
        idempotency_key: Annotated[str, Header()] = "",
    ) -> JobView:
        key = idempotency_key or new_id("key")
        known = jobs.by_key(key)
        if known is not None:
            return known.view
        return jobs.start(_receive(folder, brief, portrait or [], reference or []), key).view

    @routes.get("/{job_id}")
    def look(job_id: str) -> JobView:
        return _find(jobs, job_id).view

    @routes.get("/{job_id}/output")
    def output(job_id: str) -> FileResponse:
        job = _find(jobs, job_id)
        if job.view.status is not JobStatus.DONE:
            raise HTTPException(409, f"the job is {job.view.status}; wait until it is done")
        return FileResponse(job.output, media_type="video/mp4")

    @routes.delete("/{job_id}", status_code=204)
    def delete(job_id: str) -> Response:
        jobs.delete(job_id)
        return Response(status_code=204)

    return routes


def _find(jobs: Jobs, job_id: str) -> Job:
    try:
        return jobs.get(job_id)
    except KeyError as error:
        raise HTTPException(404, "no such job; it was deleted or the server was restarted") from error


def _receive(folder: Path, brief: str, portraits: list[UploadFile], references: list[UploadFile]) -> Job:
    """Store a request's files under names of our own and check its brief. Raises 413 or 422."""
    try:
        checked = Brief.model_validate_json(brief)
    except ValidationError as error:
        raise HTTPException(422, f"brief: {explain(error)}") from error
    home = folder / new_id("job")
    home.mkdir(parents=True)
    try:
        faces = {
            upload.filename or str(index): _store(upload, home / f"portrait-{index}")
            for index, upload in enumerate(portraits)
        }
        return Job(
            home, checked, faces, [_store(one, home / f"reference-{i}") for i, one in enumerate(references)]
        )
    except HTTPException:
        shutil.rmtree(home, ignore_errors=True)
        raise


def _store(upload: UploadFile, path: Path) -> Path:
    left = MAX_UPLOAD_BYTES
    with path.open("wb") as out:
        while chunk := upload.file.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise HTTPException(413, f"a file is larger than {MAX_UPLOAD_BYTES} bytes")
            out.write(chunk)
    return path


def main() -> None:
    """Serve the storyboard, or a local pipeline; another generator calls `create_app`. Token: GENERATOR_TOKEN."""
    import uvicorn

    parser = argparse.ArgumentParser(description="Serve a generator over HTTP.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="serve this text-to-video pipeline of diffusers")
    parser.add_argument("--options", type=json.loads, default={}, help="JSON of arguments for its call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="safeconduct-generator-") as folder:
        app = create_app(
            _chosen(options), Path(folder), token=os.environ.get("GENERATOR_TOKEN"), slots=options.slots
        )
        uvicorn.run(app, host=options.host, port=options.port, log_level="warning")


def _chosen(options: argparse.Namespace) -> Generator:
    from moderation.generation.generators.diffusion.generator import DiffusersGenerator, DiffusionSettings
    from moderation.generation.generators.storyboard import Storyboard

    if options.folder is None:
        return Storyboard()
    return DiffusersGenerator(DiffusionSettings(options.folder, options=options.options))


if __name__ == "__main__":
    main()
