/* SPDX-License-Identifier: MIT */
/* exec: arguments, environment, auxiliary vector, errors, the stack. */
#include "check.h"

#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
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

/* ---- what is wrong with the file ------------------------------------------- */

#if defined(__x86_64__)
enum { MACHINE_OURS = EM_X86_64, MACHINE_OTHER = EM_AARCH64 };
#elif defined(__aarch64__)
enum { MACHINE_OURS = EM_AARCH64, MACHINE_OTHER = EM_X86_64 };
#endif

/* A program that would load, with a loader. */
struct small_program {
	Elf64_Ehdr h;
	Elf64_Phdr load, interp;
	char loader[40];
	char code[64];
};

static struct small_program small_program(const char *loader)
{
	struct small_program p = {
		.h = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
				    ELFDATA2LSB, EV_CURRENT },
		       .e_type = ET_EXEC,
		       .e_machine = MACHINE_OURS,
		       .e_version = EV_CURRENT,
		       .e_entry = 0x400000 + offsetof(struct small_program,
						      code),
		       .e_phoff = offsetof(struct small_program, load),
		       .e_ehsize = sizeof(Elf64_Ehdr),
		       .e_phentsize = sizeof(Elf64_Phdr),
		       .e_phnum = 2 },
		.load = { .p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_vaddr = 0x400000,
			  .p_filesz = sizeof(p),
			  .p_memsz = sizeof(p),
			  .p_align = PAGE },
		.interp = { .p_type = PT_INTERP,
			    .p_offset = offsetof(struct small_program, loader),
			    .p_filesz = strlen(loader) + 1 },
	};

	strcpy(p.loader, loader);
	return p;
}

static int small_errno(const struct small_program *p)
{
	write_program("/tmp/small", p, sizeof(*p));
	return exec_errno("/tmp/small");
}

CASE(loader_that_is_not_there)
{
	struct small_program p = small_program("/no/such/loader");

	CHECK(small_errno(&p) == ENOENT);
	p = small_program("/tmp");
	CHECK(small_errno(&p) == EACCES);
}

CASE(loader_that_is_none)
{
	struct small_program p = small_program("/tmp/loader");
	struct small_program loader = small_program("");
	char text[128] = "no program, but long enough to be one";

	write_program("/tmp/loader", text, sizeof(text));
	CHECK(small_errno(&p) == ELIBBAD);
	loader.h.e_machine = MACHINE_OTHER;
	write_program("/tmp/loader", &loader, sizeof(loader));
	CHECK(small_errno(&p) == ELIBBAD);
}

CASE(loader_without_a_proper_name)
{
	struct small_program p = small_program("/tmp/loader");

	p.interp.p_filesz--;            /* no NUL at its end */
	CHECK(small_errno(&p) == ENOEXEC);
	p.interp.p_filesz = 1;
	CHECK(small_errno(&p) == ENOEXEC);
	p.interp.p_filesz = 100000;
	CHECK(small_errno(&p) == ENOEXEC);
}

CASE(program_for_another_machine)
{
	struct small_program p = small_program("/tmp/loader");

	p.h.e_machine = MACHINE_OTHER;
	CHECK(small_errno(&p) == ENOEXEC);
}

CASE(broken_program_headers)
{
	struct small_program p = small_program("/tmp/loader"), ok = p;

	p.h.e_phentsize = 55;
	CHECK(small_errno(&p) == ENOEXEC);
	p = ok;
	p.h.e_phnum = 0;
	CHECK(small_errno(&p) == ENOEXEC);
	p = ok;
	p.h.e_phoff = 1 << 20;
	CHECK(small_errno(&p) == ENOEXEC);
	p = ok;
	p.h.e_type = ET_REL;
	CHECK(small_errno(&p) == ENOEXEC);
	write_program("/tmp/small", &ok, sizeof(ok.h) + 10);
	CHECK(exec_errno("/tmp/small") == ENOEXEC);
	write_program("/tmp/small", &ok, sizeof(ok.h) - 10);
	CHECK(exec_errno("/tmp/small") == ENOEXEC);
}

/* ---- files that were cut off ----------------------------------------------- */

/* All of this program. */
static char *own_bytes(size_t *len)
{
	int fd = open(self, O_RDONLY);
	char *bytes;

	CHECK(fd >= 0);
	*len = (size_t)lseek(fd, 0, SEEK_END);
	bytes = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(bytes != MAP_FAILED);
	return bytes;
}

/* What comes of the first len bytes: the wait status of a child that turns into
 * them, or 100 + errno as its exit code. */
static int cut_status(const char *bytes, size_t len)
{
	char *argv[] = { "x", "--count", NULL }, *envp[] = { NULL };
	int status;
	pid_t pid;

	write_program("/tmp/cut", bytes, len);
	pid = fork();
	if (pid == 0) {
		execve("/tmp/cut", argv, envp);
		_exit(100 + errno);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

/* Where in the file the part of the program begins that holds its entry point. */
static uint64_t entry_page(const Elf64_Ehdr *h, const Elf64_Phdr *ph)
{
	for (int i = 0; i < h->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && h->e_entry >= ph[i].p_vaddr &&
		    h->e_entry - ph[i].p_vaddr < ph[i].p_filesz)
			return (h->e_entry - ph[i].p_vaddr + ph[i].p_offset) &
			       ~(PAGE - 1);
	CHECK(!"an entry point in the program");
	return 0;
}

/* Cuts in the headers are an error of execve; behind them the program dies of
 * what is missing, or does not miss it. */
static void cut_at(const char *bytes, size_t len)
{
	const Elf64_Ehdr *h = (const Elf64_Ehdr *)bytes;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(bytes + h->e_phoff);
	int status = cut_status(bytes, len), whole = 1;

	for (int i = 0; i < h->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD)
			whole &= ph[i].p_offset + ph[i].p_filesz <= len;
	if (len < h->e_phoff + h->e_phnum * sizeof(*ph))
		CHECK(status == (100 + ENOEXEC) << 8);
	else if (entry_page(h, ph) >= len)
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	else if (whole)
		CHECK(status == 2 << 8);
	else
		CHECK(WIFSIGNALED(status) || status == 2 << 8);
}

PROVES(execve, "", "ENOEXEC, EIO or a signal for a file that was cut off")
CASE(programs_cut_off)
{
	struct small_program p = small_program("/tmp/loader");
	struct rlimit no_core = { 0, 0 };
	size_t len, step;
	char *bytes = own_bytes(&len);

	CHECK(setrlimit(RLIMIT_CORE, &no_core) == 0);
	for (size_t at = 0; at < 700; at += at < 80 ? 1 : 7)
		cut_at(bytes, at);
	step = len / 60 | 1;
	for (size_t at = 700; at < len; at += step)
		cut_at(bytes, at);
	for (size_t at = PAGE; at < len; at += PAGE * (1 + len / PAGE / 20)) {
		cut_at(bytes, at - 1);
		cut_at(bytes, at);
		cut_at(bytes, at + 1);
	}
	cut_at(bytes, len);
	for (size_t at = offsetof(struct small_program, loader);
	     at < offsetof(struct small_program, loader) + 12; at++) {
		write_program("/tmp/small", &p, at);
		CHECK(exec_errno("/tmp/small") == EIO);
	}
}

PROVES(execve, "", "EIO, ELIBBAD for a loader that was cut off")
CASE(loaders_cut_off)
{
	struct small_program p = small_program("/tmp/loader"), l;

	l = small_program("");
	write_program("/tmp/small", &p, sizeof(p));
	for (size_t at = 0; at < sizeof(l.h) + 2 * sizeof(l.load); at++) {
		write_program("/tmp/loader", &l, at);
		CHECK(exec_errno("/tmp/small") ==
		      (at < sizeof(l.h) ? EIO : ELIBBAD));
	}
}

static void write_script(const char *path, const char *text)
{
	write_program(path, text, strlen(text));
}

/* The exit code of the script, or 200 + errno. */
static int run_script(const char *path)
{
	char *argv[] = { "x", NULL }, *envp[] = { NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(path, argv, envp);
		_exit(200 + errno);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

CASE(scripts_without_an_interpreter)
{
	write_script("/tmp/script", "#!/no/such/shell -e\necho\n");
	CHECK(exec_errno("/tmp/script") == ENOENT);
	write_script("/tmp/script", "#!/tmp\n");
	CHECK(exec_errno("/tmp/script") == EACCES);
	write_script("/tmp/script", "#!\n");
	CHECK(exec_errno("/tmp/script") == ENOEXEC);
	write_script("/tmp/script", "#! \t \n");
	CHECK(exec_errno("/tmp/script") == ENOEXEC);
	write_script("/tmp/script", "#!"); /* its name is "": the directory */
	CHECK(exec_errno("/tmp/script") == EACCES);
	write_script("/tmp/script", "#! \t ");
	CHECK(exec_errno("/tmp/script") == EACCES);
	write_script("/tmp/script", "#");
	CHECK(exec_errno("/tmp/script") == ENOEXEC);
}

/* This program counts its arguments when it is told to. */
CASE(scripts_of_odd_shapes)
{
	char text[600];

	snprintf(text, sizeof(text), "#!%s --count", self);
	write_script("/tmp/script", text);      /* no newline */
	CHECK(run_script("/tmp/script") == 3);
	snprintf(text, sizeof(text), "#! \t%s\t--count\t \nrest", self);
	write_script("/tmp/script", text);
	CHECK(run_script("/tmp/script") == 3);
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "#!/", 3);
	text[sizeof(text) - 1] = '\0';
	write_script("/tmp/script", text);      /* a name that never ends */
	CHECK(run_script("/tmp/script") == 200 + ENOEXEC);
}

/* Scripts /tmp/nested0 … that run each other, the first of them our program. */
static void write_nested(int nr)
{
	char path[32], text[300];

	for (int i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "/tmp/nested%d", i);
		if (i)
			snprintf(text, sizeof(text), "#!/tmp/nested%d\n",
				 i - 1);
		else
			snprintf(text, sizeof(text), "#!%s --count\n", self);
		write_script(path, text);
	}
}

CASE(scripts_run_by_scripts)
{
	write_nested(6);
	CHECK(run_script("/tmp/nested0") == 3);
	CHECK(run_script("/tmp/nested4") == 7);
	CHECK(run_script("/tmp/nested5") == 200 + ELOOP);
	write_script("/tmp/script", "#!/tmp/script\n");
	CHECK(run_script("/tmp/script") == 200 + ELOOP);
}

CASE(more_arguments_than_fit)
{
	static char word[100000], longer[128 * 1024 + 1];
	char *argv[100] = { "x" }, *envp[] = { NULL };

	memset(word, 'w', sizeof(word) - 1);
	memset(longer, 'w', sizeof(longer) - 1);
	argv[1] = longer;
	CHECK(execve(self, argv, envp) == -1 && errno == E2BIG);
	for (int i = 1; i < 99; i++)
		argv[i] = word;
	CHECK(execve(self, argv, envp) == -1 && errno == E2BIG);
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
