/* SPDX-License-Identifier: MIT */
/*
 * Panic, reports and backtraces.
 *
 *	panic, panic_trap ─► what and where ─► registers ─► backtrace
 *	                  ─► other CPUs ─► last trace events ─► machine_exit(1)
 *
 * A backtrace follows the chain of frame pointers; both machines lay a frame
 * out as { caller's frame pointer, return address }:
 *
 *	high   │ return address │
 *	       │ caller's frame ├──► …           each frame lies above the one
 *	fp ──► └────────────────┘                before, inside one stack
 *
 * It trusts nothing: a frame must be aligned, in kernel memory, above its
 * predecessor and within one stack's size of the start. A panic inside the
 * panic says so and stops.
 */
#include "kernel/base/panic.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/smp.h"
#include "arch/timer.h"
#include "arch/trap.h"
#include "kernel/base/ksym.h"
#include "kernel/base/printk.h"
#include "kernel/base/thread.h"
#include "kernel/base/trace.h"
#include "lib/format.h"

#define BACKTRACE_MAX     32            /* frames */
#define PANIC_TRACE       24            /* events a CPU */
#define REPORT_DETAIL_MAX 200           /* bytes */

struct stack_frame {
	uintptr_t caller;               /* its frame pointer */
	uintptr_t ret;                  /* where it goes on */
};

static report_handler_fn *report_handler;
static u32 panic_cpu;                   /* CPU + 1 that panics [atomic] */

static bool frame_plausible(uintptr_t frame, uintptr_t start)
{
	const struct thread *t = current_thread();
	uintptr_t end = start + KERNEL_STACK_SIZE;

	if (t && t->stack && start - t->stack < KERNEL_STACK_SIZE)
		end = t->stack + KERNEL_STACK_SIZE;
	return frame >= start && frame + sizeof(struct stack_frame) <= end &&
	       IS_ALIGNED(frame, sizeof(uintptr_t)) && !va_is_user(frame);
}

static void backtrace_line(uintptr_t pc)
{
	char name[96];

	printk(LOG_ERR, "  %#018zx  %s\n", (size_t)pc,
	       ksym_format(name, sizeof(name), pc));
}

/**
 * backtrace_from() - print the calls that led to pc
 *
 * frame: the frame pointer at pc; 0 prints pc alone. Context: any.
 */
__no_sanitize void backtrace_from(uintptr_t pc, uintptr_t frame)
{
	uintptr_t start = frame;

	backtrace_line(pc);
	for (int i = 0; i < BACKTRACE_MAX && frame_plausible(frame, start);
	     i++) {
		const struct stack_frame *f = (const void *)frame;

		if (!f->ret || va_is_user(f->ret))
			break;
		/* The call stands before the return address. */
		backtrace_line(f->ret - 1);
		if (f->caller <= frame)
			break;
		frame = f->caller;
	}
}

/* The calls that led to the function that calls this one's caller. */
#define backtrace_print_callers()                                            \
	backtrace_from((uintptr_t)__builtin_return_address(0) - 1,           \
		       ((const struct stack_frame *)cpu_frame_pointer())     \
			       ->caller)

/** backtrace_print() - the calls that led to the caller. Context: any. */
void backtrace_print(void)
{
	backtrace_print_callers();
}

/* ---- the other CPUs ------------------------------------------------------- */

#define STOP_PATIENCE 50000000u         /* looks at a CPU that shall stop */

static u64 panic_stopped;               /* CPUs that have halted [atomic] */

/* This CPU does nothing any more, and counts as stopped. */
static void __noreturn panic_halt(void)
{
	irq_disable();
	__atomic_fetch_or(&panic_stopped, (u64)1 << this_cpu_read(cpu_number),
			  __ATOMIC_SEQ_CST);
	while (1)
		cpu_relax();
}

/** panic_stop_here() - IPI_STOP: say where this CPU is, and halt. Any context. */
void panic_stop_here(const struct trap_frame *tf)
{
	const struct thread *t = current_thread();

	printk(LOG_EMERG, "panic: CPU %u runs thread %d \"%s\":\n",
	       this_cpu_read(cpu_number), t ? t->id : 0, t ? t->name : "none");
	if (tf_from_user(tf))
		printk(LOG_EMERG, "  in user mode, pc %#lx\n", tf_pc(tf));
	else
		backtrace_from(tf_pc(tf), tf_fp(tf));
	panic_halt();
}

/* One after the other, so that their stories do not mix. */
static void panic_stop_others(void)
{
	unsigned int me = this_cpu_read(cpu_number), cpu;
	u32 looks;

	for (cpu = cpu_next_online(0); cpu < MAX_CPUS;
	     cpu = cpu_next_online(cpu + 1)) {
		if (cpu == me)
			continue;
		smp_send((u64)1 << cpu, IPI_STOP);
		for (looks = STOP_PATIENCE; looks; looks--) {
			if (__atomic_load_n(&panic_stopped, __ATOMIC_SEQ_CST) >>
				    cpu &
			    1)
				break;
			cpu_relax();
		}
		if (!looks)
			printk(LOG_EMERG, "panic: CPU %u does not answer\n",
			       cpu);
	}
}

/* ---- panic ------------------------------------------------------------------ */

/* Only one CPU tells its story; the same CPU never twice. */
static void panic_claim(void)
{
	u32 me = this_cpu_read(cpu_number) + 1, nobody = 0;

	irq_disable();
	if (__atomic_compare_exchange_n(&panic_cpu, &nobody, me, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		printk_emergency();
		return;
	}
	if (panic_cpu != me)
		panic_halt();           /* two at once: this one's story is lost */
	printk(LOG_EMERG, "panic: another one inside the panic; stopped\n");
	machine_exit(1);
}

static void panic_headline(const char *fmt, va_list ap)
{
	const struct thread *t = current_thread();
	char what[LOG_LINE_MAX - 32];

	fmt_vsnprintf(what, sizeof(what), fmt, ap);
	printk(LOG_EMERG, "panic: %s\n", what);
	printk(LOG_EMERG,
	       "panic: cpu %u, thread %d (%s), preempt count %u, "
	       "interrupt depth %u\n",
	       this_cpu_read(cpu_number), t ? t->id : 0, t ? t->name : "none",
	       this_cpu_read(preempt_count), this_cpu_read(irq_depth));
}

static void __noreturn panic_end(void)
{
	panic_stop_others();
	printk(LOG_EMERG, "panic: last trace events, oldest first:\n");
	trace_dump(PANIC_TRACE);
	printk(LOG_EMERG, "panic: stopped\n");
	machine_exit(1);
}

/**
 * panic() - say why and where, then stop the machine with a failure
 *
 * Context: any.
 */
void panic(const char *fmt, ...)
{
	va_list ap;

	panic_claim();
	va_start(ap, fmt);
	panic_headline(fmt, ap);
	va_end(ap);
	printk(LOG_EMERG, "panic: backtrace:\n");
	backtrace_print_callers();
	panic_end();
}

/** panic_trap() - panic() about the code that tf interrupted. Context: any. */
void panic_trap(const struct trap_frame *tf, const char *fmt, ...)
{
	va_list ap;

	panic_claim();
	va_start(ap, fmt);
	panic_headline(fmt, ap);
	va_end(ap);
	trap_dump(tf);
	if (!tf_from_user(tf)) {
		printk(LOG_EMERG, "panic: backtrace:\n");
		backtrace_from(tf_pc(tf), tf_fp(tf));
	}
	panic_end();
}

/** trap_describe_fault() - a fault in words, the same on all machines. Context: any. */
void trap_describe_fault(char *buf, size_t size, vaddr_t addr, u32 access)
{
	fmt_snprintf(buf, size, "%s %#lx: %s, from %s%s",
		     access & FAULT_EXEC    ? "execute at"
		     : access & FAULT_WRITE ? "write to"
					    : "read of",
		     addr,
		     access & FAULT_BROKEN    ? "broken entry"
		     : access & FAULT_PRESENT ? "no right"
					      : "not present",
		     access & FAULT_USER ? "user mode" : "kernel mode",
		     access & FAULT_UACCESS ? " (user copy)" : "");
}

/**
 * kernel_report() - an error that was caught and named
 *
 * kind: short and stable, for tests to compare; fmt: one line of detail. Goes
 * to the handler; without one it is a panic. Context: any.
 */
void kernel_report(const char *kind, const char *fmt, ...)
{
	char detail[REPORT_DETAIL_MAX];
	va_list ap;

	va_start(ap, fmt);
	fmt_vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (!report_handler)
		panic("%s: %s", kind, detail);
	report_handler(kind, detail);
}

/** kernel_report_handler() - install fn (NULL: panic); returns the old one. */
report_handler_fn *kernel_report_handler(report_handler_fn *fn)
{
	report_handler_fn *old = report_handler;

	report_handler = fn;
	return old;
}
