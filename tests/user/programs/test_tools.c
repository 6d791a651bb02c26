/* SPDX-License-Identifier: MIT */
/*
 * Programs from Debian's packages at work on text and files. They are
 * dynamically linked and as Debian ships them; each must say here what it says
 * on Linux. What can be computed in another way is computed.
 */
#define SHELL "/bin/bash"
#include "shell.h"

/* ---- shells and text ----------------------------------------------------------- */

CASE(bash_data)
{
	SAYS("bash -c 'declare -A n; n[one]=1; n[two]=2; a=(x y z);"
	     " echo ${#n[@]} ${n[two]} ${a[@]:1} ${a[-1]^^}'",
	     "2 2 y z Z");
	SAYS("bash -c '[[ frame-4711 =~ ([a-z]+)-([0-9]+) ]] &&"
	     " echo ${BASH_REMATCH[2]} ${BASH_REMATCH[1]}'",
	     "4711 frame");
}

CASE(bash_processes)
{
	SAYS("bash -c 'cat <<< word; wc -l <<END\n1\n2\n3\nEND\n'", "word\n3");
	SAYS("bash -c 'coproc cat; echo back >&${COPROC[1]};"
	     " read -u ${COPROC[0]} x; echo $x'",
	     "back");
	SAYS("bash -c 'for i in 1 2 3; do (exit $i) & p+=($!); done; s=0;"
	     " for i in ${p[@]}; do wait $i; s=$((s + $?)); done; echo $s'",
	     "6");
	SAYS("bash -c 'trap \"echo bye\" EXIT; trap \"echo usr1\" USR1;"
	     " kill -USR1 $$; seq 1 10 | { read a; read b; echo $a$b; };"
	     " echo ${PIPESTATUS[@]}'",
	     "usr1\n12\n0 0\nbye");
}

CASE(bash_substitutes_processes)
{
	SAYS("bash -c 'diff <(seq 1 5) <(seq 2 6)'; test $? = 1",
	     "1d0\n< 1\n5a5\n> 6");
}

CASE(coreutils_sort_with_threads)
{
	SAYS("seq 1 30000 | sort -R | sort -n --parallel=4 -S 1M |"
	     " cmp - /dev/fd/3 3<<END && echo same\n$(seq 1 30000)\nEND",
	     "same");
	SAYS("printf 'b 2\\na 10\\nc 1\\n' | sort -k2n | cut -d' ' -f1 |"
	     " paste -sd,",
	     "c,b,a");
}

CASE(coreutils_sums)
{
	SAYS("printf abc | sha256sum", "ba7816bf8f01cfea414140de5dae2223"
				       "b00361a396177a9cb410ff61f20015ad  -");
	SAYS("printf abc | md5sum", "900150983cd24fb0d6963f7d28e17f72  -");
	SAYS("factor 1234567890123456789012345678901",
	     "1234567890123456789012345678901: 7742394596501 "
	     "159455563099482401");
	SAYS("printf abc | base64 | tr -d '\\n' | base64 -d", "abc");
}

CASE(coreutils_files)
{
	SAYS("cd /tmp && mkdir -m 750 t && cd t && echo hello > f &&"
	     " ln f g && ln -s f h && stat -c '%A %h %s' f && readlink h &&"
	     " stat -c '%a %F' . && cp -a f k && cmp f k && mv k l &&"
	     " ls -1 | paste -sd' ' && du -b --apparent-size f | cut -f1 &&"
	     " cd .. && rm -r t",
	     "-rw-r--r-- 2 6\nf\n750 directory\nf g h l\n6");
	SAYS("timeout 0.1 sleep 100; echo $?", "124");
	SAYS("date -u -d @86400 +%F", "1970-01-02");
	SAYS("dd if=/dev/zero bs=4096 count=3 seek=2 status=none of=/tmp/z &&"
	     " stat -c %s /tmp/z && truncate -s 5 /tmp/z && wc -c < /tmp/z &&"
	     " rm /tmp/z",
	     "20480\n5");
}

CASE(findutils)
{
	SAYS("mkdir -p /tmp/x/y/z && touch /tmp/x/a.c /tmp/x/y/b.c /tmp/x/y/c.h"
	     " && cd /tmp/x && find . -name '*.c' | sort | paste -sd' ' &&"
	     " find . -type f -print0 | xargs -0 -n1 -P3 basename | sort |"
	     " paste -sd' ' && find . -depth -delete; ls /tmp/x 2>/dev/null;"
	     " rmdir /tmp/x 2>/dev/null; true",
	     "./a.c ./y/b.c\na.c b.c c.h");
}

CASE(grep_with_compiled_patterns)
{
	SAYS("seq 1 2000 | grep -cP '^(?=.*7)(?!.*1)\\d+$'", "217");
	SAYS("seq 1 1000 | grep -Ec '(.)\\1'", "181");
}

CASE(sed_in_place)
{
	SAYS("seq 1 5 > /tmp/s && sed -i.old -E '2d;s/^(4)$/<\\1>/;$!N;s/\\n/+/'"
	     " /tmp/s && cat /tmp/s && wc -l < /tmp/s.old && rm /tmp/s*",
	     "1+2\n3+4\n5\n5");
}

CASE(mawk)
{
	SAYS("seq 1 1000 | mawk '{ s += $1; q[$1 % 7]++ } END { printf"
	     " \"%d %d %.3f %s\\n\", s, q[3], log(s), toupper(\"ok\") }'",
	     "500500 143 13.123 OK");
}

CASE(bc_digits_of_pi)
{
	SAYS("echo 'scale=60; 4*a(1)' | BC_LINE_LENGTH=0 bc -l",
	     "3.141592653589793238462643383279502884197169399375105820974944");
	SAYS("echo '2^200 % (10^9+7)' | bc", "499445072");
}

/* ---- archives ----------------------------------------------------------------------- */

CASE(tar_and_gzip)
{
	SAYS("mkdir -p /tmp/t/d && seq 1 5000 > /tmp/t/d/n && ln -s n /tmp/t/d/l"
	     " && cd /tmp/t && tar czf a.tar.gz d && mv d e &&"
	     " tar xzf a.tar.gz && diff -r d e && tar tf a.tar.gz | sort | paste -sd' '"
	     " && readlink d/l && gzip -tv a.tar.gz; cd /; rm -r /tmp/t",
	     "d/ d/l d/n\nn\na.tar.gz:\t OK");
}

CASE(xz_with_threads)
{
	SAYS("seq 1 200000 > /tmp/n && xz -T2 --block-size=256KiB -0 -k /tmp/n &&"
	     " xz -l --robot /tmp/n.xz | mawk '/^totals/ { print ($3 > 3) }' &&"
	     " xz -dc -T2 /tmp/n.xz | cmp - /tmp/n && echo same; rm /tmp/n*",
	     "1\nsame");
}

CASE(pigz_with_threads)
{
	SAYS("seq 1 200000 > /tmp/n && pigz -p 4 -b 128 -c /tmp/n > /tmp/n.gz &&"
	     " gzip -dc /tmp/n.gz | cmp - /tmp/n && echo same; rm /tmp/n*",
	     "same");
}

/* ---- data ------------------------------------------------------------------------------ */

CASE(jq)
{
	SAYS("echo '{\"a\":[{\"n\":1},{\"n\":41}],\"t\":\"x-y\"}' |"
	     " jq -c '[(.a | map(.n) | add), (.t | test(\"^x.y$\")),"
	     " (.t | split(\"-\") | reverse)]'",
	     "[42,true,[\"y\",\"x\"]]");
	SAYS("jq -n '[range(100000)] | map(. * 2) | add'", "9999900000");
}

CASE(file_knows_what_it_sees)
{
	SAYS("echo text | gzip | file -b - | cut -d, -f1;"
	     " file -b --mime-type /tests/test_tools;"
	     " echo '#!/bin/sh' | file -b -",
	     "gzip compressed data\napplication/x-executable\n"
	     "POSIX shell script, ASCII text executable");
}

CASE(sqlite_in_memory)
{
	SAYS("sqlite3 :memory: 'create table t(n, s);"
	     " with recursive c(n) as (values(1) union all select n+1 from c"
	     " where n < 20000) insert into t select n, printf(\"%05d\", n) from c;"
	     " create index i on t(s); select count(*), sum(n), max(s) from t"
	     " where s like \"1%\"; pragma integrity_check;'",
	     "10000|149995000|19999\nok");
}

CASE(sqlite_on_a_file)
{
	SAYS("rm -f /tmp/db*; sqlite3 /tmp/db 'pragma mmap_size=1000000;"
	     " create table t(n); begin; insert into t values(1),(2),(3); commit;"
	     " begin; delete from t; rollback; select sum(n) from t;' &&"
	     " sqlite3 /tmp/db 'select count(*) from t; pragma integrity_check;"
	     " vacuum;'; rm -f /tmp/db*",
	     "1000000\n6\n3\nok");
}

CASE(sqlite_with_a_log)
{
	SAYS("rm -f /tmp/w*; sqlite3 /tmp/w 'pragma journal_mode=wal;"
	     " create table t(n); insert into t values(5);' && for i in 1 2 3 4;"
	     " do sqlite3 -cmd '.timeout 20000' /tmp/w"
	     " \"insert into t values($i);\" & done; wait;"
	     " sqlite3 /tmp/w 'select sum(n) from t; pragma integrity_check;';"
	     " rm -f /tmp/w*",
	     "wal\n15\nok");
}

int main(void)
{
	return run_cases();
}
