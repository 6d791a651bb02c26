/* SPDX-License-Identifier: MIT */
/*
 * Signal frames of x86_64 Linux.
 *
 *   sp of then ─► ┌──────────────────────────┐
 *                 │ 128 bytes of red zone    │  not on a fresh alternate stack
 *                 ├──────────────────────────┤
 *                 │ vector state as XSAVE    │  with Linux's words in its
 *                 │ leaves it, end marker    │  software bytes (464 … 511)
 *                 ├──────────────────────────┤
 *                 │ siginfo                  │ ◄ rsi
 *                 │ ucontext                 │ ◄ rdx
 *   sp of now  ─► │ restorer                 │  the handler's return address
 *                 └──────────────────────────┘
 *
 * The handler starts with sp as after a call: 8 modulo 16. rt_sigreturn is
 * called by the restorer when the handler has popped its return address, so
 * the ucontext lies at its sp.
 *
 * [SysV-x86_64] 3.2.2 "The Stack Frame"; [SDM1] 13.4 "XSAVE Area"
 */
#include "arch/signal.h"

#include "arch/thread.h"
#include "arch/trap.h"
#include "arch/x86_64/regs.h"
#include "kernel/base/sched.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/spaces/uaccess.h"

#define RED_ZONE    128
#define SYSCALL_LEN 2               /* bytes of the SYSCALL instruction */

/* uc_flags: vector state by XSAVE; ss is saved and honoured. */
enum { UC_FP_XSTATE = 1, UC_SIGCONTEXT_SS = 2, UC_STRICT_RESTORE_SS = 4 };

/* Flags that user code may have changed itself: CF PF AF ZF SF TF DF OF AC
 * RF. */
#define FLAGS_RESTORED 0x50dd5ul

#define FP_MAGIC1     0x46505853u       /* "FPXS" */
#define FP_MAGIC2     0x46505845u       /* "FPXE", behind the state */
#define FP_SOFTWARE   464               /* offset of the software bytes */
#define FP_LEGACY     512               /* bytes of FXSAVE */

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 di, si, bp, bx, dx, ax, cx, sp, ip, flags;
	u16 cs, gs, fs, ss;
	u64 err, trapno, oldmask, cr2;
	u64 fpstate;                    /* user address; 0: none */
	u64 reserved[8];
};
static_assert(sizeof(struct sigcontext) == 256, "struct sigcontext");

struct ucontext {
	u64 flags;
	u64 link;
	struct sigaltstack_user stack;
	struct sigcontext mcontext;
	u64 sigmask;
};

struct rt_sigframe {
	u64 restorer;
	struct ucontext uc;
	struct siginfo info;
};

struct fp_software {                    /* struct _fpx_sw_bytes */
	u32 magic1;
	u32 extended_size;              /* state and end marker */
	u64 features;
	u32 state_size;
	u32 padding[7];
};
static_assert(sizeof(struct fp_software) == FP_LEGACY - FP_SOFTWARE,
	      "software");

/* ---- vector state -------------------------------------------------------- */

/* Its parts as XCR0 has them: what "features" of the software bytes lists. */
static u64 fp_features(void)
{
	u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (u64)high << 32 | low;
}

static size_t fp_frame_size(void)
{
	return thread_machine_fpu_size() + sizeof(u32);
}

size_t signal_frame_size(void)
{
	return ALIGN_UP(sizeof(struct rt_sigframe) + fp_frame_size() + 64, 16);
}

/* Writes the calling thread's vector registers to the 64-byte aligned place. */
static int fp_store(vaddr_t at)
{
	struct thread_machine *tm = &current_thread()->machine;
	size_t size = thread_machine_fpu_size();
	struct fp_software sw = { .state_size = (u32)size };
	const void *image = thread_machine_fpu_save(tm);
	u32 magic2 = FP_MAGIC2;

	if (size > FP_LEGACY) {
		sw.magic1 = FP_MAGIC1;
		sw.extended_size = (u32)fp_frame_size();
		sw.features = fp_features();
	}
	if (copy_to_user((void __user *)at, image, size) ||
	    copy_to_user((void __user *)(at + FP_SOFTWARE), &sw, sizeof(sw)) ||
	    copy_to_user((void __user *)(at + size), &magic2, sizeof(magic2)))
		return -EFAULT;
	return 0;
}

/* Takes them back from a frame; whatever is there, XRSTOR must not fault. On
 * the stack: a handler's return shall not fail for lack of memory. */
static int fp_restore(vaddr_t at)
{
	struct thread_machine *tm = &current_thread()->machine;
	u8 image[THREAD_FPU_MAX] __aligned(64);

	if (!IS_ALIGNED(at, 64))
		return -EINVAL;
	if (copy_from_user(image, (const void __user *)at,
			   thread_machine_fpu_size()))
		return -EFAULT;
	return thread_machine_fpu_load(tm, image);
}

/* ---- registers ----------------------------------------------------------- */

static void context_fill(struct sigcontext *c, const struct trap_frame *tf,
			 const struct signal_delivery *d)
{
	*c = (struct sigcontext){
		.r8 = tf->r8,
		.r9 = tf->r9,
		.r10 = tf->r10,
		.r11 = tf->r11,
		.r12 = tf->r12,
		.r13 = tf->r13,
		.r14 = tf->r14,
		.r15 = tf->r15,
		.di = tf->rdi,
		.si = tf->rsi,
		.bp = tf->rbp,
		.bx = tf->rbx,
		.dx = tf->rdx,
		.ax = tf->rax,
		.cx = tf->rcx,
		.sp = tf->sp,
		.ip = tf->pc,
		.flags = tf->flags,
		.cs = (u16)tf->cs,
		.ss = (u16)tf->ss,
		.oldmask = d->mask,
	};
	if (tf_is_syscall(tf))
		return;
	c->trapno = (u16)tf->vector;
	c->err = tf->error;
	if (c->trapno == VECTOR_PAGE_FAULT)
		c->cr2 = d->info->fault.addr;
}

/* Only what the program could have loaded itself: selectors stay ours. */
static void context_load(const struct sigcontext *c, struct trap_frame *tf)
{
	u64 flags = (tf->flags & ~FLAGS_RESTORED) | (c->flags & FLAGS_RESTORED);

	*tf = (struct trap_frame){
		.r8 = c->r8,
		.r9 = c->r9,
		.r10 = c->r10,
		.r11 = c->r11,
		.r12 = c->r12,
		.r13 = c->r13,
		.r14 = c->r14,
		.r15 = c->r15,
		.rdi = c->di,
		.rsi = c->si,
		.rbp = c->bp,
		.rbx = c->bx,
		.rdx = c->dx,
		.rax = c->ax,
		.rcx = c->cx,
		.sp = c->sp,
		.pc = c->ip,
		.flags = flags,
		.cs = USER_CS,
		.ss = USER_SS,
	};
	/* No system call any more: its result is not to be looked at. */
	tf_set_changed(tf);
}

/* ---- the contract -------------------------------------------------------- */

/* Where the two parts go. */
static vaddr_t frame_place(const struct trap_frame *tf,
			   const struct signal_delivery *d, vaddr_t *fp)
{
	vaddr_t sp = d->switch_stack ? d->alt.sp + d->alt.size
				     : tf->sp - RED_ZONE;

	*fp = ALIGN_DOWN(sp - fp_frame_size(), 64);
	return ALIGN_DOWN(*fp - sizeof(struct rt_sigframe), 16) - 8;
}

static void handler_enter(struct trap_frame *tf, vaddr_t sp,
			  const struct signal_delivery *d)
{
	tf->rdi = (u64)d->signo;
	tf->rsi = sp + offsetof(struct rt_sigframe, info);
	tf->rdx = sp + offsetof(struct rt_sigframe, uc);
	tf->rax = 0;
	tf->sp = sp;
	tf->pc = d->action.handler;
	tf->flags &= ~(u64)(FLAGS_DF | FLAGS_TF);
	tf_set_changed(tf);
}

int signal_frame_build(struct trap_frame *tf, const struct signal_delivery *d)
{
	struct rt_sigframe frame = { .restorer = d->action.restorer };
	vaddr_t fp, sp = frame_place(tf, d, &fp);

	if (!(d->action.flags & SA_RESTORER))
		return -EFAULT;
	frame.uc.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	if (thread_machine_fpu_size() > FP_LEGACY)
		frame.uc.flags |= UC_FP_XSTATE;
	frame.uc.stack = d->alt;
	frame.uc.sigmask = d->mask;
	context_fill(&frame.uc.mcontext, tf, d);
	frame.uc.mcontext.fpstate = fp;
	frame.info = *d->info;
	if (fp_store(fp) ||
	    copy_to_user((void __user *)sp, &frame, sizeof(frame)))
		return -EFAULT;
	handler_enter(tf, sp, d);
	return 0;
}

int signal_frame_restore(struct trap_frame *tf, u64 *mask,
			 struct sigaltstack_user *alt)
{
	struct ucontext uc;
	int err;

	if (copy_from_user(&uc, (const void __user *)tf->sp, sizeof(uc)))
		return -EFAULT;
	if (uc.mcontext.fpstate) {
		err = fp_restore(uc.mcontext.fpstate);
		if (err)
			return err;
	}
	context_load(&uc.mcontext, tf);
	*mask = uc.sigmask;
	*alt = uc.stack;
	return 0;
}

void signal_restart_syscall(struct trap_frame *tf)
{
	tf->rax = (u64)tf_syscall_nr(tf);
	tf_set_pc(tf, tf->pc - SYSCALL_LEN);
}
