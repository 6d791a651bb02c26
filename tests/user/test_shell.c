/* SPDX-License-Identifier: MIT */
/* busybox, Debian's own static binary, does a shell's daily work. */
#include "shell.h"

CASE(echo)
{
	CHECK(!strcmp(shell("echo hello, world"), "hello, world"));
}

CASE(variables_and_arithmetic)
{
	CHECK(!strcmp(shell("a=6; b=7; echo $((a * b))"), "42"));
}

CASE(loop_and_redirection)
{
	CHECK(!strcmp(shell("for i in 1 2 3; do echo line $i; done > /tmp/out;"
			    " cat /tmp/out; rm /tmp/out"),
		      "line 1\nline 2\nline 3"));
}

CASE(pipeline)
{
	CHECK(!strcmp(shell("seq 1 1000 | grep 7 | wc -l"), "271"));
	CHECK(!strcmp(shell("echo b a c | tr ' ' '\\n' | sort | tr '\\n' ' '"),
		      "a b c "));
}

CASE(command_substitution)
{
	CHECK(!strcmp(shell("echo \"<$(echo $(echo deep))>\""), "<deep>"));
}

CASE(ls)
{
	CHECK(!strcmp(shell("mkdir /tmp/d && cd /tmp/d && touch b a && ls;"
			    " cd / && rm -r /tmp/d"),
		      "a\nb"));
}

CASE(ps_shows_us)
{
	CHECK(strstr(shell("ps"), "test_shell"));
}

CASE(free_adds_up)
{
	unsigned long total, used, available;

	CHECK(sscanf(shell("free | grep Mem:"), "Mem: %lu %lu %lu", &total,
		     &used, &available) == 3);
	CHECK(total > 0 && used < total && available <= total);
}

CASE(exit_status)
{
	CHECK(!strcmp(shell("false; echo $?; true; echo $?; (exit 7); echo $?"),
		      "1\n0\n7"));
}

CASE(background_and_wait)
{
	CHECK(!strcmp(shell("sleep 0.05 & echo first; wait; echo then"),
		      "first\nthen"));
}

CASE(signals_between_processes)
{
	CHECK(!strcmp(
		shell("sleep 100 & kill $!; wait $! 2>/dev/null; echo $?"),
		"143"));
}

CASE(hello_programs)
{
	CHECK(strstr(shell("/bin/hello_musl"), "musl"));
	CHECK(strstr(shell("/bin/hello_glibc"), "glibc"));
	CHECK(strstr(shell("/bin/hello_pie"), "static-pie"));
}

int main(void)
{
	return run_cases();
}
