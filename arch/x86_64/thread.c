/* SPDX-License-Identifier: MIT */
/*
 * Threads on x86_64: the first stack frame, the switch, the TLS base.
 *
 *   stack_top ┌───────────────────┐
 *             │ struct trap_frame │  of user mode, while the thread is in the
 *             │                   │  kernel; kernel threads leave it empty
 *             ├───────────────────┤
 *             │ where to start    │  thread_enter_kernel or thread_enter_user
 *             │ rbp rbx r12 … r15 │  what thread_switch_stack() pops
 *          sp └───────────────────┘
 *
 * User code can change its GS base only by loading a null or data selector,
 * which makes it 0; so the user's GS base is 0 for everybody. FS selectors
 * are not kept over a switch, the FS base is.
 */
#include "arch/thread.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/state.h"
#include "arch/x86_64/tables.h"
#include "kernel/base/sched.h"
#include "lib/string.h"

static_assert(__builtin_offsetof(struct thread_machine, sp) == THREAD_SP,
	      "switch.S");
static_assert(__builtin_offsetof(struct thread, user_work) == THREAD_USER_WORK,
	      "entry.S");

/* What thread_switch_stack() pops, lowest address first. */
struct switch_frame {
	u64 r15, r14, r13, r12, rbx, rbp;
	u64 start;
};

void thread_enter_kernel(void);
void thread_enter_user(void);
void thread_switch_stack(struct thread_machine *prev,
			 struct thread_machine *next);

/*
 * A frame below top that starts at `start` with rbx and r12 as given, the stack
 * pointer then being top: aligned to 16, as before a call.
 */
static void thread_prepare_stack(struct thread_machine *tm, u64 top,
				 void (*start)(void), u64 rbx, u64 r12)
{
	struct switch_frame *f = (struct switch_frame *)top - 1;

	*f = (struct switch_frame){ .rbx = rbx,
				    .r12 = r12,
				    .start = (u64)start };
	tm->sp = (u64)f;
}

void thread_machine_init(struct thread_machine *tm, vaddr_t stack_top,
			 void (*fn)(void *arg), void *arg)
{
	memset(tm, 0, sizeof(*tm));
	tm->stack_top = stack_top;
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
	child->stack_top = (u64)(child_tf + 1);
	child->fs_base = parent->fs_base;
	thread_prepare_stack(child, (u64)child_tf, thread_enter_user,
			     (u64)child_tf, 0);
	return 0;
}

int thread_machine_exec(struct thread_machine *tm)
{
	int err = fpu_exec(tm);

	if (!err)
		thread_machine_set_tls(tm, 0);
	return err;
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
	if (next->fpu)
		wrmsr(MSR_FS_BASE, next->fs_base);
	this_cpu_ptr(cpu_tss)->sp0 = next->stack_top;
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

	tm->fs_base = base;
	if (thread_machine_is_current(tm))
		wrmsr(MSR_FS_BASE, base);
	irq_restore(flags);
}

uintptr_t thread_machine_tls(const struct thread_machine *tm)
{
	return tm->fs_base;
}
