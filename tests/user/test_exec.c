/* SPDX-License-Identifier: MIT */
/* exec: arguments, environment, auxiliary vector, errors, the stack. */
#include "check.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const char *self;

static int run_self(char *const argv[], char *const envp[])
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(self, argv, envp);
		_exit(126);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 1000 + WTERMSIG(status);
}

PROVES(execve, "", "argv, envp and auxiliary vector arrive")
CASE(arguments_and_environment)
{
	char *argv[] = { "x", "--child", "two words", "", NULL };
	char *envp[] = { "A=1", "LONG=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
			 NULL };

	CHECK(run_self(argv, envp) == 0);
}

/* Second life of this program: what it was given must be there. */
static int child_main(int argc, char **argv)
{
	if (argc != 4 || strcmp(argv[2], "two words") || *argv[3])
		return 10;
	if (!getenv("A") || strcmp(getenv("A"), "1") || !getenv("LONG"))
		return 11;
	if (getauxval(AT_PAGESZ) != PAGE || !getauxval(AT_PHDR) ||
	    !getauxval(AT_ENTRY) || !getauxval(AT_RANDOM))
		return 12;
	if ((uintptr_t)&argc & 3)
		return 13;
	return 0;
}

PROVES(execve, "", "1000 arguments of 100 bytes")
CASE(large_arguments)
{
	enum { N = 1000 };
	char *argv[N + 3], *envp[] = { NULL };
	static char word[100];

	memset(word, 'w', sizeof(word) - 1);
	argv[0] = "x";
	argv[1] = "--count";
	for (int i = 0; i < N; i++)
		argv[2 + i] = word;
	argv[2 + N] = NULL;
	CHECK(run_self(argv, envp) == (N + 2) % 251);
}

static int exec_errno(const char *path)
{
	char *argv[] = { "x", NULL }, *envp[] = { NULL };

	execve(path, argv, envp);
	return errno;
}

static void write_program(const char *path, const void *bytes, size_t len)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
}

PROVES(execve, "", "ENOENT, EACCES, ENOEXEC, EFAULT")
CASE(errors)
{
	static volatile uintptr_t wild = 8;
	Elf64_Ehdr broken = { .e_ident = ELFMAG, .e_type = ET_EXEC };

	CHECK(exec_errno("/no/such/program") == ENOENT);
	CHECK(exec_errno("/tmp") == EACCES);
	write_program("/tmp/text", "not a program\n", 14);
	CHECK(exec_errno("/tmp/text") == ENOEXEC);
	write_program("/tmp/elf", &broken, sizeof(broken));
	CHECK(exec_errno("/tmp/elf") == ENOEXEC);
	write_program("/tmp/short", ELFMAG, 4);
	CHECK(exec_errno("/tmp/short") == ENOEXEC);
	CHECK(chmod("/tmp/text", 0644) == 0);
	CHECK(exec_errno("/tmp/text") == EACCES);
	CHECK(exec_errno((const char *)wild) == EFAULT);
}

static int burn_stack(int pages)
{
	volatile char frame[PAGE];

	frame[0] = 1;
	frame[PAGE - 1] = 1;
	return pages <= 0 ? 0 : burn_stack(pages - 1) + frame[0] - 1;
}

CASE(stack_grows)
{
	CHECK(burn_stack(1000) == 0);    /* about 4 MiB of 8 */
}

static void overflow_stack(void *arg)
{
	(void)arg;
	burn_stack(1 << 20);
}

CASE(stack_limit_holds)
{
	int status = in_child(overflow_stack, NULL);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

PROVES(setrlimit, "RLIMIT_STACK", "the stack grows up to it")
CASE(lower_stack_limit)
{
	struct rlimit lim = { 256 * 1024, RLIM_INFINITY };

	CHECK(setrlimit(RLIMIT_STACK, &lim) == 0);
	CHECK(burn_stack(32) == 0);
}

int main(int argc, char **argv)
{
	static char path[256];

	if (argc > 1 && !strcmp(argv[1], "--child"))
		return child_main(argc, argv);
	if (argc > 1 && !strcmp(argv[1], "--count"))
		return argc % 251;
	if (readlink("/proc/self/exe", path, sizeof(path) - 1) > 0)
		self = path;
	else
		self = argv[0];
	return run_cases();
}
