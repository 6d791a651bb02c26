/* SPDX-License-Identifier: MIT */
/*
 * Vector registers: the kernel never touches them (-mgeneral-regs-only), so
 * they hold the running user thread's values from one switch to the next.
 *
 *	image ├ head: magic, size ├ FPSR ├ FPCR ├ V0 … V31, 16 bytes each ┤
 *
 * That is the record that Linux puts into signal frames, kept in this form all
 * the time. A thread has an image from its first exec on; kernel threads have
 * none and cost nothing here. Saving and loading happen at the switch, at once
 * and always: lazy schemes save little on CPUs of this century and have leaked
 * registers between processes.
 *
 * SVE and SME are not enabled: their instructions are undefined for programs,
 * and AT_HWCAP does not offer them.
 *
 * [ARM] A1.5 "Advanced SIMD and floating-point support", D17.2.30 "CPACR_EL1"
 */
#include "arch/thread.h"

#include "arch/aarch64/regs.h"
#include "arch/aarch64/state.h"
#include "arch/cpu.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"

static void fpu_save(struct fpu_image *image)
{
	image->fpsr = (u32)read_sysreg(fpsr);
	image->fpcr = (u32)read_sysreg(fpcr);
	__asm__ volatile("stp q0, q1, [%0, #0]\n\t"
			 "stp q2, q3, [%0, #32]\n\t"
			 "stp q4, q5, [%0, #64]\n\t"
			 "stp q6, q7, [%0, #96]\n\t"
			 "stp q8, q9, [%0, #128]\n\t"
			 "stp q10, q11, [%0, #160]\n\t"
			 "stp q12, q13, [%0, #192]\n\t"
			 "stp q14, q15, [%0, #224]\n\t"
			 "stp q16, q17, [%0, #256]\n\t"
			 "stp q18, q19, [%0, #288]\n\t"
			 "stp q20, q21, [%0, #320]\n\t"
			 "stp q22, q23, [%0, #352]\n\t"
			 "stp q24, q25, [%0, #384]\n\t"
			 "stp q26, q27, [%0, #416]\n\t"
			 "stp q28, q29, [%0, #448]\n\t"
			 "stp q30, q31, [%0, #480]"
			 :
			 : "r"(image->v)
			 : "memory");
}

static void fpu_load(const struct fpu_image *image)
{
	__asm__ volatile("ldp q0, q1, [%0, #0]\n\t"
			 "ldp q2, q3, [%0, #32]\n\t"
			 "ldp q4, q5, [%0, #64]\n\t"
			 "ldp q6, q7, [%0, #96]\n\t"
			 "ldp q8, q9, [%0, #128]\n\t"
			 "ldp q10, q11, [%0, #160]\n\t"
			 "ldp q12, q13, [%0, #192]\n\t"
			 "ldp q14, q15, [%0, #224]\n\t"
			 "ldp q16, q17, [%0, #256]\n\t"
			 "ldp q18, q19, [%0, #288]\n\t"
			 "ldp q20, q21, [%0, #320]\n\t"
			 "ldp q22, q23, [%0, #352]\n\t"
			 "ldp q24, q25, [%0, #384]\n\t"
			 "ldp q26, q27, [%0, #416]\n\t"
			 "ldp q28, q29, [%0, #448]\n\t"
			 "ldp q30, q31, [%0, #480]"
			 :
			 : "r"(image->v)
			 : "memory");
	write_sysreg(fpsr, image->fpsr);
	write_sysreg(fpcr, image->fpcr);
}

/* What a program finds at its start: all zero, rounding to nearest. */
static void fpu_image_reset(struct fpu_image *image)
{
	memset(image, 0, sizeof(*image));
	image->head = (struct context_part){ FPSIMD_MAGIC, sizeof(*image) };
}

static struct fpu_image *fpu_image_alloc(void)
{
	return kmalloc(sizeof(struct fpu_image), GFP_KERNEL);
}

/**
 * fpu_init_cpu() - let user code use this CPU's vector registers
 *
 * TPIDRRO_EL0, which user code can only read, becomes zero for good: what
 * it holds at reset is anybody's guess.
 * Context: boot of each CPU.
 */
void fpu_init_cpu(void)
{
	write_sysreg(cpacr_el1, CPACR_EL1_FPEN);
	write_sysreg(tpidrro_el0, 0);
	isb();
}

/** fpu_switch() - prev's registers to memory, next's from it; both may have none. */
void fpu_switch(struct thread_machine *prev, struct thread_machine *next)
{
	if (prev->fpu)
		fpu_save(prev->fpu);
	if (next->fpu)
		fpu_load(next->fpu);
}

/** fpu_fork() - child gets a copy of the calling thread's state. 0 or -ENOMEM. */
int fpu_fork(struct thread_machine *child, const struct thread_machine *parent)
{
	if (!parent->fpu)
		return 0;
	child->fpu = fpu_image_alloc();
	if (!child->fpu)
		return -ENOMEM;
	fpu_save(parent->fpu);
	*child->fpu = *parent->fpu;
	return 0;
}

/** fpu_exec() - the calling thread starts with fresh registers. 0 or -ENOMEM. */
int fpu_exec(struct thread_machine *tm)
{
	struct fpu_image *image = tm->fpu ? tm->fpu : fpu_image_alloc();
	u64 flags;

	if (!image)
		return -ENOMEM;
	flags = irq_save();             /* one step: see thread_machine_fpu_load() */
	fpu_image_reset(image);
	tm->fpu = image;
	fpu_load(image);
	irq_restore(flags);
	return 0;
}

/** fpu_fini() - the thread is gone, or never was. */
void fpu_fini(struct thread_machine *tm)
{
	kfree(tm->fpu);
	tm->fpu = NULL;
}

size_t thread_machine_fpu_size(void)
{
	return sizeof(struct fpu_image);
}

const void *thread_machine_fpu_save(struct thread_machine *tm)
{
	if (tm->fpu)
		fpu_save(tm->fpu);
	return tm->fpu;
}

/*
 * No value of these registers can fault; bits that the CPU does not have are
 * ignored. The copy and the load are one step for the scheduler: a switch in
 * between would save the old registers over the new image.
 */
int thread_machine_fpu_load(struct thread_machine *tm, const void *image)
{
	const struct fpu_image *from = image;
	u64 flags;

	if (!tm->fpu || from->head.magic != FPSIMD_MAGIC ||
	    from->head.size != sizeof(*from))
		return -EINVAL;
	flags = irq_save();
	*tm->fpu = *from;
	fpu_load(tm->fpu);
	irq_restore(flags);
	return 0;
}
