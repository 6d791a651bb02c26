/* SPDX-License-Identifier: MIT */
/* Memory that runs and memory that does not: PROT_EXEC, fresh code, the kernel's. */
#include "check.h"

#include <setjmp.h>

#define CODE_BYTES 64                   /* more than the functions below have */

typedef unsigned long code_fn(unsigned long x);

/* They run at any place: nothing in them has an address. */
__attribute__((noinline)) static unsigned long code_one(unsigned long x)
{
	return x * 5 + 3;
}

__attribute__((noinline)) static unsigned long code_two(unsigned long x)
{
	return x * 9 + 4;
}

static void code_store(void *to, code_fn *fn)
{
	memcpy(to, (const void *)(uintptr_t)fn, CODE_BYTES);
	__builtin___clear_cache(to, (char *)to + CODE_BYTES);
}

/* ---- jumps that fault ---------------------------------------------------- */

static sigjmp_buf way_back;
static volatile uintptr_t fault_at;
static volatile int fault_code;

static void on_segv(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	fault_at = (uintptr_t)info->si_addr;
	fault_code = info->si_code;
	siglongjmp(way_back, 1);
}

static void catch_segv(void)
{
	struct sigaction sa = { .sa_sigaction = on_segv,
				.sa_flags = SA_SIGINFO };

	CHECK(sigaction(SIGSEGV, &sa, NULL) == 0);
}

/* Does a call of this address end in SIGSEGV for that very address? */
static int does_not_run(uintptr_t at)
{
	code_fn *volatile fn = (code_fn *)at;

	fault_at = ~at;
	if (!sigsetjmp(way_back, 1))
		fn(1);
	return fault_at == at;
}

/* ---- cases --------------------------------------------------------------- */

PROVES(mprotect, "PROT_EXEC", "new code runs after the change")
CASE(fresh_code_runs)
{
	char *p = map_pages(1, RW);
	code_fn *volatile fn = (code_fn *)(uintptr_t)p;

	for (unsigned long i = 0; i < 3; i++) {
		CHECK(mprotect(p, PAGE, RW) == 0);
		code_store(p, code_one);
		CHECK(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0);
		CHECK(fn(i) == 5 * i + 3);
		CHECK(mprotect(p, PAGE, RW) == 0);
		code_store(p, code_two);
		CHECK(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0);
		CHECK(fn(i) == 9 * i + 4);
	}
}

CASE(writable_code_runs)
{
	char *p = map_pages(1, RW | PROT_EXEC);
	code_fn *volatile fn = (code_fn *)(uintptr_t)p;

	code_store(p, code_one);
	CHECK(fn(7) == 38);
	code_store(p, code_two);
	CHECK(fn(7) == 67);
}

PROVES(mprotect, "PROT_NONE", "no access, and no run without PROT_EXEC")
CASE(only_prot_exec_runs)
{
	static const int without[] = { RW, PROT_READ, PROT_NONE };
	char *p = map_pages(1, RW);
	code_fn *volatile fn = (code_fn *)(uintptr_t)p;

	catch_segv();
	code_store(p, code_one);
	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++) {
		CHECK(mprotect(p, PAGE, without[i]) == 0);
		CHECK(does_not_run((uintptr_t)p));
		CHECK(fault_code == SEGV_ACCERR);
		CHECK(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0);
		CHECK(fn(7) == 38);
	}
	CHECK(munmap(p, PAGE) == 0);
	CHECK(does_not_run((uintptr_t)p) && fault_code == SEGV_MAPERR);
}

CASE(stack_and_data_do_not_run)
{
	static char data[CODE_BYTES] __attribute__((aligned(64)));
	char stack[CODE_BYTES] __attribute__((aligned(64)));

	catch_segv();
	code_store(data, code_one);
	code_store(stack, code_one);
	CHECK(does_not_run((uintptr_t)data) && fault_code == SEGV_ACCERR);
	CHECK(does_not_run((uintptr_t)stack) && fault_code == SEGV_ACCERR);
}

/* Wherever the kernel's code may be: a page that it runs is not ours to run. */
CASE(the_kernels_code_is_not_ours)
{
	static const uintptr_t image[] = { 0xffffffff80000000,
					   0xffffffff80100000,
					   0xffffffffc0200000 };

	catch_segv();
	for (size_t i = 0; i < sizeof(image) / sizeof(*image); i++)
		for (uintptr_t at = 0; at < 0x200000; at += 0x4000)
			CHECK(does_not_run(image[i] + at));
}

int main(void)
{
	return run_cases();
}
