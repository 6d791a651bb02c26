/* SPDX-License-Identifier: MIT */
/*
 * Languages and builders from Debian's packages: interpreters with large heaps,
 * a compiler that makes code at run time, threads of both C libraries, programs
 * that start many others.
 */
#define SHELL "/bin/bash"
#include "shell.h"

/* ---- languages ------------------------------------------------------------------ */

CASE(perl)
{
	SAYS("perl -e 'my %h = map { $_ => $_ ** 2 } 1 .. 1000; my $s = 0;"
	     " $s += $h{$_} for sort { $a <=> $b } keys %h; print \"$s\\n\"'",
	     "333833500");
	SAYS("perl -e '$_ = \"x\" x 5; s/(x)(?=x)/$1-/g; print ucfirst, \"\\n\"'",
	     "X-x-x-x-x");
}

CASE(perl_forks)
{
	SAYS("perl -e 'pipe(R, W); for my $i (1 .. 5) { unless (fork) {"
	     " close R; syswrite W, \"$i\\n\"; exit $i } } close W;"
	     " my $t = 0; $t += $_ while <R>; my $s = 0;"
	     " $s += $? >> 8 while wait() > 0; print \"$t $s\\n\";"
	     " $SIG{ALRM} = sub { die \"alarm\\n\" };"
	     " eval { alarm 1; select(undef, undef, undef, 20) }; print $@'",
	     "15 15\nalarm");
}

CASE(perl_maps_unicode)
{
	SAYS("perl -CS -e 'print lc(\"\\x{c4}\\x{416}\"), \"\\n\"'",
	     "\303\244\320\266");
}

CASE(python_counts)
{
	SAYS("python3.11 -c 'print(sum(int(c) for c in str(3 ** 5000)),"
	     " hash((1, 2)) == hash((1, 2)))'",
	     "11097 True");
	SAYS("python3.11 -c 'import re, os, collections as c;"
	     " w = re.findall(r\"[a-z]+\", \"to be or not to be\");"
	     " print(c.Counter(w).most_common(2), os.getpid() > 1)'",
	     "[('to', 2), ('be', 2)] True");
}

CASE(python_threads)
{
	SAYS("cat > /tmp/t.py <<END\n"
	     "import threading\n"
	     "n = [0]\n"
	     "lock = threading.Lock()\n"
	     "def work():\n"
	     "    for i in range(2000):\n"
	     "        with lock:\n"
	     "            n[0] += 1\n"
	     "ts = [threading.Thread(target=work) for i in range(8)]\n"
	     "[t.start() for t in ts]; [t.join() for t in ts]\n"
	     "print(n[0])\n"
	     "END\n"
	     "python3.11 /tmp/t.py; rm /tmp/t.py",
	     "16000");
}

CASE(python_starts_others)
{
	SAYS("cat > /tmp/s.py <<END\n"
	     "import subprocess as s, signal, os\n"
	     "print(s.run(['sed', 's/a/b/'], input=b'a cat', "
	     "stdout=s.PIPE).stdout)\n"
	     "p = s.Popen(['sleep', '100']); p.send_signal(signal.SIGTERM)\n"
	     "print(p.wait())\n"
	     "try: s.run(['/no/such'])\n"
	     "except OSError as e: print(e.strerror)\n"
	     "END\n"
	     "python3.11 /tmp/s.py; rm /tmp/s.py",
	     "b'b cat'\n-15\nNo such file or directory");
}

CASE(luajit_compiles)
{
	const char *program =
		"local s = 0; for i = 1, 3000000 do s = (s + i * i) % 1000003 "
		"end; local t = {}; for i = 1, 1e5 do t[#t + 1] = i end; "
		"print(s, #t, string.rep(\"ab\", 3):gsub(\"b\", \"c\"))";
	char command[512];

	snprintf(command, sizeof(command), "luajit -e '%s'", program);
	SAYS(command, "999799\t100000\tacacac\t3");
	snprintf(command, sizeof(command), "luajit -joff -e '%s'", program);
	SAYS(command, "999799\t100000\tacacac\t3");
}

/* ---- threads of both C libraries ------------------------------------------------- */

static const char *const threads_say =
	"1001106 1001106 1001106 1001106 1001106 1001106 1001106 1001106 "
	"total 8000 cleaned 28 cos -0.416147";

CASE(threads_glibc)
{
	SAYS("/bin/threads_glibc /lib/plugin_glibc.so", threads_say);
}

CASE(threads_musl)
{
	SAYS("/bin/threads_musl /lib/plugin_musl.so", threads_say);
}

/* test_vdso by way of both loaders. */
CASE(clock_without_a_call)
{
	SAYS("/bin/clock_glibc | sed -n '/^ok/!p'; /bin/clock_musl |"
	     " sed -n '/^ok/!p'; /bin/clock_glibc | grep -c uses_it",
	     "1");
}

/* The loaders as programs. */
CASE(loaders)
{
	SAYS("ldd() { LD_TRACE_LOADED_OBJECTS=1 \"$@\"; };"
	     " ldd /usr/bin/ninja | grep -c '=> /'",
	     "4");
	SAYS("/lib/ld-musl-$(uname -m).so.1 /bin/threads_musl"
	     " /lib/plugin_musl.so",
	     threads_say);
}

/* ---- builders --------------------------------------------------------------------- */

CASE(make_with_jobs)
{
	SAYS("mkdir /tmp/m && cd /tmp/m && printf 'all: $(addsuffix .o,"
	     "$(shell seq 1 20))\\n\\t@cat *.o | sort -n | paste -sd+ | bc\\n"
	     "%%.o:\\n\\t@echo $* > $@\\n' > Makefile && make -s -j4 &&"
	     " make -s -j4; cd /; rm -r /tmp/m",
	     "210\n210");
}

CASE(ninja_with_jobs)
{
	SAYS("mkdir /tmp/j && cd /tmp/j && { printf 'rule r\\n  command ="
	     " seq 1 $n > $out\\n'; for i in $(seq 1 12); do printf"
	     " 'build o%d: r\\n  n = %d\\n' $i $i; done; } > build.ninja &&"
	     " ninja -j4 | tail -n 1 | sed 's/.*o[0-9]*$/[built]/' &&"
	     " cat o* | wc -l && ninja; cd /; rm -r /tmp/j",
	     "[built]\n78\nninja: no work to do.");
}

CASE(memtester)
{
	SAYS("set -o pipefail; memtester 1M 1 2>/dev/null | tail -n 1",
	     "Done.");
}

/* ---- readers of /proc ----------------------------------------------------------------- */

CASE(procps_ps)
{
	SAYS("sleep 77 & ps -o stat=,args= -p $! | sed s/^R/S/; kill $!",
	     "S+   sleep 77");
	SAYS("set -m; sleep 77 & ps -o stat=,args= -p $! | sed s/^R/S/;"
	     " kill $!",
	     "S    sleep 77");
	SAYS("busybox setsid sleep 77 & sleep 0.1; ps -o stat=,tty=,args= -C sleep;"
	     " pkill -x sleep",
	     "Ss   ?        sleep 77");
	SAYS("ps -o pid=,ppid=,comm= -p 1 | tr -s ' '", " 1 0 init");
	CHECK(strstr(shell("ps aux"), "ps aux"));
	CHECK(strstr(shell("ps -eLf"), "ps -eLf"));
}

CASE(procps_memory)
{
	SAYS("free -k | mawk '/^Mem:/ { print ($2 > 0), ($7 <= $2) }'", "1 1");
	SAYS("vmstat 1 1 | mawk 'NR == 3 { print NF, ($4 > 0) }'", "17 1");
	SAYS("pmap -x $$ | mawk '/^total/ { print ($3 > $4), ($4 > 0) }'",
	     "1 1");
}

CASE(procps_top)
{
	CHECK(strstr(shell("top -b -n1"), "load average"));
	CHECK(strstr(shell("top -b -n1"), "top"));
	CHECK(strstr(shell("uptime"), "load average"));
	SAYS("pgrep -x init", "1");
}

int main(void)
{
	return run_cases();
}
