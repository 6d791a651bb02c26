#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write compile_commands.json for editors: compdb.py "COMPILER FLAGS" FILE…"""
import json
import os
import sys

entries = [{"directory": os.getcwd(), "file": name,
            "command": f"{sys.argv[1]} -c {name}"} for name in sys.argv[2:]]
with open("build/compile_commands.json", "w", encoding="utf-8") as out:
    json.dump(entries, out, indent=1)
