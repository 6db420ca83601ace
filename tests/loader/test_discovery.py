"""Which files are manifests: names, folders, links, and everything that is not there."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from prefect_reconcile.loader.discovery import ManifestFile, discover
from prefect_reconcile.model import Problem, Source


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A working directory, with room beside it."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def write(folder: Path, *names: str) -> None:
    """Empty files, with the folders they need."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def shown(folder: Path, *paths: str) -> list[str]:
    """The names of the files found, of which nothing may be wrong."""
    files, problems = discover(paths, folder)
    assert problems == []
    return [file.shown for file in files]


def problem(folder: Path, *paths: str) -> Problem:
    """The one problem of a search."""
    _, (found,) = discover(paths, folder)
    return found


def test_a_named_file_is_taken_whatever_its_name(here: Path) -> None:
    """The user knows what is a manifest."""
    write(here, "nightly.conf")
    assert discover(["nightly.conf"], here) == ([ManifestFile("nightly.conf", here / "nightly.conf")], [])


def test_a_folder_is_searched_for_both_suffixes(here: Path) -> None:
    """At every depth and in any letter case; other files are none of ours."""
    write(here, "d/b.yaml", "d/a.yml", "d/team/x/c.YAML", "d/readme.md", "d/yaml")
    assert shown(here, "d") == ["d/a.yml", "d/b.yaml", "d/team/x/c.YAML"]


def test_hidden_and_foreign_folders_are_skipped(here: Path) -> None:
    """Hidden files, caches, node modules and virtual environments of any name hold no manifests."""
    write(here, "a.yaml", ".b.yaml", ".github/c.yaml", "__pycache__/d.yaml", "node_modules/e.yaml")
    write(here, "py/pyvenv.cfg", "py/lib/f.yaml", "env/g.yaml")
    assert shown(here, ".") == ["a.yaml", "env/g.yaml"]


def test_a_hidden_folder_is_searched_when_named(here: Path) -> None:
    """Only what a search finds is skipped."""
    write(here, ".deploy/a.yaml")
    assert shown(here, ".deploy") == [".deploy/a.yaml"]


def test_a_folder_with_the_name_of_a_manifest_is_a_folder(here: Path) -> None:
    """The kind of a thing decides, not its name."""
    write(here, "d/x.yaml/a.yaml")
    assert shown(here, "d") == ["d/x.yaml/a.yaml"]


def test_a_file_named_twice_is_there_once(here: Path) -> None:
    """By the same path, by another spelling, and by its folder; the order of the paths does not matter."""
    write(here, "d/a.yaml", "d/b.yaml")
    paths = ["d/b.yaml", "d", "./d//a.yaml", "d/../d/b.yaml", str(here / "d")]
    assert shown(here, *paths) == shown(here, *reversed(paths)) == ["d/a.yaml", "d/b.yaml"]


def test_names_are_relative_to_the_working_directory(here: Path) -> None:
    """Below it they lose its path; elsewhere they stay as they were written."""
    write(here, "a.yaml", "../beside/b.yaml")
    beside = here.parent / "beside"
    assert shown(here, str(here / "a.yaml"), "../beside") == ["../beside/b.yaml", "a.yaml"]
    assert shown(here, str(beside)) == [(beside / "b.yaml").as_posix()]


def test_a_missing_path_suggests_a_close_one(here: Path) -> None:
    """The part that is missing is named, which need not be the last."""
    write(here, "deployments/nightly.yaml")
    assert problem(here, "deploymets/nightly.yaml") == Problem(
        Source("deploymets"), "", "there is no such file or folder", 'did you mean "deployments"?'
    )
    assert problem(here, "deployments/nightli.yaml") == Problem(
        Source("deployments/nightli.yaml"),
        "",
        "there is no such file or folder",
        'did you mean "deployments/nightly.yaml"?',
    )


def test_a_missing_path_that_resembles_nothing(here: Path) -> None:
    """No suggestion is better than a wild one."""
    assert problem(here, "deployments") == Problem(
        Source("deployments"), "", "there is no such file or folder", "correct the path"
    )


def test_a_path_through_a_file_is_a_problem(here: Path) -> None:
    """A file has nothing below it."""
    write(here, "a.yaml")
    assert problem(here, "a.yaml/b.yaml") == Problem(
        Source("a.yaml/b.yaml"),
        "",
        "it cannot be read: not a directory",
        "correct the path, the link or the permissions",
    )


@pytest.mark.parametrize("path", ["", " ", "a\0b"])
def test_what_is_no_path_is_a_problem(here: Path, path: str) -> None:
    """An unset variable must not mean the working directory."""
    write(here, "a.yaml")
    assert problem(here, path) == Problem(
        Source(repr(path)), "", "it is not a path", "name a file or a folder"
    )


def test_a_folder_without_manifests_is_a_problem(here: Path) -> None:
    """A wrong folder must not mean that there shall be no deployments."""
    write(here, "d/readme.md", "d/.hidden.yaml")
    assert problem(here, "d") == Problem(
        Source("d"), "", "the folder has no *.yaml or *.yml file", "name the folder that holds the manifests"
    )


def test_all_problems_come_at_once_and_sorted(here: Path) -> None:
    """Beside the files that are well."""
    write(here, "a.yaml")
    (here / "empty").mkdir()
    files, problems = discover(["missing", "empty", "a.yaml", "missing"], here)
    assert [file.shown for file in files] == ["a.yaml"]
    assert [str(found.source) for found in problems] == ["empty", "missing"]


@pytest.mark.parametrize("target", ["../secret.yaml", "/etc/hostname"])
def test_a_link_out_of_the_folder_is_a_problem(here: Path, target: str) -> None:
    """A pull request must not make us read, and print, a file of the machine."""
    write(here, "d/a.yaml", "secret.yaml")
    (here / "d/b.yaml").symlink_to(target)
    files, problems = discover(["d"], here)
    assert [file.shown for file in files] == ["d/a.yaml"]
    assert problems == [
        Problem(
            Source("d/b.yaml"),
            "",
            "the link leads out of the folder d",
            "replace it with the file, or name its target on the command line",
        )
    ]


def test_a_linked_folder_outside_is_a_problem(here: Path) -> None:
    """It may hold manifests that someone expects, so that it is not passed over in silence."""
    write(here, "d/a.yaml", "other/b.yaml")
    (here / "d/more").symlink_to("../other")
    assert problem(here, "d").source == Source("d/more")


def test_other_links_out_of_the_folder_do_not_matter(here: Path) -> None:
    """A link that is no manifest by its name is left alone, even when it is broken."""
    write(here, "d/a.yaml", "data.csv")
    (here / "d/data.csv").symlink_to("../data.csv")
    (here / "d/gone").symlink_to("nowhere")
    assert shown(here, "d") == ["d/a.yaml"]


def test_a_mounted_config_map_is_read(here: Path) -> None:
    """Kubernetes links every file and folder to a hidden folder, so that it can swap all at once."""
    write(here, "d/..2024/a.yaml", "d/..2024/team/b.yaml")
    (here / "d/..data").symlink_to("..2024")
    (here / "d/a.yaml").symlink_to("..data/a.yaml")
    (here / "d/team").symlink_to("..data/team")
    assert shown(here, "d") == ["d/a.yaml", "d/team/b.yaml"]


def test_a_named_link_may_lead_anywhere(here: Path) -> None:
    """A file or a folder, because the user named it; the links in it are judged from where it leads."""
    write(here.parent, "beside/a.yaml")
    (here / "file").symlink_to("../beside/a.yaml")
    (here / "folder").symlink_to("../beside")
    (here.parent / "beside/b.yaml").symlink_to("a.yaml")
    assert shown(here, "file") == ["file"]
    assert shown(here, "folder") == ["folder/a.yaml"]


def test_loops_of_links_end(here: Path) -> None:
    """Each folder is searched once, under its own name before that of a link."""
    write(here, "d/z/a.yaml")
    (here / "d/b").symlink_to("z")
    (here / "d/z/up").symlink_to("..")
    assert shown(here, "d") == ["d/z/a.yaml"]


@pytest.mark.parametrize("target", ["nowhere.yaml", "b.yaml"])
def test_a_broken_link_is_a_problem(here: Path, target: str) -> None:
    """A link to nothing or to itself, found or named."""
    write(here, "d/a.yaml")
    (here / "d/b.yaml").symlink_to(target)
    assert problem(here, "d") == problem(here, "d/b.yaml")
    assert problem(here, "d").what.startswith("it cannot be read: ")


def test_a_pipe_is_not_opened(here: Path) -> None:
    """Neither when it is named nor when it is found: to open it could wait for ever."""
    (here / "d").mkdir()
    os.mkfifo(here / "d/a.yaml")
    expected = Problem(Source("d/a.yaml"), "", "it is a pipe, not a file", "name a file or a folder")
    assert problem(here, "d/a.yaml") == problem(here, "d") == expected


def test_a_socket_is_not_opened(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named for what it is."""
    monkeypatch.chdir(here)  # the path of a socket may be about 100 bytes long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
    assert problem(here, "s").what == "it is a socket, not a file"


def test_a_device_is_not_opened(here: Path) -> None:
    """`/dev/zero` has no end."""
    assert problem(here, "/dev/zero") == Problem(
        Source("/dev/zero"), "", "it is a device, not a file", "name a file or a folder"
    )


def test_an_unreadable_file_is_a_problem(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions do not bind root, whom containers often run as, so the answer of the system is replaced."""
    write(here, "a.yaml")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert problem(here, "a.yaml") == Problem(
        Source("a.yaml"), "", "it cannot be read: permission denied", "correct its permissions"
    )


def test_an_unreadable_folder_is_a_problem(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not empty; we do not know what it holds."""
    write(here, "d/a.yaml", "d/closed/b.yaml")
    listed = Path.iterdir

    def iterdir(folder: Path) -> object:
        if folder.name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert problem(here, "d") == Problem(
        Source("d/closed"),
        "",
        "it cannot be read: permission denied",
        "correct the path, the link or the permissions",
    )


def test_hostile_names_are_escaped(here: Path) -> None:
    """A name cannot add a line to a log, nor stop it by not being text."""
    write(here, "d/a\n::error::b.yaml", "d/" + os.fsdecode(b"\xff.yaml"))
    assert shown(here, "d") == ["d/\\udcff.yaml", "d/a\\n::error::b.yaml"]


def test_a_folder_with_a_prefect_yaml_stands_for_it(here: Path) -> None:
    """As for Prefect itself: the other YAML files of such a folder are seldom manifests."""
    write(here, "d/prefect.yaml", "d/compose.yaml", "d/team/x.yaml")
    assert shown(here, "d") == ["d/prefect.yaml"]


def test_a_pattern_names_what_it_matches(here: Path) -> None:
    """Folders and files, sorted; two stars are any depth; a file of that very name is not a pattern."""
    write(here, "b/d/x.yaml", "a/d/y.yaml", "a/e/z.yaml", "a/.d/h.yaml", "odd[1].yaml")
    assert shown(here, "*/d") == ["a/d/y.yaml", "b/d/x.yaml"]
    assert shown(here, "**/z.yaml", "b/*/*.yaml") == ["a/e/z.yaml", "b/d/x.yaml"]
    assert shown(here, "odd[1].yaml") == ["odd[1].yaml"]


def test_a_pattern_that_matches_nothing(here: Path) -> None:
    """A mistake, and no empty answer."""
    write(here, "a/d/x.yaml")
    assert problem(here, "a/*/*.yml") == Problem(
        Source("a/*/*.yml"), "", "nothing matches this pattern", "correct it"
    )


def test_a_pattern_does_not_lead_out_of_its_folder(here: Path) -> None:
    """A link within a matched path could lead to any file of the machine."""
    write(here.parent / "secret", "d/x.yaml")
    write(here, "teams/a/d/y.yaml")
    (here / "teams" / "b").symlink_to(here.parent / "secret")
    assert problem(here, "teams/*/d").what == "the link leads out of the folder teams"
    assert shown(here, "../secret/*") == ["../secret/d/x.yaml"]
