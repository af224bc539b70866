"""How much do hostile documents delay everybody else?

A loop echoes lines over a loopback socket, once idle and once while it converts bombs; the table
shows the round trips' times. It also shows what one small document costs from start to text.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import statistics
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import uvloop

from benchmarks.harness import Figure, command_line, report, say
from noond.errors import DocumentError
from noond.llm.documents.converter import DocumentConverter

PAUSE_SECONDS = 0.001


def flate_bomb() -> bytes:
    press = zlib.compressobj(9)
    drawn = b"".join(press.compress(b" " * 1_000_000) for _ in range(1000)) + press.flush()
    return pdf(drawn, b"/Filter/FlateDecode")


def small_pdf() -> bytes:
    return pdf(b"BT /F1 12 Tf 72 720 Td (Call Ada by Friday) Tj ET")


def pdf(drawn: bytes, dictionary: bytes = b"") -> bytes:
    """One page; its cross-reference table is missing, which readers mend."""
    return (
        b"%%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1"
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"
        b"4 0 obj<<%s/Length %d>>stream\n%s\nendstream endobj\n"
        b"trailer<</Root 1 0 R/Size 5>>\nstartxref\n0\n%%%%EOF" % (dictionary, len(drawn), drawn)
    )


def docx(content: str) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>',
        )
        archive.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{word}"><w:body>{content}</w:body></w:document>',
        )
    return package.getvalue()


def many_attributes() -> bytes:
    return b"<p " + b" ".join(b"a%d=1" % number for number in range(300_000)) + b">x"


PARAGRAPH = "<w:p><w:r><w:t>Call Ada</w:t></w:r></w:p>"
BOMBS: dict[str, Callable[[], bytes]] = {
    "flate.pdf": flate_bomb,
    "paragraphs.docx": lambda: docx(PARAGRAPH * 600_000),
    "attributes.html": many_attributes,
    "text.html": lambda: b"<p>" + b"Call Ada. " * 1_600_000,
    "deep.html": lambda: b"<div>" * 3_000_000,
}
SMALL: dict[str, Callable[[], bytes]] = {
    "small.html": lambda: b"<p>Call Ada",
    "small.docx": lambda: docx(PARAGRAPH),
    "small.pdf": small_pdf,
}


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


async def round_trips(until: asyncio.Event) -> list[float]:
    """Milliseconds of each echo, one after the other, until the event is set."""
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    times = []
    while not until.is_set():
        begun = time.perf_counter()
        writer.write(b'{"type":"ping"}\n')
        await reader.readline()
        times.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(PAUSE_SECONDS)
    writer.close()
    server.close()
    return times


async def during(seconds: float, bombs: dict[str, bytes]) -> tuple[list[float], Counter[str]]:
    """The round trips, and the outcomes of the bombs that were converted meanwhile."""
    outcomes: Counter[str] = Counter()
    done = asyncio.Event()
    converter = DocumentConverter()

    async def convert(name: str, raw: bytes) -> None:
        while not done.is_set():
            try:
                await converter.text(raw, path=name)
                outcomes[f"{name}: converted"] += 1
            except DocumentError as error:
                if not done.is_set():
                    outcomes[f"{name}: {error.code}"] += 1

    async with asyncio.TaskGroup() as group:
        trips = group.create_task(round_trips(done))
        for name, raw in bombs.items():
            group.create_task(convert(name, raw))
        await asyncio.sleep(seconds)
        done.set()
        await converter.close()
    return trips.result(), outcomes


async def cost_of_small_documents(times: int) -> dict[str, float]:
    converter = DocumentConverter()
    costs = {}
    for name, build in SMALL.items():
        raw, taken = build(), []
        for _ in range(times):
            begun = time.perf_counter()
            await converter.text(raw, path=name)
            taken.append((time.perf_counter() - begun) * 1000)
        costs[name] = statistics.median(taken)
    await converter.close()
    return costs


def summary(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    found = {name: ordered[int(len(ordered) * share)] for name, share in shares.items()}
    return found | {"max": ordered[-1], "count": len(ordered)}


async def measure(seconds: float) -> dict[str, Any]:
    bombs = {name: build() for name, build in BOMBS.items()}
    say(f"hostile documents: {seconds:g} s idle, {seconds:g} s of bombs")
    idle, _ = await during(seconds, {})
    loaded, outcomes = await during(seconds, bombs)
    return {
        "loop": type(asyncio.get_running_loop()).__module__.partition(".")[0],
        "idle_ms": summary(idle),
        "bombs_ms": summary(loaded),
        "outcomes": dict(sorted(outcomes.items())),
        "small_document_ms": await cost_of_small_documents(20),
    }


def parser() -> argparse.ArgumentParser:
    """The command line."""
    line = command_line(__doc__)
    line.add_argument("--seconds", type=float, default=20, help="length of each half")
    line.add_argument("--loop", choices=["asyncio", "uvloop"], default="uvloop")
    return line


def main() -> None:
    """Measure and print."""
    options = parser().parse_args()
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    if options.loop == "uvloop":
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        found = runner.run(measure(options.seconds))
    figures = [
        Figure(
            name=f"echo, {spell}: {share}",
            value=found[key][share],
            unit="ms",
            aim="< 100" if (spell, share) == ("bombs", "p99") else "",
        )
        for spell, key in (("idle", "idle_ms"), ("bombs", "bombs_ms"))
        for share in ("p50", "p99", "p999", "max")
    ]
    ratio = found["bombs_ms"]["p99"] / found["idle_ms"]["p99"]
    figures.append(Figure(name="p99, bombs / idle", value=ratio, unit="x"))
    figures += [
        Figure(name=f"bombs: {outcome}", value=count, unit="times")
        for outcome, count in found["outcomes"].items()
    ]
    figures += [
        Figure(name=f"{name} from start to text", value=value, unit="ms")
        for name, value in found["small_document_ms"].items()
    ]
    report(f"Hostile documents ({found['loop']})", figures, as_json=options.json)


if __name__ == "__main__":
    main()
