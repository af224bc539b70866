"""The API's description of itself: the OpenAPI document, and Swagger UI to read and try it."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from aiohttp import web
from pydantic import ConfigDict

from noond.api.openapi.document import openapi_document
from noond.api.routing import Access, Answer, Call, Rate, Reply, Route
from noond.config import LimitSettings
from noond.errors import NotFound

_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_ASK_AGAIN: Final = "no-cache"
_AN_HOUR: Final = "max-age=3600"

_OWN_FILES: Final = Path(__file__).parents[1] / "pages"
_FILES: Final = MappingProxyType(
    {
        "page.js": "text/javascript",
        "swagger-ui-bundle.js": "text/javascript",
        "swagger-ui.css": "text/css",
    }
)


class OpenAPIReply(Reply):
    """The OpenAPI document itself; the specification tells of its parts."""

    model_config = ConfigDict(extra="allow")

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    """Bytes that do not change while the daemon runs."""

    content: bytes
    media_type: str
    caching: str
    etag: str

    def answer(self, request: web.Request) -> web.Response:
        """The content, or 304 for who has it already."""
        headers = {"Cache-Control": self.caching, "Content-Security-Policy": _PAGE_POLICY}
        known = request.if_none_match or ()
        if any(each.value in (self.etag, "*") for each in known):
            response = web.Response(status=304, headers=headers)
        else:
            response = web.Response(
                body=self.content,
                content_type=self.media_type,
                charset="utf-8" if self.media_type.startswith("text/") else None,
                headers=headers,
            )
        response.etag = self.etag
        return response


class _Shelf:
    """Makes each content when it is first asked for, and keeps it."""

    def __init__(self) -> None:
        self._served: dict[str, _Served] = {}
        self._one_at_a_time = asyncio.Lock()

    async def take(
        self, name: str, make: Callable[[], bytes], *, media_type: str, caching: str = _ASK_AGAIN
    ) -> _Served:
        """The content called `name`; `make` runs in a thread, once."""
        async with self._one_at_a_time:
            if name not in self._served:
                content = await asyncio.to_thread(make)
                self._served[name] = _Served(
                    content=content,
                    media_type=media_type,
                    caching=caching,
                    etag=hashlib.sha256(content).hexdigest()[:32],
                )
        return self._served[name]


def routes(declared: Callable[[], Sequence[Route]], limits: LimitSettings) -> tuple[Route, ...]:
    """The routes of the documents; `declared` gives all routes, once they are all declared."""
    shelf = _Shelf()

    def document() -> bytes:
        made = openapi_document(declared(), limits)
        return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()

    async def get_document(call: Call) -> Answer:
        served = await shelf.take("openapi.json", document, media_type="application/json")
        return served.answer(call.request)

    async def get_page(call: Call) -> Answer:
        page = _OWN_FILES / "docs.html"
        served = await shelf.take("docs", page.read_bytes, media_type="text/html")
        return served.answer(call.request)

    async def get_file(call: Call) -> Answer:
        name = call.path["file"]
        if name not in _FILES:
            raise NotFound("there is nothing at this address")
        folder = _OWN_FILES if name == "page.js" else _swagger_ui()
        served = await shelf.take(
            name, (folder / name).read_bytes, media_type=_FILES[name], caching=_AN_HOUR
        )
        return served.answer(call.request)

    return (
        _route(
            "/openapi.json",
            "Get this document",
            "OpenAPI 3.1, made from the declarations of the routes.",
            get_document,
            reply=OpenAPIReply,
            media_type="application/json",
            operation_id="get_openapi_document",
        ),
        _route(
            "/docs",
            "Read the API's documentation",
            "Swagger UI, served by the daemon alone: nothing comes from elsewhere.",
            get_page,
            reply=str,
            media_type="text/html",
        ),
        _route(
            "/docs/{file}",
            "Get a file of the documentation page",
            "Its scripts and its style.",
            get_file,
            reply=str,
            media_type="text/*",
            errors=(NotFound,),
            operation_id="get_docs_file",
        ),
    )


def _route(path: str, summary: str, description: str, handler: Any, **declared: Any) -> Route:
    return Route(
        method="GET",
        path=path,
        tag="Documents",
        summary=summary,
        description=description,
        access=Access.PUBLIC,
        rate=Rate.NONE,
        handler=handler,
        other_replies=((304, None),),
        **declared,
    )


def _swagger_ui() -> Path:
    # Found, not imported: the package's own code is for other servers.
    spec = importlib.util.find_spec("swagger_ui")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "static"
