"""Whatever a file holds comes back byte for byte from frames that keep to their limit."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noond.device.packing import (
    FileContent,
    FileError,
    data_frame_bytes,
    encoded,
    pack_files,
    pack_manifest,
)
from noond.errors import Invalid
from noond.hub.frames import AgentData, AgentManifest, ListedFile, parse_from_device

label = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
awkward = st.sampled_from(["\x01", '"', "\\", "\n", "é", "€", "😀", "x"])
content = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=300).map(str.encode),
    st.tuples(awkward, st.integers(0, 6000), awkward, st.integers(0, 6000)).map(
        lambda runs: (runs[0] * runs[1] + runs[2] * runs[3]).encode()
    ),
    st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 1500)).map(lambda r: r[0] * r[1]),
)


def file_of(name: str, data: bytes) -> FileContent:
    return FileContent(
        label=name, content=data, sha256=hashlib.sha256(data).hexdigest(), modified_at=1
    )


def received(messages: list[bytes]) -> list[tuple[str, bytes | str]]:
    """Path and bytes (or error) of each file, put together as the protocol says."""
    files: list[tuple[str, bytes | str]] = []
    for number, message in enumerate(messages, start=1):
        frame = parse_from_device(message)
        assert isinstance(frame, AgentData)
        assert frame.seq == number
        for entry in frame.files:
            if entry.error is not None:
                files.append((entry.path, entry.error))
                continue
            assert entry.content is not None
            data = (
                base64.b64decode(entry.content, validate=True)
                if entry.encoding
                else entry.content.encode()
            )
            if entry.part is not None and entry.part > 1:
                path, before = files.pop()
                assert path == entry.path
                assert isinstance(before, bytes)
                data = before + data
            files.append((entry.path, data))
            if entry.part == entry.parts:
                assert hashlib.sha256(data).hexdigest() == entry.sha256
    return files


@given(files=st.lists(st.tuples(label, content), max_size=5), limit=st.integers(1200, 5000))
@settings(max_examples=150, deadline=None)
def test_any_content_round_trips_under_the_limit(
    files: list[tuple[str, bytes]], limit: int
) -> None:
    packed = [p.message for p in pack_files("run", [file_of(*file) for file in files], limit)]
    assert all(len(message) <= limit for message in packed)
    assert received(packed) == files


def test_small_files_share_a_frame_and_errors_travel_with_them() -> None:
    files = [file_of(f"{n}.md", b"x") for n in range(20)]
    problem = FileError(label="no.md", error="permission denied")
    (packed,) = pack_files("run", [*files, problem], 16_384)
    assert received([packed.message])[-1] == ("no.md", "permission denied")
    assert len(received([packed.message])) == 21


def test_parts_fill_their_frames() -> None:
    text = ('- [ ] say "hello" to Zoë\n' * 4000).encode()
    packed = list(pack_files("run", [file_of("big.md", text)], 8192))
    full = [len(p.message) for p in packed[:-1]]
    assert min(full) > 8192 * 0.85


@pytest.mark.parametrize(
    ("name", "data", "is_text"),
    [
        ("a.md", "Zoë\r\n".encode(), True),
        ("a.md", b"caf\xe9", False),
        ("a.md", "utf-16".encode("utf-16-le"), False),
        ("a.PDF", b"%PDF-1.4 ascii", False),
        ("a.txt", b"%PDF-1.4 ascii", False),
        ("a.html", b"<p>ascii</p>", False),
        ("a.md", b"", True),
    ],
)
def test_text_travels_as_text_and_documents_as_bytes(name: str, data: bytes, is_text: bool) -> None:
    (packed,) = pack_files("run", [file_of(name, data)], 2000)
    frame = parse_from_device(packed.message)
    assert isinstance(frame, AgentData)
    assert (frame.files[0].encoding is None) is is_text
    assert received([packed.message]) == [(name, data)]


def test_one_file_is_read_at_a_time() -> None:
    read: list[int] = []

    def files() -> Iterator[FileContent]:
        for number in range(10):
            read.append(number)
            yield file_of(f"{number}.md", b"x" * 5000)

    frames = pack_files("run", files(), 2000)
    next(frames)
    assert read == [0]


def test_a_limit_without_room_for_a_name_is_an_error() -> None:
    with pytest.raises(Invalid, match="no room"):
        list(pack_files("run", [file_of("n" * 900, b"x" * 900)], 1000))


def test_a_manifest_is_split_under_the_limit() -> None:
    files = [
        ListedFile(path=f"~/Notes/{'n' * 40}{n}.md", size=n, sha256="0" * 64) for n in range(500)
    ]
    messages = list(pack_manifest("run", files, 8192))
    frames = [parse_from_device(message) for message in messages]
    assert all(len(message) <= 8192 for message in messages)
    assert [
        file for frame in frames if isinstance(frame, AgentManifest) for file in frame.files
    ] == files
    assert len(frames) > 5


@given(frame_bytes=st.integers(65_536, 67_108_864), credit_bytes=st.integers(65_536, 67_108_864))
def test_data_frames_always_fit_the_credit(frame_bytes: int, credit_bytes: int) -> None:
    size = data_frame_bytes(frame_bytes=frame_bytes, credit_bytes=credit_bytes)
    assert 16_384 <= size <= min(frame_bytes, credit_bytes)


def test_encoded_is_what_goes_over_the_wire() -> None:
    frame = AgentData(run_id="r", seq=1, files=[])
    assert encoded(frame) == frame.encode().encode()
