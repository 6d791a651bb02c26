/* SPDX-License-Identifier: MIT */
/* Faults as programs see them: SIGSEGV and SIGBUS with exact siginfo. */
#include "check.h"

#include <fcntl.h>
#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t seen;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	(void)context;
	(void)signo;
	seen = *info;
	siglongjmp(back, 1);
}

static void catch_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault,
				.sa_flags = SA_SIGINFO };

	CHECK(sigaction(SIGSEGV, &sa, NULL) == 0);
	CHECK(sigaction(SIGBUS, &sa, NULL) == 0);
	CHECK(sigaction(SIGFPE, &sa, NULL) == 0);
	CHECK(sigaction(SIGILL, &sa, NULL) == 0);
}

enum access { READ_IT, WRITE_IT, RUN_IT };

/* Does the access; 0, or the signal number it raised. */
static int try_access(volatile char *p, enum access how)
{
	memset(&seen, 0, sizeof(seen));
	if (sigsetjmp(back, 1))
		return seen.si_signo;
	if (how == READ_IT)
		(void)*p;
	else if (how == WRITE_IT)
		*p = 1;
	else
		((void (*)(void))(uintptr_t)p)();
	return 0;
}

PROVES(rt_sigaction, "SA_SIGINFO", "SEGV_MAPERR with the exact address")
CASE(nothing_mapped)
{
	char *p = map_pages(2, RW);

	catch_faults();
	CHECK(munmap(p, 2 * PAGE) == 0);
	CHECK(try_access(p + 123, READ_IT) == SIGSEGV);
	CHECK(seen.si_code == SEGV_MAPERR && seen.si_addr == p + 123);
	CHECK(try_access(p + PAGE, WRITE_IT) == SIGSEGV);
	CHECK(seen.si_code == SEGV_MAPERR && seen.si_addr == p + PAGE);
	CHECK(try_access(NULL, READ_IT) == SIGSEGV);
	CHECK(seen.si_code == SEGV_MAPERR && seen.si_addr == NULL);
}

PROVES(mprotect, "", "SEGV_ACCERR with the exact address")
CASE(missing_rights)
{
	char *p = map_pages(3, RW);

	catch_faults();
	p[0] = (char)0xc3;
	CHECK(mprotect(p, PAGE, PROT_READ) == 0);
	CHECK(mprotect(p + PAGE, PAGE, PROT_NONE) == 0);
	CHECK(try_access(p, READ_IT) == 0);
	CHECK(try_access(p + 8, WRITE_IT) == SIGSEGV);
	CHECK(seen.si_code == SEGV_ACCERR && seen.si_addr == p + 8);
	CHECK(try_access(p + PAGE, READ_IT) == SIGSEGV);
	CHECK(seen.si_code == SEGV_ACCERR && seen.si_addr == p + PAGE);
	CHECK(try_access(p + 2 * PAGE, WRITE_IT) == 0);
	CHECK(try_access(p, RUN_IT) == SIGSEGV);
	CHECK(seen.si_code == SEGV_ACCERR && seen.si_addr == p);
}

CASE(kernel_addresses)
{
	catch_faults();
	CHECK(try_access((char *)0xffffffff80000000ul, READ_IT) == SIGSEGV);
	CHECK(try_access((char *)0xffff800000000000ul, WRITE_IT) == SIGSEGV);
}

PROVES(mmap, "", "BUS_ADRERR past the last page, zeroes behind the end")
CASE(past_the_end_of_a_file)
{
	int fd = open("/tmp/bus", O_RDWR | O_CREAT | O_TRUNC, 0600);
	volatile char *p;

	catch_faults();
	CHECK(fd >= 0 && write(fd, "hello", 5) == 5);
	p = mmap(NULL, 3 * PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK(p[0] == 'h' && p[5] == 0 && p[PAGE - 1] == 0);
	CHECK(try_access(p + PAGE + 7, READ_IT) == SIGBUS);
	CHECK(seen.si_code == BUS_ADRERR && seen.si_addr == p + PAGE + 7);
	CHECK(unlink("/tmp/bus") == 0);
}

static char alt_stack[64 * 1024];
static volatile int on_alt;

static void on_overflow(int signo, siginfo_t *info, void *context)
{
	char here;

	(void)signo;
	(void)context;
	on_alt = &here >= alt_stack && &here < alt_stack + sizeof(alt_stack);
	seen = *info;
	siglongjmp(back, 1);
}

static volatile int for_ever = 1;

static int recurse(int depth)
{
	volatile char frame[2048];

	frame[0] = (char)depth;
	if (!for_ever)
		return 0;
	return recurse(depth + 1) + frame[0];
}

PROVES(sigaltstack, "SA_ONSTACK", "a handler for the stack's overflow")
CASE(stack_overflow_on_an_alternate_stack)
{
	stack_t ss = { .ss_sp = alt_stack, .ss_size = sizeof(alt_stack) };
	struct sigaction sa = { .sa_sigaction = on_overflow,
				.sa_flags = SA_SIGINFO | SA_ONSTACK };

	CHECK(sigaltstack(&ss, NULL) == 0);
	CHECK(sigaction(SIGSEGV, &sa, NULL) == 0);
	if (!sigsetjmp(back, 1))
		recurse(0);
	CHECK(seen.si_signo == SIGSEGV && on_alt);
}

static volatile int got_usr1;

static void on_usr1(int signo)
{
	got_usr1 = signo;
}

CASE(handler_runs_and_returns)
{
	double x = 1.5;

	signal(SIGUSR1, on_usr1);
	CHECK(kill(getpid(), SIGUSR1) == 0);
	CHECK(got_usr1 == SIGUSR1);
	x *= 2;
	CHECK(x == 3.0);
}

PROVES(rt_sigprocmask, "SIG_BLOCK, SIG_SETMASK", "a blocked signal waits")
CASE(blocked_signal_waits)
{
	sigset_t set, old;

	got_usr1 = 0;
	signal(SIGUSR1, on_usr1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	CHECK(kill(getpid(), SIGUSR1) == 0);
	CHECK(got_usr1 == 0);
	CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
	CHECK(got_usr1 == SIGUSR1);
}

static volatile int depth, deepest;

static void on_nested(int signo)
{
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (depth < 3)
		raise(signo);
	depth--;
}

PROVES(rt_sigaction, "SA_NODEFER", "the handler may be interrupted by its own")
PROVES(rt_sigaction, "SA_RESETHAND", "once, then deadly")
CASE(handlers_once_or_nested)
{
	struct sigaction sa = { .sa_handler = on_nested,
				.sa_flags = SA_NODEFER },
			 now;

	CHECK(sigaction(SIGUSR2, &sa, NULL) == 0 && raise(SIGUSR2) == 0);
	CHECK(deepest == 3 && depth == 0);
	sa.sa_handler = on_usr1;
	sa.sa_flags = SA_RESETHAND;
	CHECK(sigaction(SIGUSR2, &sa, NULL) == 0 && raise(SIGUSR2) == 0);
	CHECK(got_usr1 == SIGUSR2);
	CHECK(sigaction(SIGUSR2, NULL, &now) == 0);
	CHECK(now.sa_handler == SIG_DFL);
}

static void divide(void *arg)
{
	volatile int number = 100, zero = 0;

	(void)arg;
	_exit(number / zero);
}

#if defined(__x86_64__)
CASE(division_by_zero_kills)
{
	int status = in_child(divide, NULL);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGFPE);
}
#elif defined(__aarch64__)
CASE(division_by_zero_is_zero)
{
	CHECK(in_child(divide, NULL) == 0);
}
#endif

#if defined(__x86_64__)
#define UNDEFINED  "ud2"
#define BREAKPOINT "int3"
#elif defined(__aarch64__)
#define UNDEFINED  "udf #0"
#define BREAKPOINT "brk #0"
#endif

static void undefined_instruction(void *arg)
{
	(void)arg;
	__asm__ volatile(UNDEFINED);
}

CASE(undefined_instruction_kills)
{
	int status = in_child(undefined_instruction, NULL);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
}

static void breakpoint(void *arg)
{
	(void)arg;
	__asm__ volatile(BREAKPOINT);
}

CASE(breakpoint_kills)
{
	int status = in_child(breakpoint, NULL);

	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP);
}

PROVES(rt_sigaction, "SA_UNSUPPORTED",
       "reads back clear, as all flags that are not there")
CASE(unknown_flags_read_back_clear)
{
	struct sigaction act = { .sa_handler = SIG_IGN,
				 .sa_flags = SA_RESTART | 0x400 | 0x00100000 };
	struct sigaction old;

	CHECK(sigaction(SIGUSR1, &act, NULL) == 0);
	CHECK(sigaction(SIGUSR1, NULL, &old) == 0);
	CHECK((old.sa_flags & ~0x04000000) == SA_RESTART);
}

int main(void)
{
	return run_cases();
}
