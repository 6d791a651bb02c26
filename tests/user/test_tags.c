/* SPDX-License-Identifier: MIT */
/*
 * Pointers with a tag: AArch64 ignores the top byte of an address, so that a
 * program may keep something of its own there.
 *
 *	63    56 55  54       48 47                                   0
 *	┌───────┬───┬───────────┬─────────────────────────────────────┐
 *	│  tag  │ 0 │     0     │              address                │
 *	└───────┴───┴───────────┴─────────────────────────────────────┘
 *
 * Loads, stores and jumps never see it. The kernel does not see it in what names
 * memory that is there (munmap, mprotect …); buffers of system calls may have
 * one after prctl(PR_SET_TAGGED_ADDR_CTRL). Places for something new never may.
 */
#if defined(__aarch64__)

#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>

enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE = 1, FUTEX_WAKE_PRIVATE = 129 };
enum { SET_CTRL = 55, GET_CTRL = 56, ENABLE = 1 };
#define EXPOSE_TAGBITS 0x800

#define TAG  0x5aul
#define BIT7 0xa5ul                     /* a tag that looks negative */

static void *tagged(const void *p, uintptr_t tag)
{
	return (void *)((uintptr_t)p | tag << 56);
}

static void take_tags(void)
{
	CHECK(prctl(SET_CTRL, ENABLE, 0, 0, 0) == 0);
}

/* Without the C library's wrapper, which may look at a pointer itself. */
#define call(...) syscall(__VA_ARGS__)

/* ---- faults ---------------------------------------------------------------- */

static sigjmp_buf back;
static uintptr_t fault_si_addr, fault_address;
static uint64_t fault_esr;
static int fault_code;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	const mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
	const unsigned char *at = (const unsigned char *)m->__reserved;

	fault_si_addr = (uintptr_t)info->si_addr;
	fault_address = m->fault_address;
	fault_code = info->si_code;
	fault_esr = 0;
	while (1) {
		uint32_t magic, size;

		memcpy(&magic, at, 4);
		memcpy(&size, at + 4, 4);
		if (!magic)
			break;
		if (magic == 0x45535201)
			memcpy(&fault_esr, at + 8, 8);
		at += size;
	}
	siglongjmp(back, sig);
}

static void catch_faults(int flags)
{
	struct sigaction act = { .sa_sigaction = on_fault,
				 .sa_flags = SA_SIGINFO | SA_NODEFER | flags };

	CHECK(sigaction(SIGSEGV, &act, NULL) == 0);
	CHECK(sigaction(SIGBUS, &act, NULL) == 0);
}

/* The signal that a load gives, 0: none. */
static int load(const void *p)
{
	int sig = sigsetjmp(back, 0);

	if (!sig)
		(void)*(volatile const char *)p;
	return sig;
}

static int store(void *p)
{
	int sig = sigsetjmp(back, 0);

	if (!sig)
		*(volatile char *)p = 1;
	return sig;
}

/* ---- accesses -------------------------------------------------------------- */

CASE(loads_and_stores_ignore_it)
{
	char *p = map_pages(4, RW);

	for (uintptr_t tag = 0; tag < 256; tag++) {
		char *t = tagged(p, tag);

		t[tag] = (char)tag;
		CHECK(p[tag] == (char)tag);
		CHECK(*(volatile char *)tagged(p + PAGE, tag) == 0);
	}
	*(char *)tagged(p + 2 * PAGE, BIT7) = 7;        /* first touch */
	CHECK(p[2 * PAGE] == 7);
	CHECK(__atomic_add_fetch((int *)tagged(p + 3 * PAGE, TAG), 5,
				 __ATOMIC_SEQ_CST) == 5);
}

CASE(copy_on_write_by_it)
{
	char *p = map_pages(1, RW);
	int status;
	pid_t pid;

	*p = 1;
	pid = fork();
	if (pid == 0) {
		*(char *)tagged(p, TAG) = 2;
		_exit(*p);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 2);
	CHECK(*(char *)tagged(p, BIT7) == 1);
}

static uintptr_t where_it_runs(void)
{
	uintptr_t pc;

	__asm__ volatile("adr %0, ." : "=r"(pc));
	return pc;
}

CASE(jumps_lose_it)
{
	uintptr_t (*fn)(void) =
		(uintptr_t(*)(void))tagged((void *)where_it_runs, TAG);

	CHECK(fn() >> 56 == 0);
}

static void on_usr1(int sig)
{
	(void)sig;
	fault_code = where_it_runs() >> 56 == 0;
}

CASE(handlers_may_have_it)
{
	struct sigaction act = { .sa_handler = tagged((void *)on_usr1, TAG) };

	CHECK(sigaction(SIGUSR1, &act, NULL) == 0);
	raise(SIGUSR1);
	CHECK(fault_code == 1);
}

/* ---- what faults say ------------------------------------------------------- */

CASE(si_addr_has_none)
{
	char *none = map_pages(2, PROT_NONE);

	CHECK(munmap(none + PAGE, PAGE) == 0);
	catch_faults(0);
	CHECK(load(tagged(none + 5, TAG)) == SIGSEGV);
	CHECK(fault_code == SEGV_ACCERR);
	CHECK(fault_si_addr == (uintptr_t)none + 5);
	CHECK(fault_address == (uintptr_t)none + 5);
	CHECK(store(tagged(none + PAGE, BIT7)) == SIGSEGV);
	CHECK(fault_code == SEGV_MAPERR);
	CHECK(fault_si_addr == (uintptr_t)none + PAGE);
	CHECK(fault_address == (uintptr_t)none + PAGE);
}

PROVES(rt_sigaction, "SA_EXPOSE_TAGBITS",
       "si_addr with the tag of the pointer (AArch64)")
CASE(expose_tagbits)
{
	char *none = map_pages(1, PROT_NONE);
	int fd = open("/tmp/tags", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *file = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);

	CHECK(fd >= 0 && file != MAP_FAILED);
	catch_faults(EXPOSE_TAGBITS);
	CHECK(load(tagged(none + 5, TAG)) == SIGSEGV);
	CHECK(fault_si_addr == (uintptr_t)tagged(none + 5, TAG));
	CHECK(fault_address == (uintptr_t)none + 5);
	CHECK(store(tagged(file, BIT7)) == SIGBUS && fault_code == BUS_ADRERR);
	CHECK(fault_si_addr == (uintptr_t)tagged(file, BIT7));
	catch_faults(0);
	CHECK(store(tagged(file, BIT7)) == SIGBUS && fault_code == BUS_ADRERR);
	CHECK(fault_si_addr == (uintptr_t)file);
}

/* Bit 55 names the kernel's half: there a tag is a part of the address, and the
 * syndrome does not tell what the kernel has there. */
CASE(the_kernels_half_has_none)
{
	static const uintptr_t places[] = {
		0xffffffff80200000, 0xffff800000000000, 0xffff000000000000,
		0x5aff000000000000, 0x0080000000000000,
	};

	catch_faults(0);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		void *p = (void *)places[i];

		CHECK(load(p) == SIGSEGV && fault_code == SEGV_MAPERR);
		CHECK(fault_si_addr == places[i]);
		CHECK(fault_address == places[i]);
		CHECK(fault_esr == 0x92000004);
		CHECK(store(p) == SIGSEGV && fault_esr == 0x92000044);
	}
	CHECK(load((void *)0x5a7f000000001234) == SIGSEGV);
	CHECK(fault_code == SEGV_MAPERR);
	CHECK(fault_si_addr == 0x007f000000001234);
}

CASE(misaligned_exclusives)
{
	long *p = map_pages(1, RW);
	int sig;

	catch_faults(0);
	sig = sigsetjmp(back, 0);
	if (!sig)
		__asm__ volatile("ldaxr x9, [%0]" :
				 : "r"(tagged((char *)p + 1, TAG))
				 : "x9", "memory");
	CHECK(sig == SIGBUS && fault_code == BUS_ADRALN);
	CHECK(fault_si_addr == (uintptr_t)p + 1);
}

/* ---- the switch ------------------------------------------------------------ */

PROVES(prctl, "PR_SET_TAGGED_ADDR_CTRL, PR_GET_TAGGED_ADDR_CTRL",
       "of each thread; EINVAL for other bits and arguments")
CASE(the_switch)
{
	CHECK(prctl(GET_CTRL, 0, 0, 0, 0) == 0);
	CHECK(prctl(SET_CTRL, ENABLE, 0, 0, 0) == 0);
	CHECK(prctl(GET_CTRL, 0, 0, 0, 0) == ENABLE);
	CHECK(prctl(SET_CTRL, ENABLE | 2, 0, 0, 0) == -1 && errno == EINVAL);
	CHECK(prctl(SET_CTRL, 1ul << 40, 0, 0, 0) == -1 && errno == EINVAL);
	CHECK(prctl(SET_CTRL, 0, 1, 0, 0) == -1 && errno == EINVAL);
	CHECK(prctl(SET_CTRL, 0, 0, 1, 0) == -1 && errno == EINVAL);
	CHECK(prctl(SET_CTRL, 0, 0, 0, 1) == -1 && errno == EINVAL);
	CHECK(prctl(GET_CTRL, 1, 0, 0, 0) == -1 && errno == EINVAL);
	CHECK(prctl(GET_CTRL, 0, 0, 0, 1) == -1 && errno == EINVAL);
	CHECK(prctl(GET_CTRL, 0, 0, 0, 0) == ENABLE);
	CHECK(prctl(SET_CTRL, 0, 0, 0, 0) == 0);
	CHECK(prctl(GET_CTRL, 0, 0, 0, 0) == 0);
}

static void *other_thread(void *arg)
{
	CHECK(prctl(GET_CTRL, 0, 0, 0, 0) == ENABLE);   /* of its creator */
	CHECK(prctl(SET_CTRL, 0, 0, 0, 0) == 0);
	return arg;
}

PROVES(prctl, "PR_SET_TAGGED_ADDR_CTRL",
       "inherited by threads and children, off after execve")
CASE(it_is_inherited)
{
	pthread_t t;
	int status;
	pid_t pid;

	take_tags();
	CHECK(pthread_create(&t, NULL, other_thread, NULL) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	CHECK(prctl(GET_CTRL, 0, 0, 0, 0) == ENABLE);
	pid = fork();
	if (pid == 0)
		_exit(prctl(GET_CTRL, 0, 0, 0, 0));
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 1);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "test_tags", "ctrl", (char *)NULL);
		_exit(99);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 0);
}

/* ---- buffers of system calls ------------------------------------------------ */

/* What each call says to a tagged buffer: 0, or the error that it has to give. */
static void calls_say(int error)
{
	char *p = map_pages(2, RW), *t = tagged(p, TAG);
	int fd = open("/tmp/tags", O_RDWR | O_CREAT | O_TRUNC, 0600), fds[2];
	struct iovec v = { t, 16 };
	struct stat st;

#define SAYS(result) \
	do {                                                            \
		long r__ = (result);                                    \
		CHECK(error ? r__ == -1 && errno == error : r__ >= 0);  \
	} while (0)
	strcpy(p, "/tmp/tags");
	SAYS(call(SYS_pwrite64, fd, t, 16ul, 0l));
	SAYS(call(SYS_pread64, fd, tagged(p, BIT7), 16ul, 0l));
	SAYS(call(SYS_pwritev, fd, &v, 1l, 0l, 0l));
	SAYS(call(SYS_openat, AT_FDCWD, t, O_RDONLY));
	SAYS(call(SYS_fstat, fd, tagged(&st, TAG)));
	SAYS(call(SYS_pipe2, tagged(fds, TAG), 0));
	SAYS(call(SYS_mincore, p, PAGE, t + PAGE));
	SAYS(call(SYS_futex, t + 64, FUTEX_WAKE, 1, NULL, NULL, 0));
	SAYS(call(SYS_futex, t + 64, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	SAYS(call(SYS_getrandom, t, 16ul, 0));
	SAYS(call(SYS_read, fd, t, 0ul));
#undef SAYS
}

CASE(buffers_without_the_switch)
{
	calls_say(EFAULT);
}

CASE(buffers_with_the_switch)
{
	take_tags();
	calls_say(0);
}

CASE(buffers_that_are_bad_anyway)
{
	char *p = map_pages(2, RW);
	int fd = open("/dev/zero", O_RDONLY);

	take_tags();
	CHECK(munmap(p + PAGE, PAGE) == 0);
	CHECK(read(fd, tagged(p + PAGE, TAG), 8) == -1 && errno == EFAULT);
	CHECK(read(fd, (void *)0x5aff000000000000, 8) == -1 && errno == EFAULT);
	CHECK(read(fd, (void *)0x5a01000000000000, 8) == -1 && errno == EFAULT);
	CHECK(read(fd, (void *)0xffffffff80200000, 8) == -1 && errno == EFAULT);
	CHECK(read(fd, tagged(p + PAGE - 8, TAG), PAGE) == 8);
}

CASE(a_stack_with_a_tag)
{
	static char stack[65536] __attribute__((aligned(16)));
	stack_t alt = { .ss_sp = tagged(stack, TAG), .ss_size = sizeof(stack) };
	struct sigaction act = { .sa_handler = on_usr1,
				 .sa_flags = SA_ONSTACK };
	int status;
	pid_t pid;

	CHECK(sigaltstack(&alt, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &act, NULL) == 0);
	pid = fork();
	if (pid == 0) {                 /* no frame can be written */
		raise(SIGUSR1);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGSEGV);
	take_tags();
	raise(SIGUSR1);
	CHECK(fault_code == 1);
}

/* ---- memory calls ------------------------------------------------------------ */

CASE(memory_that_is_there)
{
	char *p = map_pages(8, RW), *t = tagged(p, TAG);
	unsigned char vec[8];

	p[0] = 1;
	CHECK(call(SYS_mprotect, t, PAGE, PROT_READ) == 0);
	CHECK(call(SYS_mprotect, tagged(p, BIT7), PAGE, RW) == 0);
	CHECK(call(SYS_mincore, t, PAGE, vec) == 0 && vec[0] == 1);
	CHECK(call(SYS_msync, t, PAGE, MS_SYNC) == 0);
	CHECK(call(SYS_mlock, t, PAGE) == 0);
	CHECK(call(SYS_munlock, t, PAGE) == 0);
	CHECK(call(SYS_mlock2, t, PAGE, 1) == 0);
	CHECK(call(SYS_munlock, tagged(p, BIT7), PAGE) == 0);
	CHECK(call(SYS_madvise, t, PAGE, MADV_DONTNEED) == 0);
	CHECK(p[0] == 0);
	CHECK(call(SYS_mremap, t, 8 * PAGE, 4 * PAGE, 0, 0) == (long)p);
	CHECK(call(SYS_munmap, t, PAGE) == 0);
	CHECK(call(SYS_mincore, p, PAGE, vec) == -1 && errno == ENOMEM);
	CHECK(call(SYS_munmap, (void *)0x5aff000000000000, PAGE) == -1 &&
	      errno == EINVAL);
}

CASE(places_for_something_new)
{
	char *p = map_pages(8, RW), *t = tagged(p, TAG), *now;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	uintptr_t brk = (uintptr_t)call(SYS_brk, 0);

	CHECK(mmap(t, PAGE, RW, flags | MAP_FIXED, -1, 0) == MAP_FAILED &&
	      errno == ENOMEM);
	CHECK(mmap(t, PAGE, RW, flags | MAP_FIXED_NOREPLACE, -1, 0) ==
		      MAP_FAILED &&
	      errno == ENOMEM);
	now = mmap(t, PAGE, RW, flags, -1, 0);
	CHECK(now != MAP_FAILED && now != t && now != p);
	CHECK(call(SYS_mremap, p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   t + 4 * PAGE) == -1 &&
	      errno == EINVAL);
	CHECK((uintptr_t)call(SYS_brk, tagged((void *)(brk + PAGE), TAG)) ==
	      brk);
	CHECK(call(SYS_remap_file_pages, t, PAGE, 0, 0, 0) == -1 &&
	      errno == EINVAL);
}

/* ---- futexes: a word's name is the pointer to it, tag and all --------------- */

static uint32_t *word;
static volatile int about_to_wait;

static void *waiter(void *at)
{
	about_to_wait = 1;
	call(SYS_futex, at, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

CASE(futexes_with_it)
{
	pthread_t t;
	int woken;

	take_tags();
	word = map_pages(1, RW);
	CHECK(pthread_create(&t, NULL, waiter, tagged(word, TAG)) == 0);
	while (!about_to_wait)
		sched_yield();
	do {
		CHECK(call(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL,
			   0) == 0);
		woken = (int)call(SYS_futex, tagged(word, TAG),
				  FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	} while (!woken);
	CHECK(woken == 1);
	CHECK(pthread_join(t, NULL) == 0);
}

CASE(tids_at_tagged_places)
{
	pid_t *tid = map_pages(1, RW);
	int status;
	pid_t pid;

	take_tags();
	*tid = 77;
	pid = (pid_t)call(SYS_clone, SIGCHLD | 0x01000000, NULL, NULL, 0,
			  tagged(tid, TAG));    /* CLONE_CHILD_SETTID */
	if (pid == 0)
		_exit(*tid == getpid() ? 0 : 1);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 0);
	CHECK(*tid == 77);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "ctrl"))
		return prctl(GET_CTRL, 0, 0, 0, 0);
	return run_cases();
}

#else

#include <stdio.h>

int main(void)
{
	printf("ok - test_tags # skip pointers of this machine have no tags\n");
	return 0;
}

#endif
