/* SPDX-License-Identifier: MIT */
/*
 * What a handler finds on its stack, and the way back from it. Linked with
 * glibc, which on some machines leaves the last step to the kernel (vDSO).
 */
#include "check.h"

#include <sys/auxv.h>
#include <sys/ucontext.h>
#include <time.h>

#if defined(__x86_64__)
#define PC(uc)      ((uc)->uc_mcontext.gregs[REG_RIP])
#define SP(uc)      ((uc)->uc_mcontext.gregs[REG_RSP])
#define UNDEFINED   "ud2"
#define UNDEFINED_LEN 2
#elif defined(__aarch64__)
#define PC(uc)      ((uc)->uc_mcontext.pc)
#define SP(uc)      ((uc)->uc_mcontext.sp)
#define UNDEFINED   "udf #0"
#define UNDEFINED_LEN 4
#endif

static volatile int handled;
static volatile double left_over;

/* Spoils every register that a handler may: the frame must bring them back. */
static void on_signal(int signo)
{
	double spoil[32];

	for (int i = 0; i < 32; i++)
		spoil[i] = signo * 1.25 + i;
	for (int i = 1; i < 32; i++)
		spoil[i] += spoil[i - 1] * spoil[i / 2];
	left_over = spoil[31];
	handled++;
}

static void raise_it(void) { CHECK(kill(getpid(), SIGUSR1) == 0); }

CASE(vector_registers_survive)
{
	double a[16], sum = 0, again = 0;

	signal(SIGUSR1, on_signal);
	for (int i = 0; i < 16; i++)
		a[i] = i / 3.0;
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 16; i++)
			sum += a[i] * round;
		raise_it();
		for (int i = 0; i < 16; i++)
			again += a[i] * round;
	}
	CHECK(handled == 100 && sum == again);
}

/* By a timer, so between any two instructions of the loop. */
CASE(loop_under_a_timer)
{
	struct timespec begin, now;
	uint64_t x = 1, y = 1;
	double d = 1, e = 1;

	signal(SIGALRM, on_signal);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	ualarm(1000, 1000);
	do {
		for (int i = 0; i < 10000; i++) {
			x = x * 6364136223846793005u + 1442695040888963407u;
			d = d * 0.75 + 0.5;
			y = y * 6364136223846793005u + 1442695040888963407u;
			e = e * 0.75 + 0.5;
			CHECK(x == y && d == e);
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (handled < 20 && now.tv_sec - begin.tv_sec < 10);
	ualarm(0, 0);
	CHECK(handled >= 20);
}

static siginfo_t seen;
static uintptr_t seen_pc, seen_sp;

static void step_over(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signo;
	seen = *info;
	seen_pc = PC(uc);
	seen_sp = SP(uc);
	PC(uc) += UNDEFINED_LEN;
}

CASE(handler_moves_the_program_counter)
{
	struct sigaction sa = { .sa_sigaction = step_over,
				.sa_flags = SA_SIGINFO };
	uintptr_t at = 0;
	char here;

	CHECK(sigaction(SIGILL, &sa, NULL) == 0);
#if defined(__x86_64__)
	__asm__ volatile("leaq 1f(%%rip), %0\n1: " UNDEFINED : "=&r"(at));
#elif defined(__aarch64__)
	__asm__ volatile("adr %0, 1f\n1: " UNDEFINED : "=&r"(at));
#endif
	CHECK(seen.si_signo == SIGILL && seen.si_code > 0);
	CHECK((uintptr_t)seen.si_addr == at && seen_pc == at);
	CHECK((uintptr_t)&here - seen_sp + PAGE < 2 * PAGE);
}

static void step_over_and_spoil(int signo, siginfo_t *info, void *context)
{
	step_over(signo, info, context);
#if defined(__x86_64__)
	__asm__ volatile("pxor %%xmm7, %%xmm7\n\tclc" : : : "xmm7", "cc");
#elif defined(__aarch64__)
	__asm__ volatile("movi v17.2d, #0\n\tcmp sp, #0" : : : "v17", "cc");
#endif
}

/* What no function call would keep: a vector register and a flag, held over an
 * instruction that a signal interrupts. */
PROVES(rt_sigreturn, "", "all registers")
CASE(registers_and_flags_come_back)
{
	struct sigaction sa = { .sa_sigaction = step_over_and_spoil,
				.sa_flags = SA_SIGINFO };
	uint64_t in = 0x0123456789abcdef, out = 0;
	unsigned char flag = 0;

	CHECK(sigaction(SIGILL, &sa, NULL) == 0);
#if defined(__x86_64__)
	__asm__ volatile("movq %2, %%xmm7\n\tstc\n\t" UNDEFINED "\n\t"
			 "setc %1\n\tmovq %%xmm7, %0"
			 : "=r"(out), "=q"(flag)
			 : "r"(in)
			 : "xmm7", "cc");
#elif defined(__aarch64__)
	__asm__ volatile("fmov d17, %2\n\tcmp xzr, xzr\n\t" UNDEFINED "\n\t"
			 "cset %w1, eq\n\tfmov %0, d17"
			 : "=r"(out), "=r"(flag)
			 : "r"(in)
			 : "v17", "cc");
#endif
	CHECK(seen.si_signo == SIGILL && out == in && flag == 1);
}

static volatile int depth, deepest;

static void nest(int signo)
{
	depth++;
	deepest = depth > deepest ? depth : deepest;
	if (signo < SIGRTMIN + 5)
		raise(signo + 1);
	depth--;
}

PROVES(tgkill, "", "handlers interrupt handlers")
CASE(handlers_interrupt_handlers)
{
	for (int i = 0; i <= 5; i++)
		signal(SIGRTMIN + i, nest);
	raise(SIGRTMIN);
	CHECK(depth == 0 && deepest == 6);
}

static sigset_t inside;

static void look_at_mask(int signo)
{
	(void)signo;
	sigprocmask(SIG_BLOCK, NULL, &inside);
}

PROVES(rt_sigaction, "", "sa_mask during the handler")
PROVES(rt_sigreturn, "", "the mask comes back")
CASE(mask_comes_back)
{
	struct sigaction sa = { .sa_handler = look_at_mask };
	sigset_t now;

	sigaddset(&sa.sa_mask, SIGUSR2);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	raise_it();
	CHECK(sigismember(&inside, SIGUSR1) && sigismember(&inside, SIGUSR2));
	sigprocmask(SIG_BLOCK, NULL, &now);
	CHECK(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
}

static void child_handles(void *arg)
{
	(void)arg;
	raise_it();
	_exit(handled == 1 ? 0 : 1);
}

CASE(handlers_return_after_fork)
{
	signal(SIGUSR1, on_signal);
	CHECK(in_child(child_handles, NULL) == 0);
	raise_it();
	CHECK(handled == 1);
}

PROVES(sigaltstack, "", "AT_MINSIGSTKSZ is enough")
CASE(smallest_alternate_stack)
{
	size_t size = getauxval(AT_MINSIGSTKSZ);
	stack_t ss = { .ss_size = size };
	struct sigaction sa = { .sa_handler = on_signal,
				.sa_flags = SA_ONSTACK };

	CHECK(size >= 1024 && size <= 16384);
	ss.ss_size += 1024;             /* for the handler itself */
	ss.ss_sp = map_pages(8, RW);
	CHECK(sigaltstack(&ss, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
	raise_it();
	CHECK(handled == 1);
}

CASE(frame_without_a_stack_kills)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
#if defined(__x86_64__)
		__asm__ volatile("movq $8192, %%rsp\n\tsyscall"
				 :
				 : "a"(62l), "D"((long)getpid()), "S"(10l));
#elif defined(__aarch64__)
		long self = getpid();   /* a call would spoil x8 */
		register long x8 __asm__("x8") = 129;
		register long x0 __asm__("x0") = self;
		register long x1 __asm__("x1") = SIGUSR1;

		__asm__ volatile("mov sp, %3\n\tsvc #0"
				 :
				 : "r"(x8), "r"(x0), "r"(x1), "r"(8192l));
#endif
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static volatile int interrupted;

static void on_interrupt(int signo)
{
	(void)signo;
	interrupted++;
}

/* An interrupted call starts again with the arguments it had. */
PROVES(rt_sigaction, "SA_RESTART", "read starts again with its arguments")
CASE(restarted_call_keeps_its_arguments)
{
	struct sigaction sa = { .sa_handler = on_interrupt,
				.sa_flags = SA_RESTART };
	char c = 0;
	int fd[2];
	pid_t pid;

	CHECK(pipe(fd) == 0 && sigaction(SIGUSR1, &sa, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 3; i++) {
			usleep(20000);
			kill(getppid(), SIGUSR1);
		}
		usleep(20000);
		_exit(write(fd[1], "x", 1) != 1);
	}
	CHECK(read(fd[0], &c, 1) == 1 && c == 'x' && interrupted == 3);
	sa.sa_flags = 0;
	CHECK(sigaction(SIGCHLD, &sa, NULL) == 0);
	CHECK(waitpid(pid, NULL, 0) == pid || errno == EINTR);
}

#if defined(__aarch64__)
/* Where the kernel's page of code is. */
static char *find_vdso(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start, found = 0;
	char line[256];

	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "[vdso]") && sscanf(line, "%lx", &start) == 1)
			found = start;
	fclose(maps);
	return (char *)found;
}

static void return_without_vdso(void *arg)
{
	munmap(arg, PAGE);
	raise_it();
}

PROVES(mremap, "MREMAP_FIXED", "the vDSO may move")
CASE(vdso_is_a_mapping_like_others)
{
	char *vdso = find_vdso();

	int status;

	CHECK(vdso);
	signal(SIGUSR1, on_signal);
	CHECK(mprotect(vdso, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	*(volatile char *)vdso = *vdso; /* a private copy, still good */
	raise_it();
	CHECK(handled == 1);
	CHECK(mprotect(vdso, PAGE, PROT_READ | PROT_EXEC) == 0);
	raise_it();
	CHECK(handled == 2);
	vdso = mremap(vdso, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      vdso - 64 * PAGE);
	CHECK(vdso != MAP_FAILED);
	raise_it();                     /* it is found at its new place */
	CHECK(handled == 3);
	status = in_child(return_without_vdso, vdso);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}
#endif

int main(void)
{
	return run_cases();
}
