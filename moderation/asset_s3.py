"""A bucket of S3, or of anything that speaks its protocol, as the store.

Every object appears whole or not at all; a promotion is a copy on the server, then a delete. No listing is ever cached, no
link to an object is ever handed out, and every wait has an end. What fails is named by the setting that mends it.
"""

import base64
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from moderation.asset_files import (
    AssetBucketMissing,
    AssetStoreDenied,
    AssetStoreError,
    AssetStoreMisconfigured,
    AssetStoreUnavailable,
)

SCHEMES = ("s3://", "s3a://")
URL_SETTING, KEY_SETTING = "SAFECONDUCT_ASSET_URL", "SAFECONDUCT_ASSET_ACCESS_KEY"
PART_BYTES = 8 * 1024**2
"""Files from twice this size are sent in parts of it, a few at a time."""
PARTS_AT_ONCE = 4
CONNECT_S, READ_S, TRIES = 5, 30, 3
_ADDRESS = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class S3Access:
    """How to reach the store. Without keys, those of the environment or of the machine's role are used."""

    endpoint_url: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)


class S3Files:
    """Objects under `s3://bucket/prefix`. Safe to share between threads."""

    def __init__(self, url: str, access: S3Access) -> None:
        """Connects to nothing. Raises `AssetStoreMisconfigured`."""
        self._bucket, _, prefix = url.partition("://")[2].partition("/")
        self._prefix = prefix.strip("/")
        if not self._bucket:
            raise AssetStoreMisconfigured(
                "names no bucket", field=URL_SETTING, value=url, remedy="write s3://BUCKET or s3://BUCKET/PREFIX"
            )  # fmt: skip
        self._access = access
        self._fs = _open(access)
        self._seen = threading.Event()  # the bucket is there

    def make(self) -> None:
        """Make the bucket when it is missing."""
        with self._asking():
            if not self._bucket_there():
                self._fs.call_s3("create_bucket", Bucket=self._bucket, **self._location())

    def ping(self) -> None:
        """The bucket is there and our credentials may list it. Raises `AssetStoreError`."""
        with self._asking():
            if not self._bucket_there():
                raise self._no_bucket()
            self._fs.call_s3("list_objects_v2", Bucket=self._bucket, Prefix=self._key("staging/"), MaxKeys=1)

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """A local file; it is uploaded by `put`."""
        with tempfile.TemporaryDirectory(prefix="safeconduct-put-") as folder:
            yield Path(folder) / "asset"

    def put(self, scratch: Path, name: str) -> None:
        """Upload, with the sha256 that the name states where one request does it: the server compares. Parts carry a CRC."""
        stated: dict[str, str] = {}
        address = name.rpartition("/")[2]
        if scratch.stat().st_size < 2 * PART_BYTES and _ADDRESS.fullmatch(address):
            stated["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(address)).decode()
        with self._asking():
            try:
                self._fs.put_file(
                    str(scratch),
                    self._path(name),
                    chunksize=PART_BYTES,
                    max_concurrency=PARTS_AT_ONCE,
                    **stated,
                )
            except FileNotFoundError as error:  # nothing else can be missing where one writes
                raise self._no_bucket() from error

    def move(self, source: str, target: str) -> bool:
        """Copy on the server, then delete: killed between the two, the object is in both places, and complete in both."""
        with self._asking():
            try:
                self._fs.cp_file(self._path(source), self._path(target))
            except FileNotFoundError:
                return False
            self._delete(source)
        return True

    def exists(self, name: str) -> bool:
        """Whether there is such an object."""
        return self._head(name) is not None

    def size(self, name: str) -> int:
        """Its bytes. Raises `FileNotFoundError`."""
        head = self._head(name)
        if head is None:
            raise FileNotFoundError(name)
        return int(head["ContentLength"])

    def local(self, name: str) -> Path | None:
        """None: it has no path on this machine."""
        del name
        return None

    def fetch(self, name: str, target: Path) -> None:
        """Download. Raises `FileNotFoundError`."""
        with self._asking():
            self._fs.get_file(self._path(name), str(target), max_concurrency=PARTS_AT_ONCE)

    def remove(self, name: str) -> bool:
        """Delete it."""
        if self._head(name) is None:
            return False
        with self._asking():
            self._delete(name)
        return True

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """Objects directly in `folder`, however many; asked of the server page by page."""
        prefix = self._key(f"{folder}/")
        for page in self._pages("list_objects_v2", Prefix=prefix, Delimiter="/"):
            for found in page.get("Contents", ()):
                name = found["Key"].removeprefix(prefix)
                yield f"{folder}/{name}", _milliseconds(found["LastModified"])

    def tidy(self, older_than_ms: int) -> int:
        """Abort uploads in parts that were begun before then: their parts cost room, and nothing names them."""
        done = 0
        for page in self._pages("list_multipart_uploads", Prefix=self._key("")):
            for upload in page.get("Uploads", ()):
                if _milliseconds(upload["Initiated"]) < older_than_ms:
                    with self._asking():
                        self._fs.abort_mpu(self._bucket, upload["Key"], upload["UploadId"])
                    done += 1
        return done

    def _head(self, name: str) -> Any:
        with self._asking():
            try:
                head = self._fs.call_s3("head_object", Bucket=self._bucket, Key=self._key(name))
            except FileNotFoundError as error:
                if not self._seen.is_set() and not self._bucket_there():  # a HEAD answers both alike
                    raise self._no_bucket() from error
                return None
        self._seen.set()
        return head

    def _bucket_there(self) -> bool:
        try:
            self._fs.call_s3("head_bucket", Bucket=self._bucket)
        except FileNotFoundError:
            return False
        self._seen.set()
        return True

    def _delete(self, name: str) -> None:
        self._fs.call_s3("delete_object", Bucket=self._bucket, Key=self._key(name))

    def _pages(self, method: str, **arguments: Any) -> Iterator[Any]:
        more: dict[str, Any] = {}
        while True:
            with self._asking():
                try:
                    page = self._fs.call_s3(method, Bucket=self._bucket, **arguments, **more)
                except FileNotFoundError as error:
                    raise self._no_bucket() from error
            yield page
            if not page.get("IsTruncated"):
                return
            if "NextContinuationToken" in page:
                more = {"ContinuationToken": page["NextContinuationToken"]}
            else:
                more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}

    def _location(self) -> dict[str, Any]:
        """S3 takes no location constraint for its first region, and wants one for every other."""
        region = self._access.region
        return (
            {"CreateBucketConfiguration": {"LocationConstraint": region}}
            if region not in (None, "us-east-1")
            else {}
        )

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _path(self, name: str) -> str:
        return f"{self._bucket}/{self._key(name)}"

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turns what the libraries raise into errors that name a setting. `FileNotFoundError` passes."""
        try:
            yield
        except (AssetStoreError, FileNotFoundError):
            raise
        except PermissionError as error:
            raise self._denied(error) from error
        except Exception as error:
            if type(error).__name__ in (
                "NoCredentialsError",
                "PartialCredentialsError",
                "TokenRetrievalError",
            ):
                raise self._denied(error) from error
            raise AssetStoreUnavailable(
                f"the object store does not answer ({_code(error)})", field="SAFECONDUCT_ASSET_ENDPOINT_URL",
                value=self._access.endpoint_url or "", remedy="it is asked again; see that it runs and can be reached",
            ) from error  # fmt: skip

    def _denied(self, error: BaseException) -> AssetStoreDenied:
        return AssetStoreDenied(
            f"the object store refuses our credentials for the bucket {self._bucket} ({_code(error)})",
            field=KEY_SETTING, value=self._access.access_key or "",
            remedy="correct it and SAFECONDUCT_ASSET_SECRET_KEY; they must list, read, write and delete there",
        )  # fmt: skip

    def _no_bucket(self) -> AssetBucketMissing:
        return AssetBucketMissing(
            "the object store has no such bucket", field=URL_SETTING, value=self._bucket,
            remedy="make the bucket, or correct its name, SAFECONDUCT_ASSET_ENDPOINT_URL or SAFECONDUCT_ASSET_REGION",
        )  # fmt: skip


def _open(access: S3Access) -> Any:
    try:
        import s3fs
    except ImportError as error:
        raise AssetStoreMisconfigured(
            "the package s3fs is not installed", field=URL_SETTING, value="s3://…", remedy="pip install 'safeconduct[s3]'"
        ) from error  # fmt: skip
    made = s3fs.S3FileSystem(
        endpoint_url=access.endpoint_url,
        key=access.access_key,
        secret=access.secret_key,
        client_kwargs={"region_name": access.region} if access.region else {},
        config_kwargs={
            "connect_timeout": CONNECT_S,
            "read_timeout": READ_S,
            "retries": {"mode": "standard", "max_attempts": TRIES},
        },
        session=_session(),
        use_listings_cache=False,
        skip_instance_cache=True,
    )
    made.retries = 1  # botocore's own are counted above; two layers of them would multiply
    return made


@cache
def _session() -> Any:
    """One for the process: what botocore reads of its service's description takes as long as everything else."""
    import aiobotocore.session

    return aiobotocore.session.AioSession()


def _code(error: BaseException) -> str:
    """The server's own word for it where there is one; never its text, which may quote what was sent."""
    response = getattr(error.__cause__, "response", None) or getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return str(code) or type(error).__name__


def _milliseconds(at: Any) -> int:
    return int(at.timestamp() * 1000)
