/* SPDX-License-Identifier: MIT */
/*
 * Signal frames of AArch64 Linux.
 *
 *   sp of then ─► ┌──────────────────────────┐
 *                 │ x30 of then              │  links the frame pointers: the
 *                 │ x29 of then              │ ◄ x29 of now
 *                 ├──────────────────────────┤
 *                 │ ⋮                        │  room for later parts
 *                 │ end: magic 0             │
 *                 │ syndrome                 │  of a fault only
 *                 │ vector state             │
 *                 │ registers                │
 *                 │ ucontext                 │ ◄ x2
 *   sp of now  ─► │ siginfo                  │ ◄ x1
 *                 └──────────────────────────┘
 *
 * The handler returns to x30: the restorer of the C library, or else the
 * kernel's own in the vDSO (vdso/restorer.S). Either calls rt_sigreturn with sp where
 * it was at the handler's start, so siginfo lies there.
 *
 * The parts behind the registers lie in 4 KiB of their own, each with a head
 * that names it. On the way back they may stand in any order.
 *
 * [AAPCS64] 6.2.3 "The frame pointer", 6.2.2 "The stack"
 */
#include "arch/signal.h"

#include "arch/aarch64/regs.h"
#include "arch/aarch64/state.h"
#include "arch/thread.h"
#include "arch/trap.h"
#include "kernel/base/sched.h"
#include "kernel/task/sigqueue.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

#define SVC_LEN   4                     /* bytes of every instruction */
#define PARTS_MAX 4096                  /* bytes for all parts */

/* What user code may have set itself; mode and masks stay ours. */
#define PSTATE_RESTORED \
	(PSTATE_NZCV | PSTATE_BTYPE | PSTATE_SSBS | PSTATE_DIT | PSTATE_TCO)

struct sigcontext {
	u64 fault_address;
	u64 x[31], sp, pc, pstate;
	u8 parts[] __aligned(16);       /* PARTS_MAX bytes */
};
static_assert(sizeof(struct sigcontext) == 288, "struct sigcontext");

struct ucontext {
	u64 flags;
	u64 link;
	struct sigaltstack_user stack;
	u64 sigmask;
	u8 unused[120];                 /* for more signals, one day */
	struct sigcontext mcontext __aligned(16);
};

struct rt_sigframe {
	struct siginfo info;
	struct ucontext uc;
};
static_assert(offsetof(struct rt_sigframe, uc.mcontext) == 128 + 176,
	      "struct ucontext");

#define PARTS_OFFSET offsetof(struct rt_sigframe, uc.mcontext.parts)
#define FRAME_SIZE   (PARTS_OFFSET + PARTS_MAX)

struct frame_link {                     /* [AAPCS64]: a frame record */
	u64 x29, x30;
};

struct esr_part {                       /* struct esr_context, and the end */
	struct context_part head;
	u64 esr;
	struct context_part end;
};

size_t signal_frame_size(void)
{
	return FRAME_SIZE + sizeof(struct frame_link) + 16;
}

/* Does the signal tell of what the interrupted instruction itself did? */
static bool signal_is_fault(const struct trap_frame *tf,
			    const struct signal_delivery *d)
{
	const u64 faults = signal_bit(SIGSEGV) | signal_bit(SIGBUS) |
			   signal_bit(SIGILL) | signal_bit(SIGFPE) |
			   signal_bit(SIGTRAP);

	return signal_bit(d->signo) & faults && d->info->code > 0 &&
	       !tf_is_syscall(tf);
}

/* ---- the way there ------------------------------------------------------- */

static void context_fill(struct sigcontext *c, const struct trap_frame *tf,
			 const struct signal_delivery *d)
{
	if (signal_is_fault(tf, d))
		c->fault_address = uaddr_untag(d->info->fault.addr);
	memcpy(c->x, tf->x, sizeof(c->x));
	c->sp = tf->sp;
	c->pc = tf->pc;
	c->pstate = tf->pstate;
}

/* The syndrome of a fault, as the program may know it: at an address of the
 * kernel's half it does not tell whether something is there. */
static u64 syndrome_shown(const struct trap_frame *tf,
			  const struct signal_delivery *d)
{
	u64 ec = ESR_EC(tf->esr), kept = ESR_EC_ALL | ESR_IL;

	if (va_is_user(uaddr_untag(d->info->fault.addr)) ||
	    (ec != ESR_EC_DABT_LOWER && ec != ESR_EC_IABT_LOWER))
		return tf->esr;
	if (ec == ESR_EC_DABT_LOWER)
		kept |= ESR_ISS_CM | ESR_ISS_WNR;
	return (tf->esr & kept) | ESR_ISS_FSC_TRANS;
}

/* Vector state, syndrome, end. */
static int parts_store(vaddr_t at, const struct trap_frame *tf,
		       const struct signal_delivery *d)
{
	struct thread_machine *tm = &current_thread()->machine;
	size_t fp_size = thread_machine_fpu_size();
	struct esr_part esr = {
		.head = { ESR_MAGIC, offsetof(struct esr_part, end) },
		.esr = syndrome_shown(tf, d),
	};

	if (copy_to_user((void __user *)at, thread_machine_fpu_save(tm),
			 fp_size))
		return -EFAULT;
	at += fp_size;
	if (signal_is_fault(tf, d))
		return copy_to_user((void __user *)at, &esr, sizeof(esr));
	return copy_to_user((void __user *)at, &esr.end, sizeof(esr.end));
}

/* Where the frame goes; the link stands right above it. */
static vaddr_t frame_place(const struct trap_frame *tf,
			   const struct signal_delivery *d)
{
	vaddr_t sp = d->switch_stack ? d->alt.sp + d->alt.size : tf->sp;

	return ALIGN_DOWN(sp - sizeof(struct frame_link), 16) - FRAME_SIZE;
}

static void handler_enter(struct trap_frame *tf, vaddr_t sp,
			  const struct signal_delivery *d)
{
	tf->x[0] = (u64)d->signo;
	tf->x[1] = sp + offsetof(struct rt_sigframe, info);
	tf->x[2] = sp + offsetof(struct rt_sigframe, uc);
	tf->x[29] = sp + FRAME_SIZE;
	tf->x[30] = d->action.flags & SA_RESTORER ? d->action.restorer
						  : d->vdso_restorer;
	tf->sp = sp;
	tf->pc = d->action.handler;
	tf->pstate &= ~(PSTATE_BTYPE | PSTATE_TCO);
	tf->syscall = -1;
}

int signal_frame_build(struct trap_frame *tf, const struct signal_delivery *d)
{
	struct frame_link link = { tf->x[29], tf->x[30] };
	struct rt_sigframe frame = { .info = *d->info };
	vaddr_t sp = frame_place(tf, d);

	frame.uc.stack = d->alt;
	frame.uc.sigmask = d->mask;
	context_fill(&frame.uc.mcontext, tf, d);
	if (copy_to_user((void __user *)(sp + FRAME_SIZE), &link,
			 sizeof(link)) ||
	    parts_store(sp + PARTS_OFFSET, tf, d) ||
	    copy_to_user((void __user *)sp, &frame, sizeof(frame)))
		return -EFAULT;
	handler_enter(tf, sp, d);
	return 0;
}

/* ---- the way back -------------------------------------------------------- */

static int fp_restore(vaddr_t at)
{
	struct thread_machine *tm = &current_thread()->machine;
	struct fpu_image image;

	if (copy_from_user(&image, (const void __user *)at, sizeof(image)))
		return -EFAULT;
	return thread_machine_fpu_load(tm, &image);
}

/* All parts up to the end; the vector state must be among them. */
static int parts_restore(vaddr_t at)
{
	vaddr_t end = at + PARTS_MAX;
	bool restored = false;
	struct context_part head;
	int err = 0;

	while (!err) {
		if (end - at < sizeof(head))
			return -EINVAL;
		if (copy_from_user(&head, (const void __user *)at,
				   sizeof(head)))
			return -EFAULT;
		if (!head.magic)
			return !head.size && restored ? 0 : -EINVAL;
		if (head.size < sizeof(head) || head.size % 16 ||
		    head.size > end - at)
			return -EINVAL;
		if (head.magic == FPSIMD_MAGIC) {
			err = fp_restore(at);
			restored = true;
		} else if (head.magic != ESR_MAGIC) {
			return -EINVAL;
		}
		at += head.size;
	}
	return err;
}

/* No system call any more: its result is not to be looked at. */
static void context_load(const struct sigcontext *c, struct trap_frame *tf)
{
	memcpy(tf->x, c->x, sizeof(tf->x));
	tf->sp = c->sp;
	tf->pc = c->pc;
	tf->pstate = PSTATE_EL0 | (c->pstate & PSTATE_RESTORED);
	tf->syscall = -1;
}

int signal_frame_restore(struct trap_frame *tf, u64 *mask,
			 struct sigaltstack_user *alt)
{
	vaddr_t sp = tf->sp;
	struct rt_sigframe frame;
	int err;

	if (!IS_ALIGNED(sp, 16) ||
	    copy_from_user(&frame, (const void __user *)sp, sizeof(frame)))
		return -EFAULT;
	err = parts_restore(sp + PARTS_OFFSET);
	if (err)
		return err;
	context_load(&frame.uc.mcontext, tf);
	*mask = frame.uc.sigmask;
	*alt = frame.uc.stack;
	return 0;
}

void signal_restart_syscall(struct trap_frame *tf)
{
	tf->x[0] = tf->orig_x0;
	tf->pc -= SVC_LEN;
}
