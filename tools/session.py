# SPDX-License-Identifier: MIT
"""A day at busybox's shell under busybox's init: what is typed, and after what.

What a program shall have said before the next key is pressed is written so that
the echo of the command does not look like it: R''EAD is echoed, READ is said.
"""
from __future__ import annotations

from watch import Talk

JOB = """sh -c 'trap "echo BA""CK" CONT; echo G""O; while :; do sleep 0.1; done'\n"""
TALK = [
    Talk("# ", JOB), Talk("GO\r\n", "\x1a"),            # ^Z
    Talk("Stopped", "jobs\n"), Talk("[1]+  Stopped", "fg\n"),
    Talk("BACK\r\n", "\x03"),                               # ^C
    Talk("# ", "echo status $?\n"), Talk("status 130", JOB),
    Talk("GO\r\n", "\x1a"), Talk("Stopped", "bg\n"),
    Talk("BACK\r\n", "kill %1; wait; echo do''ne\n"),
    Talk("done\r\n", "sh -c 'echo R''EAD; cat'\n"),
    Talk("READ\r\n", "hello\n"), Talk("hello\r\nhello\r\n", "\x04"),
    Talk("# ", "vi /tmp/f\n"), Talk("~", "ihello\n2nd"),
    Talk("2nd", "\x1b"), Talk("- /tmp/f", "kx:wq\n"),      # a lone ESC
    Talk("# ", "tr '\\n' + < /tmp/f; wc -c < /tmp/f\n"),
    Talk("helo+2nd+9", "tty; stty size; cat /proc/cmdline\n"),
    Talk("/dev/console\r\n24 80\r\ninit=/sbin/init", "ps\n"),
    Talk("1 0        init", "top -b -n1\n"), Talk("% idle", "free\n"),
    Talk("Mem:", "uptime; dmesg | grep -c 'init: run''ning'\n"),
    Talk("load average", ""), Talk("1\r\n", "exit\n"),
    Talk("built-in shell", ""),                               # respawned
]

# How to leave, and what the kernel says then.
LEAVE = {"poweroff": "reboot: power off", "halt": "reboot: power off",
         "reboot": "reboot: restarting"}
