#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write an initramfs: a cpio archive in the "newc" format.

    mkinitramfs.py -o OUT [--busybox PATH] [--strip PROGRAM]
                   [--tree FOLDER [--without PATTERN]...] NAME=FILE ...

NAME is the path inside the archive. Folders appear by themselves; busybox
brings links for the applets of APPLETS. --tree takes all that is below a
folder as it is, symbolic links too, but for names that match a PATTERN. Where
a name comes from several sides, NAME=FILE wins over the tree, and a program of
this name anywhere over busybox. The same input gives the same bytes: no time stamps, no owners, sorted
names.

    archive = entry … "TRAILER!!!" entry
    entry   = "070701" + 13 fields of 8 hex digits, name, 0, pad to 4,
              contents, pad to 4
"""
from __future__ import annotations

import argparse
import fnmatch
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDERS = ("bin", "dev", "etc", "proc", "root", "sbin", "tests", "tmp", "usr",
           "usr/bin", "usr/sbin")

# What the shell's user will look for. A fixed list: the archive must not
# depend on how this machine's busybox was configured, nor on running it.
APPLETS = """
    [ ash awk base64 basename cat chmod clear cmp cp cut date dd df dirname dmesg
    du echo env expr false find free grep halt head hexdump hostname id kill
    killall less ln ls md5sum mkdir mktemp more mv nohup nproc od pgrep pidof
    pmap poweroff printenv printf ps pwd readlink reboot renice reset rm rmdir
    sed seq setsid sh sha256sum sleep sort stat stty sum sync tail tee test time
    timeout top touch tr true tty uname uniq uptime usleep vi watch wc which
    whoami xargs yes
""".split()


class Newc:
    """A cpio archive that grows in memory."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.inode = 0

    def _entry(self, name: str, mode: int, body: bytes, links: int) -> None:
        """Append one entry; fields in the order of cpio(5)."""
        raw = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, links, 0, len(body), 0, 0, 0, 0,
                  len(raw), 0)
        self.data += b"070701" + b"".join(b"%08X" % f for f in fields) + raw
        self._pad(4)
        self.data += body
        self._pad(4)

    def _pad(self, unit: int) -> None:
        self.data += bytes(-len(self.data) % unit)

    def add(self, name: str, mode: int, body: bytes = b"") -> None:
        """Append a file, folder or link under a new inode number."""
        self.inode += 1
        self._entry(name, mode, body, 2 if stat.S_ISDIR(mode) else 1)

    def finish(self) -> bytes:
        """The whole archive, closed by its trailer."""
        self.inode = 0
        self._entry("TRAILER!!!", 0, b"", 1)
        self._pad(512)
        return bytes(self.data)


def contents(path: Path, strip: str | None) -> bytes:
    """The bytes of a file; of a program without its debugging symbols."""
    raw = path.read_bytes()
    if not strip or not raw.startswith(b"\x7fELF"):
        return raw
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run([strip, "-o", out.name, str(path)], check=True)
        return Path(out.name).read_bytes()


def parents(name: str) -> list[str]:
    """Folders above a name, the outermost first: a/b/c has a, a/b."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def read_tree(tree: Path, without: list[str]) -> tuple[dict[str, Path], dict[str, bytes]]:
    """Files (name -> source) and symbolic links (name -> target) below a folder."""
    files, links = {}, {}
    for path in sorted(tree.rglob("*")):
        name = str(path.relative_to(tree))
        if any(fnmatch.fnmatch(name, pattern) for pattern in without):
            continue
        if path.is_symlink():
            links[name] = os.fsencode(os.readlink(path))
        elif path.is_file():
            files[name] = path
    return files, links


def build(files: dict[str, Path], busybox: Path | None, strip: str | None,
          plain: bool, links: dict[str, bytes] | None = None) -> bytes:
    """The archive with these files (name -> source) and links (name -> target)."""
    files, links = dict(files), dict(links or {})
    if busybox:
        files["bin/busybox"] = busybox
        taken = {name.rpartition("/")[2] for name in [*files, *links]}
        links |= {f"bin/{a}": b"busybox" for a in APPLETS if a not in taken}
        links.setdefault("sbin/init", b"../bin/busybox")
    folders = set() if plain else set(FOLDERS)
    for name in [*files, *links]:
        folders.update(parents(name))

    archive = Newc()
    for name in sorted(folders):
        sticky = stat.S_ISVTX | 0o777 if name == "tmp" else 0o755
        archive.add(name, stat.S_IFDIR | sticky)
    for name, source in sorted(files.items()):
        runs = source.stat().st_mode & 0o111
        archive.add(name, stat.S_IFREG | (0o755 if runs else 0o644),
                    contents(source, strip))
    for name, target in sorted(links.items()):
        archive.add(name, stat.S_IFLNK | 0o777, target)
    return archive.finish()


def main() -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Write an initramfs.")
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument("--busybox", type=Path)
    parser.add_argument("--strip", help="program that strips executables")
    parser.add_argument("--tree", type=Path, help="all that is below this folder")
    parser.add_argument("--without", action="append", default=[], metavar="PATTERN",
                        help="what of the tree stays outside")
    parser.add_argument("--plain", action="store_true",
                        help="only the named files, no usual folders")
    parser.add_argument("files", nargs="*", metavar="NAME=FILE")
    args = parser.parse_args()

    files, links = read_tree(args.tree, args.without) if args.tree else ({}, {})
    for word in args.files:
        name, separator, source = word.partition("=")
        if not separator or not Path(source).is_file():
            print(f"mkinitramfs: no such file: {word}", file=sys.stderr)
            return 1
        files[name.strip("/")] = Path(source)
        links.pop(name.strip("/"), None)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_bytes(build(files, args.busybox, args.strip, args.plain,
                                  links))
    return 0


if __name__ == "__main__":
    sys.exit(main())
