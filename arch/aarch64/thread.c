/* SPDX-License-Identifier: MIT */
/*
 * Threads on AArch64: the first stack frame, the switch, the TLS base.
 *
 *   stack_top ┌───────────────────┐
 *             │ struct trap_frame │  of user mode, while the thread is in the
 *             │                   │  kernel; kernel threads leave it empty
 *             ├───────────────────┤
 *             │ x19 … x28         │  what thread_switch_stack() pops; x30:
 *          sp │ x29 x30           │  thread_enter_kernel or thread_enter_user
 *             └───────────────────┘
 *
 * In user mode SP_EL1 stands at stack_top, where the return to user mode left
 * it: the next trap finds its stack without being told.
 *
 * The TLS base, TPIDR_EL0, is a register that user code writes itself: while a
 * thread runs only the register is right.
 */
#include "arch/thread.h"

#include "arch/aarch64/regs.h"
#include "arch/aarch64/state.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/trap.h"
#include "kernel/base/sched.h"
#include "lib/string.h"

static_assert(__builtin_offsetof(struct thread_machine, sp) == THREAD_SP,
	      "switch.S");
static_assert(__builtin_offsetof(struct thread, user_work) == THREAD_USER_WORK,
	      "entry.S");
static_assert(__builtin_offsetof(struct mmu_features, user_guard) ==
		      MMU_FEATURES_USER_GUARD,
	      "uaccess.S");

/* What thread_switch_stack() pops, lowest address first. */
struct switch_frame {
	u64 x29, x30;
	u64 x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
};
static_assert(sizeof(struct switch_frame) == 96, "switch.S");

void thread_enter_kernel(void);
void thread_enter_user(void);
void thread_switch_stack(struct thread_machine *prev,
			 struct thread_machine *next);

/*
 * A frame below top that starts at `start` with x19 and x20 as given, the stack
 * pointer then being top. x29 is 0: the end of every backtrace.
 */
static void thread_prepare_stack(struct thread_machine *tm, u64 top,
				 void (*start)(void), u64 x19, u64 x20)
{
	struct switch_frame *f = (struct switch_frame *)top - 1;

	*f = (struct switch_frame){ .x30 = (u64)start, .x19 = x19, .x20 = x20 };
	tm->sp = (u64)f;
}

void thread_machine_init(struct thread_machine *tm, vaddr_t stack_top,
			 void (*fn)(void *arg), void *arg)
{
	memset(tm, 0, sizeof(*tm));
	thread_prepare_stack(tm, stack_top - sizeof(struct trap_frame),
			     thread_enter_kernel, (u64)fn, (u64)arg);
}

int thread_machine_fork(struct thread_machine *child,
			const struct thread_machine *parent,
			struct trap_frame *child_tf)
{
	int err = fpu_fork(child, parent);

	if (err)
		return err;
	child->tls = thread_machine_tls(parent);
	child->takes_tags = parent->takes_tags;
	thread_prepare_stack(child, (u64)child_tf, thread_enter_user,
			     (u64)child_tf, 0);
	return 0;
}

int thread_machine_exec(struct thread_machine *tm)
{
	int err = fpu_exec(tm);

	if (err)
		return err;
	thread_machine_set_tls(tm, 0);
	tm->takes_tags = false;
	return 0;
}

void thread_machine_fini(struct thread_machine *tm)
{
	fpu_fini(tm);
}

/*
 * Between user threads all of this is needed; a kernel thread has no image and
 * no use for TLS, and leaves the registers as they are.
 */
void thread_machine_switch(struct thread_machine *prev,
			   struct thread_machine *next)
{
	fpu_switch(prev, next);
	if (prev->fpu)
		prev->tls = read_sysreg(tpidr_el0);
	if (next->fpu)
		write_sysreg(tpidr_el0, next->tls);
	thread_switch_stack(prev, next);
}

static bool thread_machine_is_current(const struct thread_machine *tm)
{
	return tm == &current_thread()->machine;
}

/* Also for a child that does not run yet. */
void thread_machine_set_tls(struct thread_machine *tm, uintptr_t base)
{
	u64 flags = irq_save();

	tm->tls = base;
	if (thread_machine_is_current(tm))
		write_sysreg(tpidr_el0, base);
	irq_restore(flags);
}

uintptr_t thread_machine_tls(const struct thread_machine *tm)
{
	return thread_machine_is_current(tm) ? read_sysreg(tpidr_el0) : tm->tls;
}
