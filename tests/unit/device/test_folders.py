"""Nothing outside the allowed folders is listed or read, whatever is linked, asked or swapped."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from noond.device.errors import FolderRefused
from noond.device.folders import AllowedFolders, FoundFile, Unreadable, explain

SECRET = b"the secret outside"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_bytes(SECRET)
    return folder


def walk(folder: Path, *paths: str, extensions: tuple[str, ...] = (".md",)) -> list[object]:
    allowed = AllowedFolders([folder])
    requested = [allowed.resolve(path) for path in paths or (str(folder),)]
    return [item for item in allowed.walk(requested, extensions) if item is not None]


def labels(items: list[object]) -> list[str]:
    return [item.label for item in items if isinstance(item, FoundFile)]


def problems(items: list[object]) -> dict[str, str]:
    return {item.label: item.error for item in items if isinstance(item, Unreadable)}


def test_lists_recursively_in_a_settled_order_without_dot_folders(notes: Path) -> None:
    for name in (
        "b.md",
        "a.MD",
        "skip.txt",
        "sub/z.md",
        "sub/deep/y.md",
        ".git/x.md",
        "a-sub/q.md",
    ):
        (notes / name).parent.mkdir(parents=True, exist_ok=True)
        (notes / name).write_text(name)
    root = str(notes)
    expected = ["a.MD", "b.md", "a-sub/q.md", "sub/z.md", "sub/deep/y.md"]
    assert labels(walk(notes)) == [f"{root}/{name}" for name in expected]
    assert labels(walk(notes, extensions=("MD",))) == [f"{root}/{name}" for name in expected]
    assert len(labels(walk(notes, extensions=()))) == 6


def test_labels_begin_as_requested(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (notes / "a.md").write_text("a")
    monkeypatch.setenv("HOME", str(notes.parent))
    monkeypatch.chdir(notes.parent)
    assert labels(walk(notes, "~/notes/")) == ["~/notes/a.md"]
    assert labels(walk(notes, "notes")) == ["notes/a.md"]
    assert labels(walk(notes, str(notes / "a.md"))) == [str(notes / "a.md")]


def test_overlapping_requests_list_each_file_once(notes: Path) -> None:
    (notes / "sub").mkdir()
    (notes / "sub" / "a.md").write_text("a")
    (notes / "b.md").write_text("b")
    found = labels(walk(notes, str(notes / "sub"), str(notes), str(notes / "b.md")))
    assert sorted(found) == [str(notes / "b.md"), str(notes / "sub" / "a.md")]


def test_names_that_are_equal_in_nfc_stay_apart(notes: Path) -> None:
    (notes / "caf\u00e9.md").write_text("composed")
    (notes / "cafe\u0301.md").write_text("decomposed")
    found = labels(walk(notes))
    assert len(set(found)) == 2
    assert f"{notes}/caf\u00e9.md" in found


def test_a_name_that_is_no_utf8_gets_a_label_that_json_can_carry(notes: Path) -> None:
    (notes / os.fsdecode(b"caf\xe9.md")).write_bytes(b"latin")
    assert labels(walk(notes)) == [f"{notes}/caf\\xe9.md"]


@pytest.mark.parametrize(
    "path",
    ["{notes}/../outside", "{notes}/../notes-not", "/", "", "{notes}/link", "\0", "~nobody-here/x"],
)
def test_a_path_outside_is_refused(notes: Path, path: str) -> None:
    (notes / "link").symlink_to(notes.parent / "outside")
    with pytest.raises(FolderRefused):
        AllowedFolders([notes]).resolve(path.format(notes=notes))


def test_a_refusal_says_how_to_allow_the_path(notes: Path) -> None:
    with pytest.raises(FolderRefused, match="--allow ~/'My Mail'"):
        AllowedFolders([notes]).resolve("~/My Mail")


def test_dots_that_stay_inside_are_fine(notes: Path) -> None:
    (notes / "sub").mkdir()
    (notes / "a.md").write_text("a")
    assert labels(walk(notes, f"{notes}/sub/..")) == [f"{notes}/sub/../a.md"]


def test_links_out_are_reported_and_never_followed(notes: Path) -> None:
    outside = notes.parent / "outside"
    (notes / "file.md").symlink_to(outside / "secret.md")
    (notes / "folder").symlink_to(outside)
    (notes / "irrelevant.bin").symlink_to(outside / "secret.md")
    (notes / "loop").symlink_to(notes)
    (notes / "dead.md").symlink_to(notes / "nowhere.md")
    (notes / "own.md").write_text("own")
    found = walk(notes)
    assert labels(found) == [f"{notes}/own.md"]
    assert set(problems(found)) == {f"{notes}/file.md", f"{notes}/folder"}


def test_an_allowed_folder_may_itself_be_a_link(notes: Path) -> None:
    (notes / "a.md").write_text("a")
    link = notes.parent / "my-notes"
    link.symlink_to(notes)
    assert labels(walk(link, str(link))) == [f"{link}/a.md"]


def test_special_files_are_left_out(notes: Path) -> None:
    os.mkfifo(notes / "pipe.md")
    (notes / "a.md").write_text("a")
    found = walk(notes)
    assert (labels(found), problems(found)) == ([f"{notes}/a.md"], {})


def test_an_allowed_folder_that_is_not_there_is_named(notes: Path) -> None:
    with pytest.raises(FolderRefused, match="nowhere"):
        AllowedFolders([notes, notes.parent / "nowhere"])


def test_a_requested_folder_that_is_not_there_is_a_problem_of_its_own(notes: Path) -> None:
    (notes / "a.md").write_text("a")
    found = walk(notes, f"{notes}/gone", str(notes))
    assert labels(found) == [f"{notes}/a.md"]
    assert problems(found) == {f"{notes}/gone": "it is not there"}


@pytest.fixture
def read(notes: Path) -> Callable[..., bytes]:
    def read_one(item: object, limit: int = 1000) -> bytes:
        assert isinstance(item, FoundFile)
        return AllowedFolders([notes]).read(item, limit=limit)[1]

    return read_one


def test_reads_up_to_the_limit_and_not_beyond(notes: Path, read: Callable[..., bytes]) -> None:
    (notes / "big.md").write_bytes(b"x" * 1000)
    (item,) = walk(notes)
    assert read(item, limit=1000) == b"x" * 1000
    with pytest.raises(ValueError, match="larger than 999 bytes"):
        read(item, limit=999)


def test_a_file_swapped_for_a_link_is_not_read(notes: Path, read: Callable[..., bytes]) -> None:
    (notes / "a.md").write_text("a")
    (item,) = walk(notes)
    (notes / "a.md").unlink()
    (notes / "a.md").symlink_to(notes.parent / "outside" / "secret.md")
    with pytest.raises(OSError, match=r"(?i)symbolic") as refusal:
        read(item)
    assert "changed while" in explain(refusal.value)


def test_a_folder_swapped_for_a_link_is_not_read(notes: Path, read: Callable[..., bytes]) -> None:
    (notes / "sub").mkdir()
    (notes / "sub" / "secret.md").write_text("harmless")
    (item,) = walk(notes)
    (notes / "sub").rename(notes / "sub-before")
    (notes / "sub").symlink_to(notes.parent / "outside")
    with pytest.raises(OSError, match=r"(?i)not a directory"):
        read(item)


def test_a_file_swapped_for_a_pipe_does_not_block(notes: Path, read: Callable[..., bytes]) -> None:
    (notes / "a.md").write_text("a")
    (item,) = walk(notes)
    (notes / "a.md").unlink()
    os.mkfifo(notes / "a.md")
    with pytest.raises(ValueError, match="no regular file"):
        read(item)


def test_no_swap_in_a_race_ever_gives_the_secret(notes: Path, read: Callable[..., bytes]) -> None:
    """A thread swaps file and folder for links out as fast as it can; reading never follows."""
    inner, spare = notes / "sub", notes / "spare"
    inner.mkdir()
    (inner / "secret.md").write_text("harmless")
    (item,) = walk(notes)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            inner.rename(spare)
            inner.symlink_to(notes.parent / "outside")
            inner.unlink()
            spare.rename(inner)

    swapper = threading.Thread(target=swap)
    swapper.start()
    refused = 0
    try:
        for _ in range(3000):
            try:
                assert read(item) == b"harmless"
            except OSError:
                refused += 1
            found = walk(notes)
            assert all(item.size == 8 for item in found if isinstance(item, FoundFile))
            if refused > 50:
                break
    finally:
        stop.set()
        swapper.join()
    assert refused > 0
