/* SPDX-License-Identifier: MIT */
/* fork and copy-on-write: two processes, one picture, no leak between them. */
#include "check.h"

#include <sched.h>

static volatile char *area;

static void child_writes(void *arg)
{
	int nr = *(int *)arg;

	for (int i = 0; i < nr; i++) {
		CHECK(area[(size_t)i * PAGE] == (char)i);
		area[(size_t)i * PAGE] = (char)(i + 1);
	}
	for (int i = 0; i < nr; i++)
		CHECK(area[(size_t)i * PAGE] == (char)(i + 1));
}

PROVES(fork, "", "private memory parts (aarch64: clone)")
CASE(child_writes_stay_private)
{
	int nr = 500;

	area = map_pages((size_t)nr, RW);
	for (int i = 0; i < nr; i++)
		area[(size_t)i * PAGE] = (char)i;
	CHECK(in_child(child_writes, &nr) == 0);
	for (int i = 0; i < nr; i++)
		CHECK(area[(size_t)i * PAGE] == (char)i);
}

PROVES(clone, "SIGCHLD", "private memory parts, both ways")
CASE(parent_writes_stay_private)
{
	int go[2], nr = 300, status;
	char c = 0;
	pid_t pid;

	area = map_pages((size_t)nr, RW);
	for (int i = 0; i < nr; i++)
		area[(size_t)i * PAGE] = (char)i;
	CHECK(pipe(go) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK(read(go[0], &c, 1) == 1);
		for (int i = 0; i < nr; i++)
			CHECK(area[(size_t)i * PAGE] == (char)i);
		_exit(0);
	}
	for (int i = 0; i < nr; i++)
		area[(size_t)i * PAGE] = 99;
	CHECK(write(go[1], &c, 1) == 1);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void fork_deeper(void *arg)
{
	int depth = *(int *)arg;

	for (int i = 0; i < 16; i++) {
		CHECK(area[(size_t)i * PAGE] == (char)(depth + i));
		area[(size_t)i * PAGE]++;
	}
	depth++;
	if (depth < 12)
		CHECK(in_child(fork_deeper, &depth) == 0);
	for (int i = 0; i < 16; i++)
		CHECK(area[(size_t)i * PAGE] == (char)(depth + i));
}

CASE(chain_of_forks)
{
	int depth = 0;

	area = map_pages(16, RW);
	for (int i = 0; i < 16; i++)
		area[(size_t)i * PAGE] = (char)i;
	CHECK(in_child(fork_deeper, &depth) == 0);
	for (int i = 0; i < 16; i++)
		CHECK(area[(size_t)i * PAGE] == (char)i);
}

static void touch_zero(void *arg)
{
	(void)arg;
	CHECK(area[0] == 0);
	area[0] = 1;
}

CASE(zero_page_across_fork)
{
	area = map_pages(4, RW);
	CHECK(area[0] == 0);
	CHECK(in_child(touch_zero, NULL) == 0);
	CHECK(area[0] == 0);
	area[0] = 2;
	CHECK(area[0] == 2);
}

static void write_shared(void *arg)
{
	(void)arg;
	area[0] = 42;
	area[5 * PAGE] = 43;
}

PROVES(mmap, "MAP_SHARED, MAP_ANONYMOUS", "stays shared across fork")
CASE(shared_anonymous_memory)
{
	area = mmap(NULL, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	area[0] = 1;
	CHECK(in_child(write_shared, NULL) == 0);
	CHECK(area[0] == 42 && area[5 * PAGE] == 43);
}

static volatile int shared;

PROVES(vfork, "", "shares memory, the parent waits")
CASE(vfork_shares_memory_and_suspends)
{
	int status;
	pid_t pid;

	shared = 1;
	pid = vfork();
	if (pid == 0) {
		shared = 2;
		_exit(7);
	}
	CHECK(pid > 0);
#if !defined(__aarch64__)               /* musl's is fork() there, until 1.2.4 */
	CHECK(shared == 2);
#endif
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
}

static int share_and_exit(void *arg)
{
	usleep(1000);
	*(volatile int *)arg = 3;
	_exit(8);
}

/* What vfork() and posix_spawn() are made of. */
PROVES(clone, "CLONE_VM, CLONE_VFORK", "shares memory, the parent waits")
CASE(clone_shares_memory_and_suspends)
{
	static char stack[16384] __attribute__((aligned(16)));
	int status;
	pid_t pid;

	shared = 1;
	pid = clone(share_and_exit, stack + sizeof(stack),
		    CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)&shared);
	CHECK(pid > 0);
	CHECK(shared == 3);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 8);
}

PROVES(wait4, "", "each child by its number; ECHILD at the end")
CASE(many_children_at_once)
{
	enum { N = 60 };
	pid_t pid[N];
	int status;

	for (int i = 0; i < N; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (pid[i] == 0) {
			sched_yield();
			_exit(i);
		}
	}
	for (int i = 0; i < N; i++) {
		CHECK(waitpid(pid[i], &status, 0) == pid[i]);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == i);
	}
	CHECK(waitpid(-1, &status, 0) == -1 && errno == ECHILD);
}

CASE(read_only_stays_read_only_in_child)
{
	char *p = map_pages(1, RW);
	int status;
	pid_t pid;

	p[0] = 1;
	CHECK(mprotect(p, PAGE, PROT_READ) == 0);
	pid = fork();
	if (pid == 0) {
		*(volatile char *)p = 2;
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	CHECK(p[0] == 1);
}

int main(void)
{
	return run_cases();
}
