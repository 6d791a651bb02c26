#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian packages of any machine: fetched and unpacked, never installed.

    debs.py --arch ARCH --into FOLDER [--list FILE] PACKAGE…

    apt-get download ─► ~/.cache/quire/PACKAGE_VERSION_ARCH.deb ─► dpkg -x ─► FOLDER

apt works with lists and a state of its own in a scratch folder: nothing of
this system changes (no foreign architecture, no root), only its configured
Debian mirrors are asked. What is in the cache is not asked for again: without
a network, put the .deb files there.

A FILE of --list has names of packages in each line, up to a "#".
"""
from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from machines import MACHINES

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quire"


class DebError(Exception):
    """A package cannot be had here; one line."""


def call(command: list[str], cwd: Path | None = None) -> str:
    """Output of a command; DebError with its last words when it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        raise DebError(f"{' '.join(command)}: no answer for five minutes")
    except OSError as error:
        raise DebError(f"{command[0]}: {error.strerror}")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no words"])[-1]
        raise DebError(f"{command[0]} failed: {last}")
    return done.stdout


class Archive:
    """The Debian archive as seen by an apt that runs for one machine only."""

    def __init__(self, arch: str) -> None:
        self.debian = MACHINES[arch].debian
        self._folder: tempfile.TemporaryDirectory | None = None
        self._options: list[str] = []       # empty: no lists yet

    def cached(self, package: str) -> Path | None:
        """The package's newest file in the cache."""
        files = CACHE.glob(f"{package}_*_{self.debian}.deb")
        return max(files, key=lambda file: file.stat().st_mtime, default=None)

    def hint(self, package: str) -> str:
        """What to do where apt cannot help."""
        return f"put {package}_VERSION_{self.debian}.deb of Debian into {CACHE}"

    def fetch(self, package: str) -> Path:
        """The package's file; downloaded when it is not in the cache."""
        if found := self.cached(package):
            return found
        options = self._update(package)
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as name:
            try:
                call(["apt-get", "-q", *options, "download", package], Path(name))
            except DebError as error:
                raise DebError(f"{error}; without a network: {self.hint(package)}")
            for deb in Path(name).glob("*.deb"):
                return deb.replace(CACHE / deb.name)
        raise DebError(f"apt-get downloaded no {package}; {self.hint(package)}")

    def newest(self, meta: str, pattern: str) -> str:
        """The package of this name pattern that a meta package depends on."""
        options = self._update(meta)
        found = re.search(rf"Depends: ({pattern})",
                          call(["apt-cache", *options, "depends", meta]))
        if not found:
            raise DebError(f"apt does not know {meta}")
        return found.group(1)

    def _update(self, package: str) -> list[str]:
        """Read the package lists once; apt's options from then on."""
        if self._options:
            return self._options
        if not shutil.which("apt-get"):
            raise DebError(f"no apt-get here to fetch {package}: {self.hint(package)}")
        self._folder = tempfile.TemporaryDirectory()
        state = Path(self._folder.name)
        (state / "lists/partial").mkdir(parents=True)
        (state / "cache/archives/partial").mkdir(parents=True)
        options = [word for setting in (
            f"Dir::State={state}", f"Dir::State::lists={state}/lists",
            f"Dir::Cache={state}/cache", "Dir::State::status=/dev/null",
            f"APT::Architecture={self.debian}", f"APT::Architectures={self.debian}",
            "APT::Sandbox::User=", "Acquire::Languages=none", "Acquire::Retries=1",
            "Acquire::http::Timeout=20", "Acquire::https::Timeout=20")
            for word in ("-o", setting)]
        # A mirror that does not answer shows when the package is wanted.
        call(["apt-get", "-q", *options, "update"])
        self._options = options
        return options


def unpack(deb: Path, folder: Path) -> None:
    """A package's files below folder."""
    folder.mkdir(parents=True, exist_ok=True)
    call(["dpkg", "-x", str(deb), str(folder)])


def read_list(path: Path) -> list[str]:
    """The packages that a list names."""
    return [word for line in path.read_text().splitlines()
            for word in line.partition("#")[0].split()]


def main() -> int:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Unpack Debian packages.")
    parser.add_argument("--arch", required=True, choices=MACHINES)
    parser.add_argument("--into", required=True, type=Path)
    parser.add_argument("--list", type=Path, help="a file that names more packages")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE")
    args = parser.parse_args()
    listed = read_list(args.list) if args.list else []
    archive = Archive(args.arch)
    try:
        for package in args.packages + listed:
            unpack(archive.fetch(package), args.into)
    except DebError as error:
        print(f"debs: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
