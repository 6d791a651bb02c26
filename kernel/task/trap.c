/* SPDX-License-Identifier: MIT */
/*
 * The upcalls of arch/trap.h: where the machine's exceptions become faults of
 * memory, signals and system calls.
 *
 *   page fault ─┬─ user address ─► mm_fault ─┬─ OK: the access runs again
 *               │                            ├─ SEGV, BUS: signal and report
 *               │                            └─ in a user copy: trap_fixup
 *               └─ kernel's own ─► panic with registers and backtrace
 *   exception of user mode ─► signal
 *   way back to user mode  ─► other threads first, signals
 *
 * When a fault is about to end a program, the log says why in one or two
 * lines: what was touched and how, what the address space looks like there.
 */
#include "arch/trap.h"

#include "arch/abi.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/task/signal.h"
#include "kernel/task/task.h"
#include "lib/format.h"
#include "mm/spaces/fault.h"

/* ---- reports ------------------------------------------------------------- */

static const char *fault_access_text(u32 access)
{
	return access & FAULT_EXEC    ? "execute"
	       : access & FAULT_WRITE ? "write"
				      : "read";
}

/* "0x400000-0x401000 r-x" of the VMA that contains addr or lies nearest. */
static void fault_nearest_vma(struct mm *mm, vaddr_t addr, struct strbuf *sb)
{
	struct vma *above, *v;

	read_lock(&mm->lock);
	above = vma_find(mm, addr);
	v = above;
	if (!v || (addr < v->start && vma_prev(v) &&
		   addr - vma_prev(v)->end < v->start - addr))
		v = v ? vma_prev(v) : NULL;
	if (v)
		strbuf_printf(sb, "%s VMA %#lx-%#lx %c%c%c%s",
			      addr >= v->start && addr < v->end ? "in"
								: "nearest",
			      v->start, v->end, v->flags & VM_READ ? 'r' : '-',
			      v->flags & VM_WRITE ? 'w' : '-',
			      v->flags & VM_EXEC ? 'x' : '-',
			      v->flags & VM_STACK  ? " (stack)"
			      : v->flags & VM_HEAP ? " (heap)"
						   : "");
	else
		strbuf_printf(sb, "no VMA above");
	read_unlock(&mm->lock);
}

/* The program will die of this fault: say why. */
static void fault_report(const struct trap_frame *tf, const char *what,
			 vaddr_t addr, u32 access, enum fault_reason why)
{
	struct task *t = current_task();
	char text[96];
	struct strbuf sb;

	strbuf_init(&sb, text, sizeof(text));
	fault_nearest_vma(t->thread.mm, addr, &sb);
	pr_info("%s[%d]: %s at %#lx (%s, %s)\n", t->comm, t->tid, what, addr,
		fault_access_text(access), fault_reason_text(why));
	pr_info("%s[%d]: pc %#lx sp %#lx; %s\n", t->comm, t->tid, tf_pc(tf),
		tf_sp(tf), text);
}

/* ---- page faults --------------------------------------------------------- */

static void fault_signal(struct trap_frame *tf, enum fault_verdict verdict,
			 vaddr_t addr, u32 access, enum fault_reason why)
{
	int signo = SIGSEGV, code = SEGV_MAPERR;
	const char *what = "segfault";

	if (verdict == FAULT_OOM) {
		pr_err("%s[%d]: killed: out of memory for the page at %#lx\n",
		       current_task()->comm, current_task()->tid,
		       uaddr_untag(addr));
		process_exit(SIGKILL);
	}
	if (verdict == FAULT_BUS) {
		signo = SIGBUS;
		code = BUS_ADRERR;
		what = "bus error";
	} else if (why == FAULT_WHY_RIGHTS) {
		code = SEGV_ACCERR;
	}
	if (signal_is_deadly(signo))
		fault_report(tf, what, uaddr_untag(addr), access, why);
	signal_force(signo, code, addr);
}

/* Nothing could be done: who is to blame? */
static void __noinline fault_unresolved(struct trap_frame *tf,
					enum fault_verdict verdict,
					vaddr_t addr, u32 access,
					enum fault_reason why)
{
	char text[96];

	if (access & FAULT_USER && current_thread()->task) {
		fault_signal(tf, verdict, addr, access, why);
		return;
	}
	if (access & FAULT_UACCESS && trap_fixup(tf))
		return;
	trap_describe_fault(text, sizeof(text), addr, access);
	panic_trap(tf, "kernel page fault: %s", text);
}

/* Upcall of arch/trap.h. addr may have a tag, which a handler may want to see;
 * memory management does not know of tags. */
void trap_page_fault(struct trap_frame *tf, vaddr_t addr, u32 access)
{
	enum fault_verdict verdict = FAULT_SEGV;
	enum fault_reason why = FAULT_WHY_NO_VMA;
	struct mm *mm = current_thread()->mm;

	if (likely(mm && va_is_user(uaddr_untag(addr)) &&
		   access & (FAULT_USER | FAULT_UACCESS))) {
		verdict = mm_fault(mm, uaddr_untag(addr), access, &why);
		if (likely(verdict <= FAULT_RETRY))
			return;
	}
	fault_unresolved(tf, verdict, addr, access, why);
}
static_assert(FAULT_OK == 0 && FAULT_RETRY == 1, "trap_page_fault compares");

/* ---- other exceptions of user mode --------------------------------------- */

/* Upcall of arch/trap.h. */
void trap_user_exception(struct trap_frame *tf, enum trap_kind kind,
			 vaddr_t addr, const char *name)
{
	static const struct {
		u8 signo;
		u8 code;
		bool has_addr;          /* si_addr is the instruction */
	} table[TRAP_NR] = {
		[TRAP_DIVIDE] = { SIGFPE, FPE_INTDIV, true },
		[TRAP_FLOAT] = { SIGFPE, FPE_FLTINV, true },
		[TRAP_ILLEGAL] = { SIGILL, ABI_ILLEGAL_CODE, true },
		[TRAP_BREAKPOINT] = { SIGTRAP, ABI_BREAKPOINT_CODE,
				      ABI_BREAKPOINT_ADDR },
		[TRAP_STEP] = { SIGTRAP, TRAP_TRACE, true },
		[TRAP_OVERFLOW] = { SIGSEGV, SI_KERNEL, false },
		[TRAP_ALIGNMENT] = { SIGBUS, BUS_ADRALN, false },
		[TRAP_PROTECTION] = { SIGSEGV, SI_KERNEL, false },
		[TRAP_STACK] = { SIGBUS, SI_KERNEL, false },
	};
	int signo = table[kind].signo;
	struct task *t = current_task();

	if (table[kind].has_addr)
		addr = tf_pc(tf);
	else if (kind != TRAP_ALIGNMENT)
		addr = 0;
	if (signal_is_deadly(signo))
		pr_info("%s[%d]: %s: %s, pc %#lx sp %#lx\n", t->comm, t->tid,
			signal_name(signo), name, tf_pc(tf), tf_sp(tf));
	signal_force(signo, table[kind].code, addr);
}

/* ---- the way back to user mode ------------------------------------------- */

/* Upcall of arch/trap.h: interrupts off on both sides. */
void trap_user_work(struct trap_frame *tf)
{
	struct thread *t = current_thread();

	do {
		irq_enable();
		if (this_cpu_read(need_resched))
			sched_yield();
		if (READ_ONCE(t->user_work))
			signal_deliver(tf);
		irq_disable();
	} while (this_cpu_read(need_resched) || READ_ONCE(t->user_work));
}
