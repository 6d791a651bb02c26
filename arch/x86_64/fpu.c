/* SPDX-License-Identifier: MIT */
/*
 * Vector registers: the kernel never touches them (-mgeneral-regs-only), so
 * they hold the running user thread's values from one switch to the next.
 *
 *	image = what XSAVE writes (standard form), or FXSAVE on older CPUs:
 *	        x87 and SSE (512 bytes), header (64), AVX and later parts
 *
 * A thread has an image from its first exec on; kernel threads have none and
 * cost nothing here. Saving and loading happen at the switch, at once and
 * always: lazy schemes save little on CPUs of this century and have leaked
 * registers between processes.
 *
 * Enabled parts: x87, SSE, AVX, AVX-512. An image that came from user memory
 * (signal return) is checked so that XRSTOR cannot fault.
 *
 * [SDM1] 13 "Managing State Using the XSAVE Feature Set", 10.5 "FXSAVE"
 */
#include "arch/thread.h"

#include "arch/x86_64/regs.h"
#include "arch/x86_64/state.h"
#include "arch/x86_64/tables.h"
#include "kernel/base/panic.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frames/kmalloc.h"

#define FXSAVE_SIZE   512
#define XSAVE_HEADER  512               /* offset; 64 bytes */
#define FPU_CONTROL   0x37f             /* all x87 errors masked, 64 bits */
#define MXCSR_DEFAULT 0x1f80            /* all SSE errors masked */

#define XCR0_X87    (1 << 0)
#define XCR0_SSE    (1 << 1)
#define XCR0_AVX    (1 << 2)
#define XCR0_AVX512 (7 << 5)

struct fpu_image {
	u16 control, status;
	u8 tag, reserved;
	u16 opcode;
	u64 ip, dp;
	u32 mxcsr, mxcsr_mask;
	u8 registers[FXSAVE_SIZE - 32];
	u64 parts;                      /* XSTATE_BV: parts not in initial state */
	u64 compacted;                  /* XCOMP_BV: 0, standard form */
	u64 zero[6];
	u8 more[];
} __aligned(64);
static_assert(__builtin_offsetof(struct fpu_image, parts) == XSAVE_HEADER,
	      "[SDM1] 13.4.2 \"XSAVE Header\"");

static u64 fpu_parts;                   /* XCR0; 0: FXSAVE only */
static size_t fpu_size = FXSAVE_SIZE;
static u32 fpu_mxcsr_mask = 0xffbf;     /* bits that may be set */

static void fpu_save(struct fpu_image *image)
{
	if (fpu_parts)
		__asm__ volatile("xsave64 %0"
				 : "+m"(*image)
				 : "a"((u32)fpu_parts), "d"(0)
				 : "memory");
	else
		__asm__ volatile("fxsave64 %0" : "+m"(*image) : : "memory");
}

static void fpu_load(const struct fpu_image *image)
{
	if (fpu_parts)
		__asm__ volatile("xrstor64 %0"
				 :
				 : "m"(*image), "a"((u32)fpu_parts), "d"(0)
				 : "memory");
	else
		__asm__ volatile("fxrstor64 %0" : : "m"(*image) : "memory");
}

/* What a program finds at its start. [SysV-x86_64] 3.4.1 "Initial Stack and
 * Register State" */
static void fpu_image_reset(struct fpu_image *image)
{
	memset(image, 0, fpu_size);
	image->control = FPU_CONTROL;
	image->mxcsr = MXCSR_DEFAULT;
}

/* Classes of kmalloc are aligned to their size: 64 bytes are sure. */
static struct fpu_image *fpu_image_alloc(void)
{
	size_t size = (size_t)1 << (ilog2(MAX(fpu_size, (size_t)1024) - 1) + 1);
	struct fpu_image *image = kmalloc(size, GFP_KERNEL);

	assert(IS_ALIGNED((uintptr_t)image, 64));
	return image;
}

static void fpu_enable_xsave(void)
{
	u64 offered = cpuid(0xd, 0).a;
	u64 wanted = XCR0_X87 | XCR0_SSE | XCR0_AVX;

	if ((offered & XCR0_AVX512) == XCR0_AVX512)
		wanted |= XCR0_AVX512;
	fpu_parts = offered & wanted;
	write_cr4(read_cr4() | CR4_OSXSAVE);
	__asm__ volatile("xsetbv"
			 :
			 : "c"(0), "a"((u32)fpu_parts), "d"(0));
	fpu_size = cpuid(0xd, 0).b;     /* for the parts in XCR0 */
	assert(fpu_size <= THREAD_FPU_MAX);
}

/**
 * fpu_init_cpu() - let user code use this CPU's vector registers
 *
 * Context: boot of each CPU. Ref: [SDM3] 14.1 "Providing Operating System
 * Support for SSE", [SDM1] 13.3 "Enabling the XSAVE Feature Set"
 */
void fpu_init_cpu(void)
{
	static struct fpu_image probe;  /* CPUs come up one at a time */

	write_cr0((read_cr0() & ~(u64)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	__asm__ volatile("fninit; fxsave64 %0" : "+m"(probe) : : "memory");
	if (probe.mxcsr_mask)
		fpu_mxcsr_mask = probe.mxcsr_mask;
	if (cpuid(1, 0).c & 1 << 26)
		fpu_enable_xsave();
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
	memcpy(child->fpu, parent->fpu, fpu_size);
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
	return fpu_size;
}

const void *thread_machine_fpu_save(struct thread_machine *tm)
{
	if (tm->fpu)
		fpu_save(tm->fpu);
	return tm->fpu;
}

/* [SDM1] 13.8.1 "Standard Form of XRSTOR": what would make it fault. */
static bool fpu_image_valid(const struct fpu_image *image)
{
	u32 i;

	if (image->mxcsr & ~fpu_mxcsr_mask)
		return false;
	if (!fpu_parts)
		return true;
	if (image->parts & ~fpu_parts || image->compacted)
		return false;
	for (i = 0; i < array_size(image->zero); i++)
		if (image->zero[i])
			return false;
	return true;
}

/*
 * The copy and the load are one step for the scheduler: a switch in between
 * would save the old registers over the new image.
 */
int thread_machine_fpu_load(struct thread_machine *tm, const void *image)
{
	u64 flags;

	if (!tm->fpu || !fpu_image_valid(image))
		return -EINVAL;
	flags = irq_save();
	memcpy(tm->fpu, image, fpu_size);
	fpu_load(tm->fpu);
	irq_restore(flags);
	return 0;
}
